"""Stage motion: where on the slide each frame lies, from the picture alone.

The middle of a frame is matched inside the last frame and, nearby, inside a keyframe,
by bounded normalised correlation at reduced scale. Bounded, because a correlation that
wraps around finds motion that never was; high-passed and divided by what all frames
share, because dust and shading that stay put would otherwise read as "no motion".

States: TRACKING; TOO_FAST, the last step could not be followed; LOST, several could
not. Not tracking pauses the count; keyframes are searched until one fits again.
"""

from dataclasses import dataclass
from enum import Enum

import cv2
import numpy as np

from leukoscope_edge.types import F32, U8

WORK_WIDTH_PX = 320
"""Frames are matched at this width: a red cell still spans 15 to 45 pixels."""
HIGH_PASS_SIGMA_PX = 12.0
"""At working scale; shading is far wider, cells are narrower."""
MIN_STEP_SCORE = 0.75
"""Correlation from which a step counts as followed; wrong places stay below 0.5."""
MIN_KEYFRAME_SCORE = 0.8
KEYFRAME_SPACING_PX = 50.0
"""At working scale: a sixth of the width, so that neighbours overlap well."""
MAX_CORRECTION_PX = 20.0
"""At working scale: a keyframe never moves a tracked place further than this."""
MAX_SEARCHED_KEYFRAMES = 60
LOST_AFTER_FRAMES = 3
MIN_TEXTURE = 1.0
"""Grey levels: less in the high-passed frame and there is nothing to follow."""


class TrackingState(str, Enum):
    """Whether the place of the frame is known."""

    TRACKING = "tracking"
    TOO_FAST = "too fast"
    LOST = "lost"


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
    island: int = 0
    joined: "Joined | None" = None


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


@dataclass(frozen=True, slots=True)
class _Keyframe:
    place: F32
    view: F32


class StageTracker:
    """Follows a hand-moved stage frame by frame; the first frame is the origin."""

    def __init__(self, first_island: int = 0) -> None:
        """Start without a place.

        Args:
            first_island: Number of the island that begins with the first frame.
        """
        self._island = first_island
        self._last: F32 | None = None
        self._place = np.zeros(2, np.float32)
        self._keyframes: list[_Keyframe] = []
        self._n_not_tracked = 0

    def new_area(self) -> None:
        """Start an island with the next frame: its place is the new origin."""
        self._island += 1
        self._last = None
        self._place = np.zeros(2, np.float32)
        self._keyframes = []

    def update(self, pixels: U8) -> Placement:
        """Place the next frame.

        Args:
            pixels: (H, W, 3) uint8 RGB, the same size every time.
        """
        factor = max(1.0, pixels.shape[1] / WORK_WIDTH_PX)
        view = _prepare(pixels, factor)
        score = self._follow(view)
        self._last = view
        self._n_not_tracked = 0 if score is not None else self._n_not_tracked + 1
        if score is None:
            lost = self._n_not_tracked >= LOST_AFTER_FRAMES
            state = TrackingState.LOST if lost else TrackingState.TOO_FAST
        else:
            state = TrackingState.TRACKING
        x, y = (float(v) * factor for v in self._place)
        return Placement(
            state=state, x_px=x, y_px=y, score=score or 0.0, island=self._island
        )

    def _follow(self, view: F32) -> float | None:
        """Update the place; return the score, or None where it is not known."""
        if self._last is None:
            self._keyframes.append(_Keyframe(self._place.copy(), view))
            return 1.0
        if self._n_not_tracked > 0:
            return self._find_again(view)
        shift, score = match(self._last, view)
        if score < MIN_STEP_SCORE:
            return self._find_again(view)
        self._place = self._place + shift
        self._correct(view)
        return score

    def _find_again(self, view: F32) -> float | None:
        nearest = sorted(
            self._keyframes, key=lambda k: float(np.hypot(*(k.place - self._place)))
        )
        matches = [(k, *match(k.view, view)) for k in nearest[:MAX_SEARCHED_KEYFRAMES]]
        keyframe, shift, score = max(matches, key=lambda m: m[2])
        if score < MIN_KEYFRAME_SCORE:
            return None
        self._place = keyframe.place + shift
        return score

    def _correct(self, view: F32) -> None:
        """Take out drift by the nearest keyframe, or make a new one here."""
        nearest = min(
            self._keyframes, key=lambda k: float(np.hypot(*(k.place - self._place)))
        )
        distance = float(np.hypot(*(nearest.place - self._place)))
        if distance > KEYFRAME_SPACING_PX:
            self._keyframes.append(_Keyframe(self._place.copy(), view))
            return
        shift, score = match(nearest.view, view)
        place = nearest.place + shift
        is_near = float(np.hypot(*(place - self._place))) < MAX_CORRECTION_PX
        if score >= MIN_KEYFRAME_SCORE and is_near:
            self._place = place


def match(before: F32, after: F32) -> tuple[F32, float]:
    """Find the middle of one view inside another.

    Args:
        before: (h, w) float32, high-passed.
        after: The same size.

    Returns:
        The (2,) float32 motion of the stage (x, y) in pixels of the views, and the
        correlation there.
    """
    h, w = after.shape
    y0, x0 = h // 3, w // 3
    patch = after[y0 : y0 + h // 3, x0 : x0 + w // 3]
    if float(patch.std()) < MIN_TEXTURE:
        return np.zeros(2, np.float32), 0.0
    scores = np.asarray(
        cv2.matchTemplate(before, patch, cv2.TM_CCOEFF_NORMED), np.float32
    )
    _, score, _, (x, y) = cv2.minMaxLoc(scores)
    dx = _peak_offset(scores[y, max(0, x - 1) : x + 2])
    dy = _peak_offset(scores[max(0, y - 1) : y + 2, x])
    return np.array([x + dx - x0, y + dy - y0], np.float32), float(score)


def _peak_offset(three: F32) -> float:
    """Return the sub-pixel place of a peak from it and its two neighbours."""
    if len(three) < 3:
        return 0.0
    left, middle, right = (float(v) for v in three)
    curvature = left - 2 * middle + right
    return 0.0 if curvature >= 0 else 0.5 * (left - right) / curvature


def _prepare(pixels: U8, factor: float) -> F32:
    h, w = pixels.shape[:2]
    size = (max(3, round(w / factor)), max(3, round(h / factor)))
    green = cv2.resize(pixels[..., 1], size, interpolation=cv2.INTER_AREA)
    view = green.astype(np.float32)
    smooth = cv2.GaussianBlur(view, (0, 0), HIGH_PASS_SIGMA_PX)
    return np.asarray(view - smooth, np.float32)
