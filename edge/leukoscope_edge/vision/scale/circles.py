"""Round outlines of any size, by what their edges point at.

Every edge votes for the centres that it may belong to, at each radius; a circle is
where most of a rim agrees. No threshold parts cells from plasma, so that uneven or
coloured light and cells that touch do no harm. It says where circles are and how dark
they are inside, not what they are.

Source: Duda and Hart, CACM 15:11, 1972, with the direction of edges as in Kimme et
al., CACM 18:120, 1975.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from leukoscope_edge.arrays import F32, F64, U8, BoolArray
from leukoscope_edge.vision.otsu import counts_of, percentile_of

SIDE_PX = 320
"""Longer side at which circles are looked for, whatever the picture's own."""
RADII_PX = tuple(5.0 * 1.1**k for k in range(34))
"""From a red cell in a wide field to a white cell that fills the picture."""
MAX_RADIUS_SHARE = 0.45
"""Of the shorter side."""
EDGE_PERCENTILE = 80.0
"""Of the steepness: the rest is plasma and the inside of cells."""
MIN_EDGE_LEVELS = 1.5
"""Of one pixel's step: less is noise."""
SPREAD = 0.1
"""Of a radius: how far votes for one centre may lie apart, for cells are not quite
round."""
MIN_COVER = 0.42
"""Of a rim that agrees; chance reaches 0.35 in crowded fields (looked at)."""
CLEAR_SHARE = 0.9
"""Of its radius around a circle no other is looked for."""
MAX_CIRCLES = 60
SURROUNDINGS_PERCENTILE = 75
INNER, OUTER = 0.75, 1.25
"""Of its radius: what lies within is its inside, what lies beyond its surroundings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """One round outline.

    Attributes:
        x_px: Its centre in the picture.
        y_px: The same.
        diameter_px: In pixels of the picture.
        cover: Share of the rim that agrees.
        density: (R, G, B), how much darker its inside is than what surrounds it, as a
            natural logarithm: lamp and exposure drop out.
    """

    x_px: float
    y_px: float
    diameter_px: float
    cover: float
    density: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Best:
    """The best radius around each place, each (h, w).

    Attributes:
        cover: float32, share of its rim that agrees.
        which: uint8, its index, the first of several.
        before: float32, the share of the next smaller radius, where there is one.
        after: The same of the next larger.
    """

    cover: F32
    which: U8
    before: F32
    after: F32


def find_circles(pixels: U8) -> list[Circle]:
    """Return the dark round outlines of a picture, the surest first.

    Args:
        pixels: (H, W, 3) uint8 RGB.
    """
    factor = SIDE_PX / max(pixels.shape[:2])
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    size = tuple(max(8, round(side * factor)) for side in pixels.shape[1::-1])
    small = cv2.resize(pixels, size, interpolation=way)
    view = np.asarray(cv2.GaussianBlur(small, (0, 0), 1.0), np.uint8)
    radii = [r for r in RADII_PX if r < MAX_RADIUS_SHARE * min(view.shape[:2])]
    if not radii:
        return []
    best = _best_of(_votes(view, radii))
    return [
        _circle(view, x, y, radius, cover, factor)
        for x, y, radius, cover in _peaks(best, np.array(radii))
    ]


def _votes(view: U8, radii: list[float]) -> Iterator[F32]:
    """Yield for each radius (h, w) float32, the share of a rim around each place."""
    height, width = view.shape[:2]
    x, y, across, down = _edges(view)
    for radius in radii:
        column = np.rint(x - across * radius).astype(np.int32)
        row = np.rint(y - down * radius).astype(np.int32)
        is_in = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        at = row[is_in] * width + column[is_in]
        counts = np.bincount(at, minlength=height * width).reshape(height, width)
        spread_px = max(1.0, SPREAD * radius)
        blurred = cv2.GaussianBlur(counts.astype(np.float32), (0, 0), spread_px)
        yield np.asarray(blurred * (spread_px**2 / radius), np.float32)


def _edges(view: U8) -> tuple[F32, F32, F32, F32]:
    """Return x, y and the direction to the bright side of each thin edge."""
    across, down, most = _steepest(view)
    level = max(MIN_EDGE_LEVELS, float(np.percentile(most, EDGE_PERCENTILE)))
    rows, columns = np.nonzero(most > level)
    height = most[rows, columns]
    x, y = columns.astype(np.float32), rows.astype(np.float32)
    right, below = across[rows, columns] / height, down[rows, columns] / height
    is_thin = np.ones(len(x), np.bool_)
    for side in (-1, 1):
        beside = _read(most, x + side * right, y + side * below)
        is_thin &= height >= beside
    return x[is_thin], y[is_thin], right[is_thin], below[is_thin]


def _steepest(view: U8) -> tuple[F32, F32, F32]:
    """Return the steps across and down of each place's steepest channel, and its own.

    Channel by channel: an index of the best of three takes twice as long.
    """
    channels = cv2.split(view.astype(np.float32))
    across, down, most = _steps(channels[0])
    for channel in channels[1:]:
        right, below, steep = _steps(channel)
        is_more = steep > most
        for best, own in ((across, right), (down, below), (most, steep)):
            np.copyto(best, own, where=is_more)
    return across, down, most


def _steps(channel: "cv2.typing.MatLike") -> tuple[F32, F32, F32]:
    """Return the steps of a channel across and down, and how steep they are."""
    across, down = (
        np.asarray(cv2.Sobel(channel, cv2.CV_32F, *way) / 8, np.float32)
        for way in ((1, 0), (0, 1))
    )
    return across, down, np.hypot(across, down)


def _read(plane: F32, x: F32, y: F32) -> F32:
    read = [cv2.remap(plane, a, b, cv2.INTER_LINEAR) for a, b in [(x, y)] if len(x)]
    return np.asarray(read, np.float32).reshape(-1)


def _peaks(best: _Best, radii: F64) -> list[tuple[int, int, float, float]]:
    """Return x, y, radius and cover of circles that do not lie in one another."""
    left, peaks = best.cover.copy(), []
    for _ in range(MAX_CIRCLES):
        _, cover, _, (x, y) = cv2.minMaxLoc(left)
        if cover < MIN_COVER:
            break
        radius = _between(best, x, y, radii)
        if best.which[y, x] > 0:  # the smallest radius also fits specks and noise
            peaks.append((int(x), int(y), radius, float(cover)))
        cv2.circle(left, (x, y), max(3, int(CLEAR_SHARE * radius)), 0.0, cv2.FILLED)
    return peaks


def _best_of(votes: Iterator[F32]) -> _Best:
    """Return the most votes of each place, of radii one after the other.

    Together they would take ten megabytes.
    """
    last = next(votes)
    best = _Best(
        cover=last.copy(),
        which=np.zeros(last.shape, np.uint8),
        before=np.zeros_like(last),
        after=np.zeros_like(last),
    )
    for index, own in enumerate(votes, start=1):
        was_best = (best.which == index - 1).view(np.uint8)
        is_more = (own > best.cover).view(np.uint8)
        cv2.copyTo(own, was_best, best.after)
        cv2.copyTo(last, is_more, best.before)
        cv2.copyTo(own, is_more, best.cover)
        np.maximum(best.which, is_more * np.uint8(index), out=best.which)
        last = own
    return best


def _between(best: _Best, x: int, y: int, radii: F64) -> float:
    """Return the radius of the top of a parabola through three covers."""
    index = int(best.which[y, x])
    if not 0 < index < len(radii) - 1:
        return float(radii[index])
    covers = best.before, best.cover, best.after
    left, middle, right = (float(cover[y, x]) for cover in covers)
    bend = left - 2 * middle + right
    shift = 0.0 if bend >= 0 else 0.5 * (left - right) / bend
    return float(radii[index] * (radii[1] / radii[0]) ** shift)


def _circle(
    view: U8, x: int, y: int, radius: float, cover: float, factor: float
) -> Circle:
    reach = int(OUTER * radius) + 2
    top, left = max(0, y - reach), max(0, x - reach)
    part = np.ascontiguousarray(view[top : y + reach + 1, left : x + reach + 1])
    rows, columns = np.ogrid[: part.shape[0], : part.shape[1]]
    away = np.hypot(rows + (top - y), columns + (left - x))
    inside = _levels(part, away <= INNER * radius, 50)
    around = (away > radius) & (away <= OUTER * radius + 1)
    outside = _levels(part, around, SURROUNDINGS_PERCENTILE) if around.any() else inside
    red, green, blue = np.log(np.maximum(outside, 1) / np.maximum(inside, 1))
    return Circle(
        x_px=x / factor,
        y_px=y / factor,
        diameter_px=2 * radius / factor,
        cover=cover,
        density=(float(red), float(green), float(blue)),
    )


def _levels(part: U8, mask: BoolArray, percent: float) -> F32:
    """Return the percentile of each channel under a mask, by counts: levels are whole.

    Args:
        part: (h, w, 3) uint8.
        mask: (h, w) bool, not empty.
        percent: 0..100.
    """
    channels = cv2.split(part)
    counts = (counts_of(np.asarray(channel), mask) for channel in channels)
    return np.array([percentile_of(c, percent) for c in counts], np.float32)
