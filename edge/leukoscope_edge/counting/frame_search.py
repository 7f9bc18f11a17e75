"""One frame on its road: gated, and its cells found; nothing of other frames is known.

What the frames before it decide about it stands in `Asked`.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from leukoscope_edge.arrays import U8
from leukoscope_edge.counting.earlier_frames import GUIDANCE, Turn
from leukoscope_edge.counting.gathered import Bearing, bearing_of
from leukoscope_edge.counting.search_plan import Candidate, Due
from leukoscope_edge.messages import Message
from leukoscope_edge.screening_result import (
    ImageReport,
    report_of_copy,
    report_of_fault,
    report_of_frame,
)
from leukoscope_edge.types import Fault, Frame, Segmentation
from leukoscope_edge.vision import (
    NOTHING_FOLLOWED,
    NOTHING_KNOWN,
    NOTHING_SEEN,
    CropSpec,
    Followed,
    FrameDetections,
    Placement,
    QualityReport,
    assess,
    follow,
    remember,
    search_frame,
)
from leukoscope_edge.vision.scale import filled


class Finder(Protocol):
    """Finds the stained objects of frames; safe to share between threads."""

    def segment(
        self, pixels: U8, scale_um_per_px: float | None, *, in_marrow: bool = False
    ) -> tuple[Segmentation, str]:
        """Find all of a frame, and say what found them."""
        ...


SEARCHED_ITSELF = Due()


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """What a search found.

    Attributes:
        frame: Where.
        place: Where that lies on the slide; None for separate fields.
        seen: Its white cells.
        found_by: What found them.
    """

    frame: Frame
    place: Placement | None
    seen: FrameDetections
    found_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameResult:
    """What one look at a frame gave.

    Attributes:
        report: Whether the frame was judged, and if not what to do.
        seen: Its white cells; none where it was not searched.
        place: Where it lies on the slide; None for separate fields and faults.
        found_by: What found the cells; "" where the frame was not searched.
        bearing: What it bears witness of, judged or not; None for faults and copies.
        frame: The frame, where it was judged.
        followed: Known cells, where it was judged and not searched.
        late: Earlier frames that were searched after all.
    """

    report: ImageReport
    seen: FrameDetections = NOTHING_SEEN
    place: Placement | None = None
    found_by: str = ""
    bearing: Bearing | None = None
    frame: Frame | None = None
    followed: Followed = NOTHING_FOLLOWED
    late: tuple[Searched, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated:
    """Whether a frame is good enough to be judged.

    Attributes:
        why_not: What to do where it is not; None where it is.
        focus: How crisp it is, 0..1.
    """

    why_not: Message | None
    focus: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be done with a frame.

    Attributes:
        item: The frame.
        turn: What the frames before it decide.
        gated: Whether it is judged; None: nobody needed to know, `find` asks.
        due: What is searched.
    """

    item: Frame | Fault
    turn: Turn
    gated: Gated | None = None
    due: Due = SEARCHED_ITSELF


Gate = Callable[[Placement | None], Gated]
"""Says of one frame, given its place, whether it is judged."""


class FrameSearch:
    """How the cells of a slide's frames are found; safe to share between threads."""

    def __init__(self, segmenter: Finder, spec: CropSpec, *, in_marrow: bool) -> None:
        """Take over the way.

        Args:
            segmenter: Finds the cells.
            spec: How the model wants its crops.
            in_marrow: The slide was said to be marrow.
        """
        self._segmenter, self._spec = segmenter, spec
        self._in_marrow = in_marrow

    def gate_of(self, frame: Frame, pool: Executor | None) -> Gate:
        """Begin to measure a frame's quality; return what gates it, given its place.

        Who asks measures it where no thread of the pool has begun by then: searches,
        which take longer, may keep them all.

        Args:
            frame: The frame.
            pool: Its threads measure; None: who asks does.
        """
        if pool is None:
            return partial(self.gate, frame)
        measured = pool.submit(self.quality_of, frame)

        def gate(place: Placement | None) -> Gated:
            is_begun = not measured.cancel()
            return _gated(
                measured.result() if is_begun else self.quality_of(frame), place
            )

        return gate

    def gate(self, frame: Frame, place: Placement | None) -> Gated:
        """Say whether a frame is judged."""
        return _gated(self.quality_of(frame), place)

    def quality_of(self, frame: Frame) -> QualityReport:
        """Measure what a frame is judged by before its cells are sought."""
        return assess(frame.pixels, in_marrow=self._in_marrow)

    def find(self, asked: Asked) -> FrameResult:
        """Find the cells of a frame, and of earlier ones where that is due."""
        item, turn = asked.item, asked.turn
        if isinstance(item, Fault):
            return FrameResult(report=report_of_fault(item))
        if turn.copy_of:
            return FrameResult(report=report_of_copy(item, turn.copy_of))
        why_not = turn.reason((asked.gated or self.gate(item, turn.place)).why_not)
        frame = replace(item, pixels=filled(item.pixels, turn.outside))
        result = FrameResult(
            report=report_of_frame(item, why_not),
            place=turn.place,
            bearing=bearing_of(
                frame,
                measures=turn.measures,
                sizes=turn.sizes,
                speaks=turn.speaks,
                slide_um_per_px=turn.scale_um_per_px,
            ),
            late=self.find_late(asked.due.before, turn.scale_um_per_px),
        )
        if why_not is not None:
            return result
        result = replace(result, frame=frame)
        if not asked.due.now:
            return result
        found = self._search(frame, turn)
        report = replace(result.report, is_searched=True)
        return replace(result, report=report, seen=found.seen, found_by=found.found_by)

    def find_late(
        self, held: Sequence[Candidate], scale_um_per_px: float | None
    ) -> tuple[Searched, ...]:
        """Find the cells of frames that were held."""
        turns = (Turn(place=c.place, scale_um_per_px=scale_um_per_px) for c in held)
        return tuple(map(self._search, (c.frame for c in held), turns))

    def _search(self, frame: Frame, turn: Turn) -> Searched:
        scale, place = turn.scale_um_per_px, turn.place
        seen, found_by = search_frame(
            frame,
            partial(
                self._segmenter.segment,
                scale_um_per_px=scale,
                in_marrow=self._in_marrow,
            ),
            (place.x_px, place.y_px) if place else (0.0, 0.0),
            self._spec,
            scale_um_per_px=scale,
            outside=turn.outside,
            is_scale_given=turn.is_scale_given,
        )
        return Searched(frame=frame, place=place, seen=seen, found_by=found_by)


def _gated(report: QualityReport, place: Placement | None) -> Gated:
    why_not = report.instruction
    if why_not is None and place is not None:
        why_not = GUIDANCE.get(place.state)
    return Gated(why_not=why_not, focus=report.focus)


class SeenCells:
    """The cells that are followed: those of the frame that was searched last."""

    def __init__(self) -> None:
        """Start with none."""
        self._known = NOTHING_KNOWN

    def take_in(self, looked: FrameResult) -> FrameResult:
        """Remember what a search found; in a frame without one, follow it.

        Returns:
            The look, with the known cells where they are now.
        """
        place, frame = looked.place, looked.frame
        if frame is None or place is None:
            return looked
        if looked.found_by:
            self._known = remember(looked.seen, frame.pixels)
            return looked
        followed = follow(self._known, frame, (place.x_px, place.y_px))
        return replace(looked, followed=followed)
