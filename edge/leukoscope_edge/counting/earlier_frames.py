"""What the frames before one decide about it: its place, its scale, if it came before.

Asked in the frames' order, so that threads which search the frames change nothing.
"""

from dataclasses import dataclass

from leukoscope_edge.arrays import BoolArray
from leukoscope_edge.counting.copies import Copies
from leukoscope_edge.counting.evidence import is_measured
from leukoscope_edge.errors import SourceError
from leukoscope_edge.messages import message
from leukoscope_edge.screening_result import ScaleByCells
from leukoscope_edge.types import Fault, Frame
from leukoscope_edge.vision import Placement, StageTracker, Visited
from leukoscope_edge.vision.scale import (
    FrameSizes,
    SourceScale,
    estimate_source_scale,
    measure_sizes,
    outside_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What the frames before this one decide about it, and where it ends.

    Attributes:
        place: Where it lies on the slide; None for separate fields and faults.
        copy_of: The earlier field that it shows again, "" where none.
        measures: Its cells are measured against the scale that was given.
        scale_um_per_px: Given, or else what the cells so far say; None: not known.
        is_scale_given: It was; False: only cells say it.
        outside: (H, W) bool, what lies outside an eyepiece's circle; None where the
            picture fills its frame, and for faults.
    """

    place: Placement | None = None
    copy_of: str = ""
    measures: bool = False
    scale_um_per_px: float | None = None
    is_scale_given: bool = True
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
        measures = is_measured(number)
        scale = self._scale_um_per_px
        if scale is None:
            scale = self._estimated_scale(item, measures=measures)
        copy_of, place, outside = "", None, outside_of(item.pixels)
        if self._is_sequence:
            self._require_shape(item)
            place = self._tracker.update(item.pixels, outside)
        else:
            copy_of = self._copies.of(item)
        is_given = self._scale_um_per_px is not None
        return Turn(
            place=place,
            copy_of=copy_of,
            measures=measures and is_given,
            scale_um_per_px=scale,
            is_scale_given=is_given,
            outside=outside,
        )

    def _estimated_scale(self, frame: Frame, *, measures: bool) -> float | None:
        """Return what the cells of all frames so far say of the scale."""
        if measures:
            self._sizes.append(measure_sizes(frame.pixels))
            self._estimate = estimate_source_scale(self._sizes)
        return self._estimate.um_per_px if self._estimate else None

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
