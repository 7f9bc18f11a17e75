"""How far the stage moved between two views of it, and whether that can be believed.

A patch of one view is looked for inside the other by normalised correlation. Bounded:
a correlation that wraps around finds motion that never was. A match is believed only
where the whole overlap of the two views agrees with it, and where no other place fits
nearly as well: one round red cell looks much like the next.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from leukoscope_edge.arrays import F32, U8, BoolArray
from leukoscope_edge.vision.scale.eyepiece import black_of

WORK_WIDTH_PX = 320
"""Frames are matched at this width: a red cell still spans 15 to 45 pixels."""
LOG_OF_LIGHT = np.log(np.arange(1, 257, dtype=np.float32))
"""By the level of green."""
HIGH_PASS_SIDE_PX = 31
"""At working scale; a box filter run twice: shading is far wider, cells narrower."""
MIN_TEXTURE = 0.008
"""In logarithms of light: a patch with less holds noise alone (a sensor's noise leaves
0.003 to 0.005 at working scale, one red cell in the patch 0.03)."""
MIN_BURNT_IN, MAX_BURNT_IN = 0.002, 0.9
"""Of the view, in black: less is dust, which has a way of its own; more is no light."""
TEXT_PX = (11, 11)
"""At working scale: strokes in a black box are no wider, and belong to it."""
PEAK_RADIUS_PX = 8
"""At working scale: half a small red cell; nearer maxima are the same peak."""
MAX_RIVAL = 0.9
"""Of the best score: a second peak this high makes the place ambiguous."""
MIN_OVERLAP_SCORE = 0.6
"""Correlation over all that both views show; wrong places stay below 0.4."""
MIN_LANDMARKS = 3
"""Dark spots that agree: one or two round cells fit many places on a sparse film."""
MIN_LANDMARK_PX2 = 5
"""At half the working scale: a tenth of a small red cell, far more than noise has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Where one view lies in another.

    Attributes:
        shift_px: (x, y) motion of the stage from the first to the second view.
        score: Correlation of the patch, -1..1.
        is_sound: Whether the overlap agrees and no other place rivals this one.
    """

    shift_px: tuple[float, float]
    score: float
    is_sound: bool


NO_MATCH = Match(shift_px=(0.0, 0.0), score=0.0, is_sound=False)


def prepare(pixels: U8, outside: BoolArray | None = None) -> F32:
    """Return the view of a frame in which motion is looked for.

    The logarithm makes dust, shading and lamp a sum with the picture; the high pass
    takes out what is wider than cells. What is burnt in, a circle, bars, a clock, does
    not move with the stage and is left out.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        outside: (H, W) bool, where nothing was seen; None: the picture fills its frame.

    Returns:
        (h, w) float32 about 0, at most `WORK_WIDTH_PX` wide.
    """
    h, w = pixels.shape[:2]
    factor = work_factor(w)
    size = (max(3, round(w / factor)), max(3, round(h / factor)))
    green = cv2.resize(pixels[..., 1], size, interpolation=cv2.INTER_AREA)
    light = np.asarray(cv2.LUT(green, LOG_OF_LIGHT), np.float32)
    hidden = _burnt_in(pixels, outside, size)
    if hidden is not None:
        light[hidden] = np.median(light[~hidden])
    side = (HIGH_PASS_SIDE_PX, HIGH_PASS_SIDE_PX)
    view = np.asarray(light - cv2.blur(cv2.blur(light, side), side), np.float32)
    if hidden is not None:
        view[hidden] = 0.0
    return view


def _burnt_in(
    pixels: U8, outside: BoolArray | None, size: tuple[int, int]
) -> BoolArray | None:
    """Return what of a view no stage moves, (h, w) bool; None where there is nothing.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        outside: As `prepare` takes it.
        size: Width and height of the view.
    """
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_NEAREST))
    black = black_of(np.asarray(small, np.uint8))
    if outside is not None:
        shape = cv2.resize(
            outside.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST
        )
        black |= np.asarray(shape, np.uint8)
    if not MIN_BURNT_IN < cv2.countNonZero(black) / black.size < MAX_BURNT_IN:
        return None
    closed = cv2.morphologyEx(black, cv2.MORPH_CLOSE, np.ones(TEXT_PX, np.uint8))
    return cv2.dilate(closed, np.ones((5, 5), np.uint8)) > 0


def work_factor(width_px: int) -> float:
    """Return how many pixels of a frame make one of a view."""
    return max(1.0, width_px / WORK_WIDTH_PX)


def match(
    before: F32,
    after: F32,
    expected_px: tuple[float, float] = (0.0, 0.0),
    reach_px: int = WORK_WIDTH_PX,
) -> Match:
    """Find a patch of one view inside another.

    Args:
        before: (h, w) float32, a prepared view.
        after: The same size.
        expected_px: About how far the stage moved; the patch is taken from the middle
            of what both views then show.
        reach_px: How far from there the patch is looked for, inside the view.
    """
    corner = _patch_corner(expected_px, after.shape)
    if corner is None:
        return NO_MATCH
    x0, y0 = corner
    patch = _patch(after, corner)
    h, w = patch.shape
    if float(patch.std()) < MIN_TEXTURE:
        return NO_MATCH
    left = max(0, x0 + round(expected_px[0]) - reach_px)
    top = max(0, y0 + round(expected_px[1]) - reach_px)
    window = before[top : top + h + 2 * reach_px, left : left + w + 2 * reach_px]
    scores = np.asarray(
        cv2.matchTemplate(window, patch, cv2.TM_CCOEFF_NORMED), np.float32
    )
    _, score, _, (x, y) = cv2.minMaxLoc(scores)
    dx, dy = left + x - x0, top + y - y0
    fine_x = _peak_offset(scores[y, max(0, x - 1) : x + 2])
    fine_y = _peak_offset(scores[max(0, y - 1) : y + 2, x])
    shared = _overlap(before, after, (dx, dy))
    is_sound = (
        _rival(scores, x, y) < MAX_RIVAL * score
        and correlation(*shared) >= MIN_OVERLAP_SCORE
        and _n_landmarks(*shared) >= MIN_LANDMARKS
    )
    return Match(
        shift_px=(dx + fine_x, dy + fine_y), score=float(score), is_sound=is_sound
    )


def resemblance(before: F32, after: F32, expected_px: tuple[float, float]) -> float:
    """Return how well the patch that `match` would take fits anywhere, -1..1."""
    corner = _patch_corner(expected_px, after.shape)
    if corner is None:
        return -1.0
    patch = _patch(after, corner)
    scores = np.asarray(
        cv2.matchTemplate(before, patch, cv2.TM_CCOEFF_NORMED), np.float32
    )
    return float(scores.max())


def _patch(view: F32, corner: tuple[int, int]) -> F32:
    (x, y), (h, w) = corner, view.shape
    return np.asarray(view[y : y + h // 3, x : x + w // 3], np.float32)


def _overlap(before: F32, after: F32, shift_px: tuple[int, int]) -> tuple[F32, F32]:
    """Return what both views show after a shift, every other pixel, about its mean.

    Where one holds nothing, burnt in as it is, both are left out.
    """
    (dx, dy), (h, w) = shift_px, after.shape
    a = before[max(0, dy) : h + min(0, dy) : 2, max(0, dx) : w + min(0, dx) : 2]
    b = after[max(0, -dy) : h - max(0, dy) : 2, max(0, -dx) : w - max(0, dx) : 2]
    if float((after == 0).mean()) <= MIN_BURNT_IN:
        return a - a.mean(), b - b.mean()
    both = (a != 0) & (b != 0)
    return _about_mean(a, both), _about_mean(b, both)


def _about_mean(view: F32, where: BoolArray) -> F32:
    """Return a view less its mean, and nothing elsewhere."""
    mean = view.sum(where=where) / max(1, int(where.sum()))
    return np.asarray(np.where(where, view - mean, 0), np.float32)


def correlation(a: F32, b: F32) -> float:
    """Return the correlation of two views of one size, each about its mean, -1..1."""
    energy = float(np.vdot(a, a) * np.vdot(b, b))
    return float(np.vdot(a, b)) / max(math.sqrt(energy), 1e-9)


def _n_landmarks(a: F32, b: F32) -> int:
    """Return how many separate dark spots two views have in common."""
    dark = (a < -a.std()) & (b < -b.std())
    _, labels = cv2.connectedComponents(dark.view(np.uint8))
    areas_px = np.bincount(np.asarray(labels, np.int32).ravel())[1:]
    return int((areas_px >= MIN_LANDMARK_PX2).sum())


def _patch_corner(
    expected_px: tuple[float, float], shape: tuple[int, ...]
) -> tuple[int, int] | None:
    """Return (x, y) of a patch in the middle of the overlap, None without overlap."""
    h, w = shape
    corner = []
    for shift, side in zip(expected_px, (w, h), strict=True):
        if abs(shift) > side * 2 / 3:
            return None
        middle = side / 2 - shift / 2
        corner.append(round(min(max(middle - side / 6, 0), side - side // 3)))
    return corner[0], corner[1]


def _rival(scores: F32, x: int, y: int) -> float:
    """Return the best score away from the peak at (x, y)."""
    others = scores.copy()
    r = PEAK_RADIUS_PX
    others[max(0, y - r) : y + r + 1, max(0, x - r) : x + r + 1] = -1
    return cv2.minMaxLoc(others)[1]


def _peak_offset(three: F32) -> float:
    """Return the sub-pixel place of a peak from it and its two neighbours."""
    if len(three) < 3:
        return 0.0
    left, middle, right = (float(v) for v in three)
    curvature = left - 2 * middle + right
    return 0.0 if curvature >= 0 else 0.5 * (left - right) / curvature
