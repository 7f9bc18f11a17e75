"""What the frames before one decide about it: its place, its scale, if it came before.

Asked in the frames' order, so that threads which search the frames change nothing.
"""

from dataclasses import dataclass

from leukoscope_edge.arrays import BoolArray
from leukoscope_edge.counting.copies import Copies
from leukoscope_edge.counting.gathered import is_asked, is_measured
from leukoscope_edge.errors import SourceError
from leukoscope_edge.messages import message
from leukoscope_edge.screening_result import ScaleByCells
from leukoscope_edge.types import Fault, Frame
from leukoscope_edge.vision import Placement, StageTracker, Visited
from leukoscope_edge.vision.scale import (
    FrameSizes,
    SourceScale,
    estimate_source_scale,
    filled,
    measure_sizes,
    outside_of,
    scale_of_frame,
)

N_AGREEING = 5
"""Frames that agree with the slide's scale after one that contradicted it."""
ELSEWHERE = 0.5
"""Of a frame's width or height: gone on so far, a frame shows other cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What the frames before this one decide about it, and where it ends.

    Attributes:
        place: Where it lies on the slide; None for separate fields and faults.
        copy_of: The earlier field that it shows again, "" where none.
        measures: Its cells are measured against the scale that was given.
        scale_um_per_px: Given, or else what the cells so far say; None: not known.
        is_scale_given: It was; False: only cells say it.
        sizes: Of its cells, None where they are not measured.
        speaks: Whether it is asked alone what the scale is: not where it shows what a
            frame that was asked did.
        outside: (H, W) bool, what lies outside an eyepiece's circle; None where the
            picture fills its frame, and for faults.
    """

    place: Placement | None = None
    copy_of: str = ""
    measures: bool = False
    scale_um_per_px: float | None = None
    is_scale_given: bool = True
    sizes: FrameSizes | None = None
    speaks: bool = False
    outside: BoolArray | None = None


class EarlierFrames:
    """The frames of one slide so far."""

    def __init__(
        self, scale_um_per_px: float | None, *, is_sequence: bool, first_island: int
    ) -> None:
        """Start with none.

        Args:
            scale_um_per_px: The calibration; None lets the cells of all frames so far
                say one.
            is_sequence: The frames overlap on one slide, as under a moving stage.
            first_island: Number of the first stretch of the slide.
        """
        self._scale_um_per_px, self._is_sequence = scale_um_per_px, is_sequence
        self._tracker = StageTracker(first_island)
        self._copies, self._n_frames = Copies(), 0
        self._sizes: list[FrameSizes] = []
        self._estimate: SourceScale | None = None
        self._first_shape_px: tuple[int, int] | None = None
        self._asked_at: Placement | None = None
        self._n_to_agree = 0

    def new_area(self) -> None:
        """Go on from a place that need not touch where the lens has been."""
        self._tracker.new_area()

    def pass_over(self, item: Frame | Fault) -> None:
        """Remember a separate field that was counted before an interruption."""
        if isinstance(item, Frame) and not self._is_sequence:
            self._copies.of(item)

    def visited(self) -> tuple[Visited, ...]:
        """Return the map of where the lens has been."""
        return self._tracker.visited()

    def scale_estimate(self) -> ScaleByCells | None:
        """Return what the cells say of the scale; None where one was given."""
        found = self._estimate
        if found is None:
            return None
        if found.um_per_px is None:
            return ScaleByCells()
        return ScaleByCells(um_per_px=found.um_per_px, low=found.low, high=found.high)

    def turn(self, item: Frame | Fault) -> Turn:
        """Say where a frame lies, and whether it came before; in the frames' order.

        Raises:
            SourceError: In a sequence, it has another size than the first.
        """
        if isinstance(item, Fault):
            return Turn()
        number, self._n_frames = self._n_frames, self._n_frames + 1
        copy_of, place, outside = "", None, outside_of(item.pixels)
        if self._is_sequence:
            self._require_shape(item)
            place = self._tracker.update(item.pixels, outside)
        else:
            copy_of = self._copies.of(item)
        measures = is_measured(number)
        speaks = not copy_of and self._speaks(number, place)
        sizes = None
        if (measures or speaks) and not copy_of:
            pixels = filled(item.pixels, outside)
            sizes = measure_sizes(pixels, with_bodies=measures)
        is_given = self._scale_um_per_px is not None
        scale = self._scale_um_per_px or self._estimated(sizes if measures else None)
        return Turn(
            place=place,
            copy_of=copy_of,
            measures=measures and is_given,
            scale_um_per_px=scale,
            is_scale_given=is_given,
            sizes=sizes,
            speaks=speaks,
            outside=outside,
        )

    def _estimated(self, sizes: FrameSizes | None) -> float | None:
        """Return what the cells of all frames so far say of the scale."""
        if sizes is not None:
            self._sizes.append(sizes)
            self._estimate = estimate_source_scale(self._sizes)
        return self._estimate.um_per_px if self._estimate else None

    def _speaks(self, number: int, place: Placement | None) -> bool:
        """Say whether a frame is asked alone what the scale is.

        Now and then one is, and each once one has contradicted the slide's, until
        N_AGREEING agree. A stage that stands shows the same cells again and again.
        """
        if not (is_asked(number) or self._n_to_agree):
            return False
        known = self._asked_at
        if place is None or known is None or place.island != known.island:
            return True
        width, height = self._first_shape_px or (1, 1)
        across = abs(place.x_px - known.x_px) / width
        return max(across, abs(place.y_px - known.y_px) / height) >= ELSEWHERE

    def listen(self, turn: Turn, *, is_judged: bool) -> None:
        """Take note of where a frame was asked, and whether it contradicts.

        Args:
            turn: The frame's, the last one.
            is_judged: Whether it is good enough; else it was not asked.
        """
        if not (turn.speaks and is_judged):
            return
        self._asked_at = turn.place
        said = scale_of_frame(turn.sizes) if turn.sizes else None
        if said is None or turn.scale_um_per_px is None:
            return
        contradicts = said.contradicts(turn.scale_um_per_px)
        if contradicts:
            self._n_to_agree = N_AGREEING
        elif contradicts is False:
            self._n_to_agree = max(0, self._n_to_agree - 1)

    def _require_shape(self, frame: Frame) -> None:
        """Let no frame of another size into a sequence: it has no place there.

        Raises:
            SourceError: It has another size than the first.
        """
        height, width = frame.pixels.shape[:2]
        first = self._first_shape_px = self._first_shape_px or (width, height)
        if first != (width, height):
            of_first = {"first": first[0], "second": first[1]}
            of_this = {"frame": frame.name, "width": width, "height": height}
            raise SourceError(message("frame-other-size", **of_this, **of_first))
