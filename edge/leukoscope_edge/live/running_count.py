"""One count under way: camera, cells, records and light of a slide.

Where a frame's search for cells does not end in its turn, the next frame's begins
beside it, and only that one waits.
"""

import time
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from typing import Any

from leukoscope_edge.arrays import U8
from leukoscope_edge.capture import Camera, is_sequence, items_of
from leukoscope_edge.counting import FrameResult
from leukoscope_edge.live.commands import Command, Mode, Order
from leukoscope_edge.live.equipment import Equipment
from leukoscope_edge.live.recorder import Recorder
from leukoscope_edge.live.snapshot import (
    boxes_of,
    count_facts,
    instruction_facts,
    place_facts,
)
from leukoscope_edge.quality import LightLog, device_quality, note_light
from leukoscope_edge.records.slides import context_of
from leukoscope_edge.screening import SlideRun
from leukoscope_edge.search_ahead import n_ahead
from leukoscope_edge.types import Cell, Fault, Frame

MOVED_ON_FRAMES = 20
"""Frames in which the simulated hand moves on by the width of a frame, about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingFrame:
    """A frame that was read, and whose cells are being sought."""

    item: Frame | Fault
    found: Future[FrameResult]
    began_s: float
    read_at_unix_s: float


class RunningCount:
    """The count of one slide.

    Attributes:
        slide: Its number.
        camera: Shows it.
        facts: What was told of it last.
        is_resumed: Cells were counted before a stop: a person moves on first, as their
            places are not found again.
        last_pixels: The picture that was counted last, None where there is none.
        sought: The frame that waits for the end of its search.
    """

    def __init__(self, equipment: Equipment, camera: Camera, order: Order) -> None:
        """Start a slide, or go on with one at which counting stopped.

        Args:
            equipment: What it works with.
            camera: Opened for this slide.
            order: Which slide, and who asks.

        Raises:
            LeukoscopeError: The count is over, or the records cannot be written.
        """
        self.slide, self._by = order.slide, order.by
        self.camera, self._equipment = camera, equipment
        self.sought: PendingFrame | None = None
        self.last_pixels: U8 | None = None
        scale, card = camera.scale_um_per_px, equipment.bundle.card
        self._recorder = Recorder(equipment.store, order.slide, card, scale)
        earlier = self._recorder.go_on(order.by, more=order.do is Command.COUNT_MORE)
        record = equipment.store.reader.slide(order.slide)
        self._light = LightLog(record.gathered.light)
        segmenter = equipment.open_segmenter()
        self._note_who()
        source_is_sequence = is_sequence(equipment.profile.camera.source)
        self._run = SlideRun(
            equipment.engine,
            equipment.bundle,
            context=replace(
                context_of(record, card, judged_at_um_per_px=scale),
                is_scale_known=scale is not None,
            ),
            scale_um_per_px=scale,
            is_sequence=source_is_sequence,
            earlier=earlier,
            gathered=record.gathered,
            tally=record.tally,
            segmenter=segmenter,
            only_new=equipment.profile.only_new,
        )
        n_moved_on = MOVED_ON_FRAMES if source_is_sequence else 0
        _skip_seen(camera, self._recorder.last_frame, self._run, n_moved_on)
        self.is_resumed = bool(earlier)
        self.facts = self._own_facts() | count_facts(self._run, earlier, self._recorder)
        if earlier:
            self.facts["interrupted_at"] = len(earlier)

    def look(self, item: Frame | Fault) -> None:
        """Have a frame's cells sought, and take in the frame that still waits.

        Where the search ends within the turn, this frame is taken in at once. Else it
        waits, and the next one is read and sought beside the rest of its search.

        Args:
            item: What the camera shows.
        """
        equipment, before = self._equipment, self.sought
        self.sought = PendingFrame(
            item=item,
            began_s=time.perf_counter(),
            read_at_unix_s=equipment.last_read.at_unix_s,
            found=self._run.seek(item, equipment.pool),
        )
        if before is not None:
            self._take_in(before)
        may_wait = n_ahead(item, equipment.n_searches) > 0
        left_s = max(0.0, equipment.turn_ends_s - time.monotonic())
        if wait([self.sought.found], left_s if may_wait else None).done:
            self.take_in_sought()

    def take_in_sought(self) -> None:
        """Take in the frame that waits, where there is one."""
        sought, self.sought = self.sought, None
        if sought is not None:
            self._take_in(sought)

    def new_area(self) -> None:
        """Count on from a place that need not touch where the lens has been."""
        self._run.new_area()

    def keep_all(self) -> None:
        """Have everything in the records, better pictures of known cells too."""
        self.take_in_sought()
        self._catch_up()
        self._recorder.keep(self._run.cells(), self._run.tally(), everything=True)

    def finish(self, by: str) -> None:
        """Conclude, and keep the machine's verdict.

        Args:
            by: Who ends it.
        """
        equipment = self._equipment
        if figures := self._light.figures():
            note_light(equipment.store, figures)  # this slide's own stain counts too
        profile, card = equipment.profile, equipment.bundle.card
        quality = device_quality(equipment.store, profile, card)
        self._catch_up()
        screening = self._run.finish(profile.camera.source, quality=quality)
        self._note_who()
        self._recorder.finish(screening, by, quality)

    def tell(self, mode: Mode, frame: str = "") -> None:
        """Tell the facts, with the picture that was counted last."""
        self._equipment.tell(mode, self.slide, self.facts, self.last_pixels, frame)

    def _catch_up(self) -> None:
        """Count what frames show that were held back from the search."""
        self._recorder.saw_late(self._run.catch_up())

    def _note_who(self) -> None:
        """Keep what finds the cells and what judges them, where that has changed."""
        engine, segmenter = self._equipment.engine, self._equipment.segmenter
        self._recorder.found_by(segmenter.name, segmenter.fallback)
        self._recorder.judged_by(engine.name, engine.fallback)

    def _take_in(self, sought: PendingFrame) -> None:
        """Count what a frame showed, keep it, and tell."""
        item, timer = sought.item, self._equipment.timer
        looked = self._run.take_in(sought.found.result())
        timer.note("look", time.perf_counter() - sought.began_s)
        with timer.stage("call"):
            cells = self._run.cells()
        with timer.stage("keep"):
            self._keep(item, looked, cells)
        timer.count()
        said = instruction_facts(looked.report.reason, item)
        self.facts = {"instruction": said, **self._seen_facts(looked, cells)}
        self.last_pixels = None if isinstance(item, Fault) else item.pixels
        self._equipment.last_read.at_unix_s = sought.read_at_unix_s
        self.tell(Mode.COUNTING, item.name)

    def _keep(
        self, item: Frame | Fault, looked: FrameResult, cells: tuple[Cell, ...]
    ) -> None:
        engine, segmenter = self._equipment.engine, self._equipment.segmenter
        if isinstance(item, Frame):
            self._recorder.lit(self._light.see(item.pixels))
        if looked.found_by:
            self._recorder.found_by(looked.found_by, segmenter.fallback)
        self._recorder.judged_by(engine.name, engine.fallback)
        self._recorder.saw(item, looked)
        self._recorder.keep(cells, self._run.tally())

    def _seen_facts(
        self, looked: FrameResult, cells: tuple[Cell, ...]
    ) -> dict[str, Any]:
        return {
            "boxes": boxes_of(looked, cells, self._recorder),
            **place_facts(looked),
            **count_facts(self._run, cells, self._recorder),
            **self._own_facts(),
        }

    def _own_facts(self) -> dict[str, Any]:
        return {"by": self._by, "scale_um_per_px": self.camera.scale_um_per_px}


def _skip_seen(camera: Camera, last_frame: str, run: SlideRun, n_moved_on: int) -> None:
    """Pass over what a replayed or simulated slide showed before an interruption.

    A real stage stays where it is and a person moves it on; a replayed one would begin
    anew and show every cell again.
    """
    if not last_frame:
        return
    for item in items_of(camera):
        run.pass_over(item)
        if item.name == last_frame:
            break
    for _ in range(n_moved_on):
        camera.read()
