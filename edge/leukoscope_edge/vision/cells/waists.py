"""Nuclei that touch over a broad front, cut along the line between two notches.

Two discs that touch leave a notch on either side. A line from notch to notch is a waist
where it is much shorter than what it parts is wide, or where the stain beside it
differs as that of two cells does. Else it crosses a bean, or parts granules from their
nucleus.

Source: concave points paired by the shortest cut, as in Farhan et al., Pattern
Recognition 46:3, 2013.
"""

from itertools import combinations
from math import hypot, pi, sqrt

import cv2
import numpy as np

from leukoscope_edge.arrays import U8
from leukoscope_edge.vision.cells.lobes import density_of
from leukoscope_edge.vision.morphology import depth_of

NOTCH_UM, MAX_NOTCHES = 0.4, 6
"""Depth below the hull, at least, and how many of the deepest are paired."""
WAIST, WAIST_OF_UNLIKE, UNLIKE = 0.6, 0.9, 0.35
"""Of the diameter of a disc as large as the smaller part: a cut is no longer, and that
between parts whose optical densities in red differ by the third. Of 15 cuts through
single cells of marrow, looked at, the shortest has 0.70 and no parts differ by more
than 0.32; of 30 between two cells 7 are shorter than 0.6 and 20 differ by more."""
MIN_PART_UM2, MIN_RADIUS_UM = 12.0, 1.5
"""Area of a part and its radius at the thickest, at least: a small dark erythroblast
has 20 µm², a rugged rim has no part."""
CUT_PX = 2
"""Width of the line: no part leaks through it at a corner."""

Point = tuple[int, int]


def cuts_at_waists(own: U8, colours: U8, scale_um_per_px: float) -> list[list[U8]]:
    """Return each way to cut a part in two at a waist, as masks without the line.

    Args:
        own: (h, w) uint8, one part; holes in it are not seen.
        colours: (h, w, 3) uint8 RGB of a view.
        scale_um_per_px: Of it.
    """
    contours, _ = cv2.findContours(own, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    rim = max(contours, key=cv2.contourArea)
    whole = np.asarray(
        cv2.drawContours(np.zeros_like(own), [rim], -1, 1, cv2.FILLED), np.uint8
    )
    pairs = combinations(_notches(np.asarray(rim, np.int32), scale_um_per_px), 2)
    cuts = ((_sides(whole, a, b, scale_um_per_px), a, b) for a, b in pairs)
    return [
        sides
        for sides, a, b in cuts
        if sides and _is_waist(sides, colours, hypot(a[0] - b[0], a[1] - b[1]))
    ]


def _notches(rim: "cv2.typing.MatLike", scale_um_per_px: float) -> list[Point]:
    """Return the bottoms of the deepest notches of an outline, x and y."""
    hull = cv2.convexHull(rim, returnPoints=False)
    if len(hull) < 3:
        return []
    hull = np.sort(hull, axis=0)[::-1].copy()  # else not where the rim touches itself
    found = cv2.convexityDefects(rim, hull)
    if found is None:
        return []
    rows = np.asarray(found, np.int32).reshape(-1, 4)
    depths_um = rows[:, 3] / 256 * scale_um_per_px  # in 256ths of a pixel
    order = np.argsort(-depths_um)[:MAX_NOTCHES]
    deep = [rows[i, 2] for i in order if depths_um[i] >= NOTCH_UM]
    return [(int(rim[i, 0, 0]), int(rim[i, 0, 1])) for i in deep]


def _sides(whole: U8, a: Point, b: Point, scale_um_per_px: float) -> list[U8]:
    """Return what lies on either side of a line; none where that are no two nuclei."""
    cut = cv2.line(whole.copy(), a, b, 0, CUT_PX)
    n, labels, stats, _ = cv2.connectedComponentsWithStats(cut, connectivity=4)
    areas_um2 = stats[:, cv2.CC_STAT_AREA] * scale_um_per_px**2
    large = [i for i in range(1, n) if areas_um2[i] >= MIN_PART_UM2]
    sides = [np.asarray(labels == i, np.uint8) for i in large]
    radii_px = (float(depth_of(side.view(np.bool_)).max()) for side in sides)
    is_thick = all(r * scale_um_per_px >= MIN_RADIUS_UM for r in radii_px)
    return sides if len(sides) == 2 and is_thick else []


def _is_waist(sides: list[U8], colours: U8, length_px: float) -> bool:
    """Say whether a cut of that length parts two cells and not one."""
    wide_px = 2 * sqrt(min(cv2.countNonZero(side) for side in sides) / pi)
    one, other = (density_of(colours, side) for side in sides)
    most = WAIST_OF_UNLIKE if abs(one - other) >= UNLIKE else WAIST
    return length_px <= most * wide_px
