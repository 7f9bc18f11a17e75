"""The counting process: the camera and the count, apart from the page.

It obeys orders, walks `SlideRun` frame by frame, keeps what it counts in the records
and tells its news. Where a frame's search for cells does not end in its turn, the next
frame's begins beside it, and only that one waits. It never waits for the page: news
goes through a box that holds only the newest, and a thread of lower priority encodes
and sends it. Each turn of its loop is a beat, and a chip that is too hot is given time
to cool.
"""

import math
import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2

from leukoscope_edge.capture.camera import Camera, items_of
from leukoscope_edge.capture.source import is_sequence, open_source
from leukoscope_edge.errors import LeukoscopeError, RecordError
from leukoscope_edge.inference.backend import open_engine
from leukoscope_edge.inference.bundle import Bundle, open_bundle
from leukoscope_edge.inference.engine import Engine
from leukoscope_edge.inference.segmenter_fallback import ServingSegmenter
from leukoscope_edge.inference.selftest import StandingTest
from leukoscope_edge.live.channel import Channel
from leukoscope_edge.live.commands import ASKS, Do, Mode, News, Order
from leukoscope_edge.live.outbox import Draft, Outbox
from leukoscope_edge.live.recorder import Keeper
from leukoscope_edge.live.snapshot import (
    boxes_of,
    count_facts,
    light_facts,
    place_facts,
)
from leukoscope_edge.live.timing import Meter
from leukoscope_edge.log import passing_over
from leukoscope_edge.messages import message
from leukoscope_edge.profile import Profile, ThermalEntry
from leukoscope_edge.quality.camera_scale import camera_scale, of_this_size
from leukoscope_edge.quality.control import device_quality
from leukoscope_edge.quality.illumination import LightLog
from leukoscope_edge.quality.levey_jennings import note_light
from leukoscope_edge.records.maintenance import DAMAGED, LOOKING
from leukoscope_edge.records.slides.conclusion import context_of
from leukoscope_edge.records.slides.correction import objective_of
from leukoscope_edge.records.store import Store, open_store
from leukoscope_edge.screening import Looked, SlideRun, n_ahead, require_domain
from leukoscope_edge.screening_result import found_by_note
from leukoscope_edge.service import heat
from leukoscope_edge.service.heartbeat import ALLOW_S, NoPulse, Pulse
from leukoscope_edge.service.heat import Heat
from leukoscope_edge.service.processes import give_memory_back
from leukoscope_edge.types import U8, Cell, Fault, Frame
from leukoscope_edge.vision.quality import assess

MOVED_ON_FRAMES = 20
"""Frames in which the simulated hand moves on by the width of a frame, about."""
IDLE_TURN_S = 1.0
ORDER_S, AFTER_FAULT_S = 30.0, 20.0
"""Opening or ending a slide, and a camera that is being opened anew, may take so long
on a slow board; another turn less (`service.beats.ALLOW_S`)."""
BUILD_S = 1000.0
"""TensorRT builds its engine once, in at most 900 s, and says when it begins."""
TEMPERATURE_EVERY_S = 1.0
WARM_SLOWER = 2.0
"""A warm chip looks at half as many frames."""
N_SEARCHES = 2
"""At once: more would let more than one frame wait, and the page show an older one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """A frame that was read, and whose cells are being sought."""

    item: Frame | Fault
    found: Future[Looked]
    began_s: float
    read_at_unix_s: float


def work(
    profile: Profile,
    data_dir: Path,
    bundle_folder: Path,
    line: Channel,
    pulse: Pulse | NoPulse,
    *,
    is_cpu_only: bool = False,
) -> None:
    """Run the counting process until it is told to leave.

    Args:
        profile: The device.
        data_dir: Where the records lie.
        bundle_folder: The model.
        line: To the page.
        pulse: To the supervisor.
        is_cpu_only: Leave the accelerator alone, whatever the profile says.

    Raises:
        LeukoscopeError: The model or the records cannot be opened, or the engine that
            would serve does not give the stored answers: nothing is counted then.
    """
    cv2.setNumThreads(max(profile.n_threads, 1))
    bundle = open_bundle(bundle_folder)
    wants_gpu = profile.inference.backends[0] != "cpu" and not is_cpu_only
    with (
        open_store(data_dir, waits=False, on_long_work=_leave_it_to_the_page) as store,
        open_engine(
            bundle,
            backend="auto" if wants_gpu else "cpu",
            n_threads=profile.n_threads,
            on_progress=lambda text: pulse.beat(allow_s=BUILD_S, doing=text),
        ) as engine,
    ):
        count_with(profile, store, bundle, engine, line, pulse)


def count_with(
    profile: Profile,
    store: Store,
    bundle: Bundle,
    engine: Engine,
    line: Channel,
    pulse: Pulse | NoPulse,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Obey the page with an engine that gives the bundle's stored answers.

    Args:
        profile: The device.
        store: The records.
        bundle: The model.
        engine: What serves it.
        line: To the page.
        pulse: To the supervisor.
        clock: Monotonic seconds, of the engine's daily test.

    Raises:
        BundleError: The engine does not give them, now or any more.
        RecordError: The records were found damaged: let go of them.
    """
    test = StandingTest(engine, bundle, clock)
    test.run_when_due()
    worker = _Worker(profile, store, bundle, engine, Outbox(line), pulse)
    worker.obey_all(line, test.run_when_due)


def _leave_it_to_the_page() -> None:
    """Leave damaged or old records to the page, which says what became of them.

    Raises:
        RecordError: Always.
    """
    raise RecordError(LOOKING)


def refuse_all(
    why: str, line: Channel, pulse: Pulse | NoPulse, *, for_s: float = math.inf
) -> None:
    """In the place of a count: say why there is none, until told to leave.

    Args:
        why: One sentence.
        line: To the page.
        pulse: To the supervisor.
        for_s: Leave after so long, to be started again and to look again.
    """
    until_s, seq = time.monotonic() + for_s, 0
    while time.monotonic() < until_s:
        seq += 1
        facts = {"seq": seq, "instruction": why}
        line.send(News(mode=Mode.FAILED, slide="", facts=facts))
        pulse.beat(mode=Mode.FAILED.value, why=why)
        order = line.take(IDLE_TURN_S)
        if order is not None and order.do is Do.LEAVE:
            return


class _Worker:
    """The state of the counting process."""

    def __init__(
        self,
        profile: Profile,
        store: Store,
        bundle: Bundle,
        engine: Engine,
        outbox: Outbox,
        pulse: Pulse | NoPulse,
    ) -> None:
        self._profile, self._store = profile, store
        self._bundle, self._engine, self._outbox = bundle, engine, outbox
        self._segmenter = _segmenter_of(profile)
        self._pulse, self._meter = pulse, Meter()
        self._heat, self._look_at_heat_s = Heat.GOOD, 0.0
        self._temp_c: float | None = None
        self._by, self._fault = "", ""
        self._interval_s = 1 / profile.camera.frames_per_second
        self._mode, self._slide = Mode.IDLE, ""
        self._camera: Camera | None = None
        self._run: SlideRun | None = None
        self._keeper: Keeper | None = None
        self._pool = ThreadPoolExecutor(N_SEARCHES, thread_name_prefix="search")
        self._n_cores = profile.n_threads or len(os.sched_getaffinity(0))
        self._sought: Sought | None = None
        self._turn_ends_s = 0.0
        self._light = LightLog()
        self._facts: dict[str, Any] = {}
        self._last_pixels: U8 | None = None
        self._n_shown = 0
        self._read_at_unix_s = 0.0
        self._frame_at_s: float | None = None
        self._test: Callable[[], None] = lambda: None

    def obey_all(self, line: Channel, test: Callable[[], None] = lambda: None) -> None:
        """Obey and look by turns, until told to leave.

        Args:
            line: Where orders come from.
            test: Of the engine, where one is due: asked at rest, and by each slide
                before its first cell, as a device may never rest.

        Raises:
            RecordError: The records were found damaged: let go of them.
            BundleError: From `test` at rest; the engine answers wrongly.
        """
        self._test = test
        self._tell(None)
        while True:
            if self._store.is_damaged:
                raise RecordError(DAMAGED)
            turned_s = time.monotonic()
            self._feel_heat(turned_s)
            looks = self._mode in (Mode.PREVIEW, Mode.COUNTING)
            self._turn_ends_s = turned_s + (self._turn_s() if looks else IDLE_TURN_S)
            if looks and self._heat is not Heat.HOT:
                self._try(self._step)
            if self._mode is Mode.IDLE:
                self._test()
            self._beat()
            order = line.take(self._turn_ends_s - time.monotonic())
            while order is not None:
                if order.do is Do.LEAVE:
                    self._pause()
                    return
                self._pulse.beat(allow_s=ORDER_S, doing=order.do.value)
                self._obey(order)
                order = line.take(0)

    def _turn_s(self) -> float:
        match self._heat:
            case Heat.HOT:
                return IDLE_TURN_S
            case Heat.WARM:
                return WARM_SLOWER * self._interval_s
            case Heat.GOOD:
                return self._interval_s

    def _feel_heat(self, now_s: float) -> None:
        """Look at the temperature now and then, and say what comes of it."""
        if now_s < self._look_at_heat_s:
            return
        self._look_at_heat_s = now_s + TEMPERATURE_EVERY_S
        limits = self._profile.thermal
        self._temp_c = heat.temperature_c()
        self._heat = heat.judge(self._temp_c, limits, self._heat)
        if self._heat is Heat.HOT and self._mode in (Mode.PREVIEW, Mode.COUNTING):
            self._try(self._take_in_sought)
            self._facts |= {"instruction": _too_hot(self._temp_c, limits)}
            self._tell(self._last_pixels)

    def _beat(self) -> None:
        self._pulse.beat(
            allow_s=AFTER_FAULT_S if self._fault else ALLOW_S,
            mode=self._mode.value,
            heat=self._heat.value,
            engine=self._engine.name,
            fallback=self._engine.fallback,
            segmenter=self._segmenter.name,
            found_by=self._found_by(),
            bundle=self._bundle.card.id,
            **self._camera_facts(),
            **self._meter.facts(),
        )

    def _found_by(self) -> str:
        """Say that thresholds serve in the place of a network, "" where they do not."""
        return " ".join(found_by_note(self._segmenter.name, self._segmenter.fallback))

    def _camera_facts(self) -> dict[str, Any]:
        """Return which camera it is, how it is set, and when it last gave a frame."""
        entry = self._profile.camera
        settings = entry.hardware
        return {
            "camera": settings.device if settings else entry.source.split(":")[0],
            "is_locked": settings.is_locked if settings else None,
            "frame_at_s": self._frame_at_s,
            "camera_fault": self._fault,
        }

    def _obey(self, order: Order) -> None:
        try:
            self._take_in_sought()
            match order.do:
                case Do.PREVIEW:
                    self._preview(order.slide)
                case Do.COUNT | Do.COUNT_MORE:
                    self._count(order)
                case Do.PAUSE if self._mode is Mode.COUNTING:
                    self._pause()
                case Do.GO_ON if self._mode is Mode.PAUSED:
                    self._mode = Mode.COUNTING
                case Do.NEW_AREA if self._run is not None:
                    self._run.new_area()
                case Do.FINISH if (
                    self._slide == order.slide and self._mode is not Mode.FAILED
                ):
                    self._finish(order.by)
                case Do.REST if self._slide == order.slide:
                    self._rest()
        except LeukoscopeError as err:
            self._fail(str(err))
        self._tell(self._last_pixels)

    def _preview(self, slide: str) -> None:
        if self._mode is Mode.PREVIEW and self._slide == slide:
            return
        self._rest()
        self._open(slide)
        self._mode, self._slide = Mode.PREVIEW, slide

    def _count(self, order: Order) -> None:
        """Start a slide, or go on with one at which counting stopped."""
        busy = (Mode.COUNTING, Mode.PAUSED, Mode.ENDED)
        if self._mode in busy and self._slide == order.slide:
            return
        self._rest()
        self._test()
        record = self._store.require(order.slide, ASKS[order.do])
        camera = self._open(order.slide)
        self._keeper = Keeper(self._store, order.slide, self._bundle.card)
        self._light = LightLog()
        earlier = self._keeper.go_on(order.by, more=order.do is Do.COUNT_MORE)
        _skip_seen(camera, self._keeper.last_frame)
        self._segmenter = _segmenter_of(self._profile)  # it may be whole again
        self._note_who(self._keeper)
        self._run = SlideRun(
            self._engine,
            self._bundle,
            context=replace(
                context_of(record, self._bundle.card),
                is_scale_known=camera.scale_um_per_px is not None,
            ),
            scale_um_per_px=camera.scale_um_per_px,
            is_sequence=is_sequence(self._profile.camera.source),
            earlier=earlier,
            segmenter=self._segmenter,
        )
        self._mode, self._slide, self._by = Mode.COUNTING, order.slide, order.by
        self._facts = count_facts(self._run, earlier, self._keeper)
        if earlier:  # their places are not found again, so a person moves on first
            self._mode = Mode.PAUSED
            self._facts["interrupted_at"] = len(earlier)

    def _note_who(self, keeper: Keeper) -> None:
        """Keep what finds the cells and what judges them, where that has changed."""
        keeper.found_by(self._segmenter.name, self._segmenter.fallback)
        keeper.judged_by(self._engine.name, self._engine.fallback)

    def _pause(self) -> None:
        self._take_in_sought()
        if self._run is not None and self._keeper is not None:
            self._keeper.keep(self._run.cells(), everything=True)
        self._mode = Mode.PAUSED

    def _finish(self, by: str) -> None:
        if self._run is not None and self._keeper is not None:
            if figures := self._light.figures():
                note_light(self._store, figures)  # this slide's own stain counts too
            card = self._bundle.card
            quality = device_quality(self._store, self._profile, card)
            source = self._profile.camera.source
            screening = self._run.finish(source, quality=quality)
            self._note_who(self._keeper)
            self._keeper.finish(screening, by, quality)
        slide = self._slide
        self._rest()
        give_memory_back()
        self._mode, self._slide = Mode.FINISHED, slide

    def _rest(self) -> None:
        if self._camera is not None:
            self._camera.__exit__(None, None, None)
        self._camera = self._run = self._keeper = self._last_pixels = None
        self._sought = None
        self._facts = {}
        self._mode, self._slide = Mode.IDLE, ""

    def _open(self, slide: str) -> Camera:
        """Open the camera for a slide; without one, whatever was calibrated."""
        entry = self._profile.camera
        objective = objective_of(self._store.slide(slide)) if slide else entry.objective
        scale = camera_scale(self._store, entry, objective)
        camera = open_source(
            entry.source,
            scale_um_per_px=scale.um_per_px if scale else None,
            settings=entry.hardware,
        )
        require_domain(camera.domain, self._bundle)
        if scale and slide:
            camera = of_this_size(camera, scale)
        self._camera = camera.__enter__()
        return self._camera

    def _try(self, do: Callable[[], None]) -> None:
        try:
            do()
        except LeukoscopeError as err:
            with passing_over(
                LeukoscopeError, doing="taking in the frame before a fault"
            ):  # the same, most likely
                self._take_in_sought()
            self._fail(str(err))
            self._tell(None)

    def _step(self) -> None:
        """Read one frame, and tell what it or the one before it showed."""
        with self._meter.stage("read"):
            item = self._camera.read() if self._camera else None
        self._fault = item.reason if isinstance(item, Fault) else ""
        self._read_at_unix_s = time.time()
        if isinstance(item, Frame):
            self._frame_at_s = time.monotonic()
        if item is None:
            self._at_end()
        elif self._run is None or self._keeper is None:
            self._show(item)
        else:
            self._look(item, self._run, self._keeper)

    def _at_end(self) -> None:
        if self._mode is Mode.PREVIEW:  # shown again from its beginning
            slide = self._slide
            self._rest()
            self._preview(slide)
            return
        self._pause()
        self._mode = Mode.ENDED
        self._tell(self._last_pixels)

    def _show(self, item: Frame | Fault) -> None:
        pixels = None if isinstance(item, Fault) else item.pixels
        fault = item.reason if isinstance(item, Fault) else ""
        lights = [] if pixels is None else light_facts(assess(pixels))
        self._facts = {"instruction": fault, "lights": lights, "boxes": []}
        self._tell(pixels, item.name)

    def _look(self, item: Frame | Fault, run: SlideRun, keeper: Keeper) -> None:
        """Have a frame's cells sought, and take in the frame that still waits.

        Where the search ends within the turn, this frame is taken in at once. Else it
        waits, and the next one is read and sought beside the rest of its search.
        """
        before = self._sought
        self._sought = Sought(
            item=item,
            began_s=time.perf_counter(),
            read_at_unix_s=self._read_at_unix_s,
            found=run.seek(item, self._pool),
        )
        if before is not None:
            self._take_in(before, run, keeper)
        may_wait = n_ahead(item, min(N_SEARCHES, self._n_cores)) > 0
        left_s = max(0.0, self._turn_ends_s - time.monotonic()) if may_wait else None
        if wait([self._sought.found], left_s).done:
            self._take_in_sought()

    def _take_in_sought(self) -> None:
        """Take in the frame that waits, where there is one."""
        sought, self._sought = self._sought, None
        if sought and self._run is not None and self._keeper is not None:
            self._take_in(sought, self._run, self._keeper)

    def _take_in(self, sought: Sought, run: SlideRun, keeper: Keeper) -> None:
        """Count what a frame showed, keep it, and tell."""
        item = sought.item
        looked = run.take_in(sought.found.result())
        self._meter.note("look", time.perf_counter() - sought.began_s)
        with self._meter.stage("call"):
            cells = run.cells()
        with self._meter.stage("keep"):
            if looked.found_by:
                keeper.found_by(looked.found_by, self._segmenter.fallback)
            keeper.judged_by(self._engine.name, self._engine.fallback)
            keeper.saw(item, looked)
            keeper.keep(cells)
        self._meter.count()
        self._facts = self._seen_facts(looked, cells, run, keeper)
        pixels = None if isinstance(item, Fault) else item.pixels
        if pixels is not None:
            self._light.see(pixels)
        self._last_pixels = pixels
        self._read_at_unix_s = sought.read_at_unix_s
        self._tell(pixels, item.name)

    def _seen_facts(
        self, looked: Looked, cells: tuple[Cell, ...], run: SlideRun, keeper: Keeper
    ) -> dict[str, Any]:
        return {
            "instruction": looked.report.reason,
            "boxes": boxes_of(looked, cells, keeper),
            **place_facts(looked),
            **count_facts(run, cells, keeper),
        }

    def _fail(self, reason: str) -> None:
        slide = self._slide
        self._rest()
        self._mode, self._slide = Mode.FAILED, slide
        self._facts = {"instruction": reason}

    def _tell(self, pixels: U8 | None, frame: str = "") -> None:
        self._n_shown += 1
        facts = self._facts | {
            "seq": self._n_shown,
            "frame": frame,
            "at_unix_s": self._read_at_unix_s,
            "engine": self._engine.name,
            "found_by": self._found_by(),
            "by": self._by,
            "scale_um_per_px": self._camera.scale_um_per_px if self._camera else None,
        }
        news = News(mode=self._mode, slide=self._slide, facts=facts)
        self._outbox.put(Draft(news=news, pixels=pixels))


def _segmenter_of(profile: Profile) -> ServingSegmenter:
    return ServingSegmenter(profile.segmenter, n_threads=profile.n_threads)


def _too_hot(temp_c: float | None, limits: ThermalEntry) -> str:
    below_c = limits.pause_c - heat.COOLED_BY_C
    return message("too-hot", x=round(temp_c or 0), y=round(below_c)).said()


def _skip_seen(camera: Camera, last_frame: str) -> None:
    """Pass over what a replayed or simulated slide showed before an interruption.

    A real stage stays where it is and a person moves it on; a replayed one would begin
    anew and show every cell again.
    """
    if not last_frame:
        return
    for item in items_of(camera):
        if item.name == last_frame:
            break
    for _ in range(MOVED_ON_FRAMES):
        camera.read()
