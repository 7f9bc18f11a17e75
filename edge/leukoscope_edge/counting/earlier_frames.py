"""What the frames before one decide about it: its place, its scale, if it came before.

Asked in the frames' order, so that threads which search the frames change nothing.
"""

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace

from leukoscope_edge.arrays import BoolArray
from leukoscope_edge.counting.copies import Copies
from leukoscope_edge.counting.gathered import is_asked, is_measured
from leukoscope_edge.errors import SourceError
from leukoscope_edge.messages import Message, message
from leukoscope_edge.screening_result import ScaleByCells
from leukoscope_edge.types import Fault, Frame
from leukoscope_edge.vision import Placement, StageTracker, TrackingState
from leukoscope_edge.vision.scale import (
    FrameScale,
    FrameSizes,
    SourceScale,
    estimate_source_scale,
    filled,
    measure_sizes,
    n_contradicting,
    outside_of,
    scale_of_frame,
)

N_AGREEING = 5
"""Frames that agree with the slide's scale after one that contradicted it."""
ELSEWHERE = 0.5
"""Of a frame's width or height: gone on so far, a frame shows other cells."""
MIN_PROVEN = 3
"""Frames at the slide's scale before an island is held against it: where none is, the
scale itself is wrong, or the patient's red cells are."""
MIN_CONTRADICTING, MAX_CONTRADICTING = 2, 0.2
"""So many frames of an island, and of those that can tell so much more than of those
before it. At the slide's own scale one in a hundred contradicts: one alone says
nothing, unless the lost place contradicted just before. Through an objective half as
strong half of them and more do (`tools/evaluate_mixed_scales.py`)."""
GUIDANCE = {
    TrackingState.TOO_FAST: message("moved-too-fast"),
    TrackingState.LOST: message("lost-place"),
}
OTHER_OBJECTIVE = message("objective-turned")


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
        is_off_scale: It was taken through another objective than the slide's, as far
            as the frames so far and itself say (`EarlierFrames.listen`).
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
    is_off_scale: bool = False
    outside: BoolArray | None = None

    def reason(self, why_not: Message | None) -> Message | None:
        """Return why the frame is not judged, None where it is.

        Args:
            why_not: What is wrong with it alone, or with how it was moved.
        """
        is_sharp = why_not in (None, GUIDANCE[TrackingState.LOST])
        return OTHER_OBJECTIVE if self.is_off_scale and is_sharp else why_not


def told_apart(
    before: tuple[int, int], islands: Mapping[int, tuple[int, int]], suspect: Set[int]
) -> tuple[frozenset[int], bool]:
    """Return the islands that are off the scale, and whether the others prove it.

    Args:
        before: How many frames before an interruption contradicted, and how many told.
        islands: The same of each island; each is held against those before it.
        suspect: Islands whose one contradicting frame is enough.
    """
    off, (k_own, n_own) = set[int](), before
    for island, (k, n) in sorted(islands.items()):
        is_proven = n_own - k_own >= MIN_PROVEN
        is_told = k >= MIN_CONTRADICTING or island in suspect
        if is_proven and is_told and k / n >= MAX_CONTRADICTING + k_own / n_own:
            off.add(island)
        else:
            k_own, n_own = k_own + k, n_own + n
    return frozenset(off), n_own - k_own >= MIN_PROVEN


class EarlierFrames:
    """The frames of one slide so far."""

    def __init__(
        self,
        scale_um_per_px: float | None,
        *,
        is_sequence: bool,
        first_island: int,
        spoken: Sequence[FrameScale] = (),
    ) -> None:
        """Start with none.

        Args:
            scale_um_per_px: The calibration; None lets the cells of all frames so far
                say one.
            is_sequence: The frames overlap on one slide, as under a moving stage.
            first_island: Number of the first stretch of the slide.
            spoken: What frames before an interruption said of the scale.
        """
        self._scale_um_per_px, self._is_sequence = scale_um_per_px, is_sequence
        self._tracker = StageTracker(first_island)
        self._copies, self._n_frames = Copies(), 0
        self._sizes: list[FrameSizes] = []
        self._estimate: SourceScale | None = None
        self._first_shape_px: tuple[int, int] | None = None
        self._asked_at: Placement | None = None
        self._n_to_agree = 0
        self._spoken = n_contradicting(spoken, scale_um_per_px or math.inf)
        self._told: dict[int, tuple[int, int]] = {}  # as `told_apart` takes them
        self._suspect = set[int]()
        self._is_lost_off_scale = False

    def new_area(self) -> None:
        """Go on from a place that need not touch where the lens has been."""
        self._tracker.new_area()

    def pass_over(self, item: Frame | Fault) -> None:
        """Remember a separate field that was counted before an interruption."""
        if isinstance(item, Frame) and not self._is_sequence:
            self._copies.of(item)

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
            if place.state is TrackingState.TRACKING and place.island in self._told:
                self._is_lost_off_scale = False
            if place.joined is not None:  # it overlaps with what has the slide's scale
                self._told.pop(place.joined.island, None)
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
        N_AGREEING agree, or on an island of which fewer have told. A stage that stands
        shows the same cells again and again.
        """
        known = self._asked_at
        if place is not None and place.state is not TrackingState.TRACKING:
            return place.state is TrackingState.LOST and is_asked(number)
        is_new = (
            place is not None and self._told.get(place.island, (0, 0))[1] < N_AGREEING
        )
        if not (is_asked(number) or self._n_to_agree or is_new):
            return False
        if place is None or known is None or place.island != known.island:
            return True
        width, height = self._first_shape_px or (1, 1)
        across = abs(place.x_px - known.x_px) / width
        return max(across, abs(place.y_px - known.y_px) / height) >= ELSEWHERE

    def listen(self, turn: Turn, why_not: Message | None) -> Turn:
        """Take note of where a frame was asked, and whether it contradicts.

        Args:
            turn: The frame's, the last one.
            why_not: Why it is not good enough to be judged, None where it is.

        Returns:
            The same, with what its own cells say.
        """
        is_lost = why_not == GUIDANCE[TrackingState.LOST]
        if turn.speaks and (why_not is None or is_lost):
            self._hear(turn, is_lost=is_lost)
        return replace(turn, is_off_scale=self._is_off_scale(turn.place))

    def _hear(self, turn: Turn, *, is_lost: bool) -> None:
        said = scale_of_frame(turn.sizes) if turn.sizes else None
        contradicts = None
        if said is not None and turn.scale_um_per_px is not None:
            contradicts = said.contradicts(turn.scale_um_per_px)
        if is_lost:
            if contradicts is not None:
                self._is_lost_off_scale = contradicts and self._told_apart()[1]
            return
        self._asked_at = turn.place
        if contradicts is None:
            return
        n_left = max(0, self._n_to_agree - 1)
        self._n_to_agree = N_AGREEING if contradicts else n_left
        if turn.place is not None and turn.is_scale_given:
            island = turn.place.island
            k, n = self._told.get(island, (0, 0))
            self._told[island] = k + contradicts, n + 1
            if contradicts and self._is_lost_off_scale:
                self._suspect.add(island)

    def _is_off_scale(self, place: Placement | None) -> bool:
        if place is None:
            return False
        if place.state is TrackingState.LOST:
            return self._is_lost_off_scale
        return place.island in self.off_scale()

    def off_scale(self) -> frozenset[int]:
        """Return the islands that were seen through another objective.

        Whoever turns the nosepiece loses the place: an island has one magnification.
        Each is held against those before it.
        """
        return self._told_apart()[0]

    def _told_apart(self) -> tuple[frozenset[int], bool]:
        return told_apart(self._spoken, self._told, self._suspect)

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
