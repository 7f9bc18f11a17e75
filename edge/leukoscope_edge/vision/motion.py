"""Stage motion: where on the slide each frame lies, from the picture alone.

A frame is matched inside the last one and, nearby, inside a keyframe, which takes out
drift. What all frames share (dust, shading) is learnt while the stage moves and taken
out of every view, because what stays put would otherwise read as "no motion".

States: TRACKING; TOO_FAST, the last step could not be followed; LOST, several could
not. Not tracking pauses the count; keyframes are searched until one fits again. Who
cannot find the place begins a new area, an *island* with coordinates of its own, until
a frame shows that it overlaps with an older one: then the two are joined.
"""

from dataclasses import dataclass
from enum import Enum

import cv2
import numpy as np

from leukoscope_edge.arrays import F32, U8, BoolArray
from leukoscope_edge.vision.keyframes import SPACING_PX, Keyframe, Keyframes, coarse
from leukoscope_edge.vision.matching import (
    MIN_TEXTURE,
    NO_MATCH,
    WORK_WIDTH_PX,
    Match,
    match,
    prepare,
    resemblance,
    work_factor,
)

MIN_STEP_SCORE = 0.75
"""Correlation from which a step counts as followed; wrong places stay below 0.5."""
MIN_KEYFRAME_SCORE = 0.8
MAX_CORRECTION_PX = 20
"""At working scale: a keyframe never moves a tracked place further than this."""
SEARCH_BINS = 5
"""Keyframes within a view's width of the last place are searched first."""
MAX_SEARCHED = 60
SEARCHED_IN_TURN = 20
"""Keyframes from anywhere that every search also tries, each frame the next ones."""
N_CLOSER_LOOKS = 4
"""Of the searched keyframes and ways, those that resemble the view most."""
MIN_OVERLAP_RESEMBLANCE = 0.6
"""Of coarse views, for a closer look at whether islands overlap. Where drawn ones do it
is 0.92 and more, elsewhere a median of 0.54; the closer look itself asks for 0.8."""
LOST_AFTER_FRAMES = 3
AT_REST = ((0, 0),)
ANYWHERE = tuple((x, y) for x in (0, -1, 1) for y in (0, -1, 1))
"""Where a step may have ended, in thirds of a view; at rest first."""
N_STATIC_FRAMES = 12
"""So many different frames tell dust from cells: what is left of the cells in their
mean has a twelfth of their variance."""
MIN_CHANGE = 0.02
"""In logarithms of light: two views that differ by more do not show the same place."""
STILL_PX = 1.5
"""At working scale: a smaller step is standing still."""


class TrackingState(str, Enum):
    """Whether the place of the frame is known."""

    TRACKING = "tracking"
    TOO_FAST = "too fast"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Two islands that turned out to be one.

    Attributes:
        island: The island that ends.
        into: The older one, which takes its places.
        shift_px: Added to a place in the first, gives its place in the second.
    """

    island: int
    into: int
    shift_px: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a frame lies on the slide.

    Attributes:
        state: TRACKING where x_px and y_px hold.
        x_px: Slide coordinate of the frame's left edge, in pixels of the frame.
        y_px: Slide coordinate of the frame's top edge.
        score: Correlation of the match, -1..1.
        island: The stretch of the slide, followed without a break, in which the
            coordinates hold.
        joined: An island that this frame showed to overlap with an older one.
    """

    state: TrackingState
    x_px: float
    y_px: float
    score: float
    island: int
    joined: Joined | None = None


class StaticPattern:
    """What all frames share: dust, scratches and what is left of the shading."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._mean: F32 | None = None
        self._last: F32 | None = None
        self._n = 0

    @property
    def is_known(self) -> bool:
        """Whether enough different frames were seen."""
        return self._n >= N_STATIC_FRAMES

    def learn(self, view: F32) -> bool:
        """Add a view to the mean, unless it shows what the last one showed.

        Returns:
            Whether the pattern has become known with this view.
        """
        if self._last is not None and not differ(self._last, view):
            return False
        self._last = view
        self._n += 1
        mean = np.zeros_like(view) if self._mean is None else self._mean
        self._mean = mean + (view - mean) / np.float32(self._n)
        return self._n == N_STATIC_FRAMES

    def take_out(self, view: F32) -> F32:
        """Return a view without what all share, as soon as that is known."""
        if self._mean is None or not self.is_known:
            return view
        return np.asarray(view - self._mean, np.float32)


def differ(before: F32, after: F32) -> bool:
    """Say whether two views differ by more than noise."""
    return bool(cv2.norm(before, after) > MIN_CHANGE * before.size**0.5)


class StageTracker:
    """Follows a hand-moved stage frame by frame; the first frame is the origin."""

    def __init__(self, first_island: int = 0) -> None:
        """Start without a place.

        Args:
            first_island: Number of the island that begins with the first frame.
        """
        self._island = self._newest_island = first_island
        self._place = (0.0, 0.0)
        self._last: F32 | None = None
        self._keyframes = Keyframes()
        self._static = StaticPattern()
        self._unplaced: list[F32] = []
        self._n_not_tracked = 0
        self._turn = 0
        self._factor = 1.0

    def new_area(self) -> None:
        """Start an island with the next frame: its place is the new origin."""
        self._newest_island += 1
        self._island = self._newest_island
        self._place = (0.0, 0.0)
        self._last = None

    def update(self, pixels: U8, outside: BoolArray | None = None) -> Placement:
        """Place the next frame.

        Args:
            pixels: (H, W, 3) uint8 RGB, the same size every time.
            outside: (H, W) bool, where nothing was seen; None: the picture fills its
                frame.
        """
        self._factor = work_factor(pixels.shape[1])
        view = prepare(pixels, outside)
        if self._static.learn(view):
            self._follow_again()
        score = self._advance(view)
        joined = self._find_overlap(view) if score is not None else None
        x, y = self._place
        return Placement(
            state=self._state(),
            x_px=x * self._factor,
            y_px=y * self._factor,
            score=score or 0.0,
            island=self._island,
            joined=joined,
        )

    def _state(self) -> TrackingState:
        if self._n_not_tracked == 0:
            return TrackingState.TRACKING
        lost = self._n_not_tracked >= LOST_AFTER_FRAMES
        return TrackingState.LOST if lost else TrackingState.TOO_FAST

    def _advance(self, view: F32) -> float | None:
        score = self._follow(view)
        self._last = view
        self._n_not_tracked = 0 if score is not None else self._n_not_tracked + 1
        if score is None and not self._static.is_known:
            self._unplaced.append(view)
        return score

    def _follow_again(self) -> None:
        """Now that dust is known, follow the frames in which it hid the motion."""
        unplaced, self._unplaced = self._unplaced, []
        if self._n_not_tracked > 0:
            for view in unplaced:
                self._advance(view)

    def _follow(self, view: F32) -> float | None:
        """Update the place; return the score, or None where it is not known."""
        if self._last is None:
            return self._begin(view)
        if self._n_not_tracked > 0:
            return self._find_again(view)
        step = self._step(self._last, view)
        if step.score < MIN_STEP_SCORE:
            return self._find_again(view)
        self._place = _add(self._place, step.shift_px)
        self._correct(view)
        return step.score

    def _begin(self, view: F32) -> float | None:
        if float(view.std()) < MIN_TEXTURE:
            return None
        self._keyframes.add(view, self._place, self._island)
        return 1.0

    def _step(self, before: F32, after: F32) -> Match:
        """Match two frames in a row, the second wherever it went."""
        step = self._match(before, after)
        if step.score >= MIN_STEP_SCORE:
            return step
        h, w = after.shape
        ways = ((x * w / 3, y * h / 3) for x, y in ANYWHERE[1:])
        wide = (self._match(before, after, way) for way in ways)
        return next((m for m in wide if m.score >= MIN_STEP_SCORE), NO_MATCH)

    def _match(
        self,
        before: F32,
        after: F32,
        expected_px: tuple[float, float] = (0.0, 0.0),
        reach_px: int = WORK_WIDTH_PX,
    ) -> Match:
        """Match two views; NO_MATCH where the result is not to be believed."""
        take_out = self._static.take_out
        found = match(take_out(before), take_out(after), expected_px, reach_px)
        stands = max(abs(v) for v in found.shift_px) < STILL_PX
        dust_alone = stands and not self._static.is_known and differ(before, after)
        return found if found.is_sound and not dust_alone else NO_MATCH

    def _correct(self, view: F32) -> None:
        """Take out drift by a keyframe, or make a new one here."""
        near = self._keyframes.near(self._place, self._island, 1)
        if near and _distance(near[0].place_px, self._place) <= SPACING_PX:
            self._align(view, near[0])
            return
        around = self._keyframes.near(self._place, self._island, 2)
        if around:
            self._align(view, min(around, key=lambda k: k.number))
        self._keyframes.add(view, self._place, self._island)

    def _align(self, view: F32, keyframe: Keyframe) -> None:
        """Move the place a little, to agree with a keyframe."""
        expected = _subtract(self._place, keyframe.place_px)
        found = self._match(keyframe.view, view, expected, MAX_CORRECTION_PX)
        place = _add(keyframe.place_px, found.shift_px)
        if found.score >= MIN_KEYFRAME_SCORE:
            self._place = place

    def _find_again(self, view: F32) -> float | None:
        near = self._keyframes.near(self._place, self._island, SEARCH_BINS)
        found = self._search(view, near[:MAX_SEARCHED] + self._in_turn(), ANYWHERE)
        if found is None:
            return None
        keyframe, fit = found
        self._island = keyframe.island
        self._place = _add(keyframe.place_px, fit.shift_px)
        return fit.score

    def _find_overlap(self, view: F32) -> Joined | None:
        """Look for the view in other islands; join the two that it belongs to."""
        others = [k for k in self._in_turn() if k.island != self._island]
        found = self._search(view, others, AT_REST, MIN_OVERLAP_RESEMBLANCE)
        if found is None:
            return None
        keyframe, fit = found
        there = _add(keyframe.place_px, fit.shift_px)
        shift = _subtract(there, self._place)
        island, into = self._island, keyframe.island
        if into > island:
            island, into, shift = into, island, _subtract((0.0, 0.0), shift)
        else:
            self._place, self._island = there, into
        self._keyframes.join(island, into, shift)
        x, y = (v * self._factor for v in shift)
        return Joined(island=island, into=into, shift_px=(x, y))

    def _in_turn(self) -> list[Keyframe]:
        """Return the next few keyframes of all, where there is more than one island."""
        n = min(SEARCHED_IN_TURN, len(self._keyframes))
        start, self._turn = self._turn, self._turn + n
        return [
            self._keyframes[i % len(self._keyframes)] for i in range(start, start + n)
        ]

    def _search(
        self,
        view: F32,
        keyframes: list[Keyframe],
        ways: tuple[tuple[int, int], ...],
        least: float = -1.0,
    ) -> tuple[Keyframe, Match] | None:
        """Return the keyframe that shows the view's place, and how it fits.

        Args:
            view: The view.
            keyframes: Where to look.
            ways: Where from a keyframe, in thirds of a view, the view may lie.
            least: Resemblance from which a closer look is taken.
        """
        if not keyframes:
            return None
        small = coarse(self._static.take_out(view))
        h, w = small.shape
        tries = [
            (resemblance(k.coarse, small, (x * w / 3, y * h / 3)), k, (x, y))
            for k in set(keyframes)
            for x, y in ways
        ]
        tries.sort(key=lambda t: -t[0])
        h, w = view.shape
        fits = [
            (k, self._match(k.view, view, (x * w / 3, y * h / 3)))
            for like, k, (x, y) in tries[:N_CLOSER_LOOKS]
            if like >= least
        ]
        best = max(fits, key=lambda f: f[1].score, default=None)
        return best if best and best[1].score >= MIN_KEYFRAME_SCORE else None


def _add(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    return a[0] + b[0], a[1] + b[1]


def _subtract(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    return a[0] - b[0], a[1] - b[1]


def _distance(a: tuple[float, float], b: tuple[float, float]) -> float:
    return float(np.hypot(a[0] - b[0], a[1] - b[1]))
