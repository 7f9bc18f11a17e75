"""What every state of the counting process works with: camera, model, records, news."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from leukoscope_edge.arrays import U8
from leukoscope_edge.capture import Camera, open_source
from leukoscope_edge.inference import Bundle, Engine, ServingSegmenter
from leukoscope_edge.live.commands import Mode, News
from leukoscope_edge.live.outbox import Draft, NewsBox
from leukoscope_edge.live.timing import FrameTimer
from leukoscope_edge.messages import Message
from leukoscope_edge.profile import Profile
from leukoscope_edge.quality import camera_scale, of_this_size
from leukoscope_edge.records import Store
from leukoscope_edge.records.slides import objective_of
from leukoscope_edge.screening import require_domain
from leukoscope_edge.screening_result import found_by_note
from leukoscope_edge.types import Fault, Frame

N_SEARCHES = 2
"""At once: more would let more than one frame wait, and the page show an older one."""
NOBODY_COUNTS = {"by": "", "scale_um_per_px": None}


@dataclass(slots=True)
class LastRead:
    """What the camera gave last.

    Attributes:
        fault: What is wrong with it now, None where nothing is.
        frame_at_s: Monotonic time of its last frame, None before the first.
        at_unix_s: When the frame was read that is shown.
    """

    fault: Message | None = None
    frame_at_s: float | None = None
    at_unix_s: float = 0.0

    def note(self, item: Frame | Fault | None) -> None:
        """Note what was read now; None: the source has ended."""
        self.fault = item.reason if isinstance(item, Fault) else None
        self.at_unix_s = time.time()
        if isinstance(item, Frame):
            self.frame_at_s = time.monotonic()


@dataclass(slots=True, kw_only=True)
class Equipment:
    """What every state of the counting process works with.

    Attributes:
        profile: The device.
        store: The records.
        bundle: The model.
        engine: What serves it.
        outbox: News goes there.
        test: Of the engine, where one is due; raises where it answers wrongly.
        segmenter: Finds the cells; a new one with each count.
        timer: Times the stages.
        last_read: What the camera gave last.
        pool: Searches for cells run there.
        n_searches: At once, on this machine.
        turn_ends_s: Monotonic time until which this turn may wait for a search.
    """

    profile: Profile
    store: Store
    bundle: Bundle
    engine: Engine
    outbox: NewsBox
    test: Callable[[], None] = lambda: None
    segmenter: ServingSegmenter = field(init=False)
    timer: FrameTimer = field(default_factory=FrameTimer)
    last_read: LastRead = field(default_factory=LastRead)
    pool: ThreadPoolExecutor = field(init=False)
    n_searches: int = field(init=False)
    turn_ends_s: float = 0.0
    _n_told: int = 0

    def __post_init__(self) -> None:
        self.segmenter = segmenter_of(self.profile)
        self.pool = ThreadPoolExecutor(N_SEARCHES, thread_name_prefix="search")
        n_cores = self.profile.n_threads or len(os.sched_getaffinity(0))
        self.n_searches = min(N_SEARCHES, n_cores)

    def open_camera(self, slide: str) -> Camera:
        """Return the camera for a slide; without one, whatever was calibrated.

        It opens as a context manager.

        Raises:
            LeukoscopeError: There is none, or the model was not made for it.
        """
        entry = self.profile.camera
        objective = (
            objective_of(self.store.reader.slide(slide)) if slide else entry.objective
        )
        scale = camera_scale(self.store, entry, objective)
        camera = open_source(
            entry.source,
            scale_um_per_px=scale.um_per_px if scale else None,
            settings=entry.hardware,
        )
        require_domain(camera.domain, self.bundle)
        return of_this_size(camera, scale) if scale and slide else camera

    def read(self, camera: Camera) -> Frame | Fault | None:
        """Return what the camera shows next, None after the last."""
        with self.timer.stage("read"):
            item = camera.read()
        self.last_read.note(item)
        return item

    def open_segmenter(self) -> ServingSegmenter:
        """Return a segmenter anew: what failed before may be whole again."""
        self.segmenter = segmenter_of(self.profile)
        return self.segmenter

    def found_by(self) -> str:
        """Say that thresholds serve in the place of a network, "" where they do not."""
        return " ".join(found_by_note(self.segmenter.name, self.segmenter.fallback))

    def tell(
        self,
        mode: Mode,
        slide: str,
        facts: dict[str, Any],
        pixels: U8 | None = None,
        frame: str = "",
    ) -> None:
        """Tell the page what the process is at, and the picture that it saw.

        Args:
            mode: What it is at.
            slide: Under the lens, "" where there is none.
            facts: Of the state.
            pixels: (H, W, 3) uint8 RGB, None where there is no picture.
            frame: The picture's name.
        """
        self._n_told += 1
        known = {
            "seq": self._n_told,
            "frame": frame,
            "at_unix_s": self.last_read.at_unix_s,
            "engine": self.engine.name,
            "found_by": self.found_by(),
        }
        news = News(mode=mode, slide=slide, facts=NOBODY_COUNTS | facts | known)
        self.outbox.put(Draft(news=news, pixels=pixels))


def segmenter_of(profile: Profile) -> ServingSegmenter:
    """Return what finds the cells, as the profile asks."""
    return ServingSegmenter(profile.segmenter, n_threads=profile.n_threads)
