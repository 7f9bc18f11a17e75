"""A provisional scale from red and white cells, where nobody calibrated.

The ruler is the stage micrometer. The red cells' diameter is none: anaemia shifts it.
`estimate_scale` only gives the size gates something to stand on, and the caller marks
whatever follows from it as provisional.
"""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from leukoscope_edge.arrays import F32, U8, BoolArray
from leukoscope_edge.vision.colour import foreground_of, white_balance
from leukoscope_edge.vision.morphology import Place, parts_of, window_of
from leukoscope_edge.vision.otsu import otsu3

RED_CELL_UM = 7.5
"""Mean diameter of a red cell on a dried smear, 7.2 to 8.0 µm."""
WHITE_CELL_UM = 12.5
"""Middle of the diameters of white cells on a smear, 8 µm to 20 µm."""
MAX_NUCLEUS_UM = 16.0
"""No nucleus is larger: what was taken for red cells was something smaller."""
FALLBACK_UM_PER_PX = 0.1
"""A 100x objective on a common camera, where nothing in the image can be measured."""
MIN_RED_CELLS = 4
MIN_ROUNDNESS = 0.8
"""Of a red cell that lies alone: 4 pi area over squared perimeter; a disc has 1."""
DISC_PERCENTILE = 80.0
"""Of the radii of discs inside red cells that touch: cut and pale ones give smaller
discs, heaps larger ones."""
MIN_SOLIDITY = 0.9
"""Of a white cell that lies alone: its area over that of its convex hull."""
SMALL_BESIDE = 3
"""A white cell, or its nucleus, of less than one in so many of the largest one's area
is a fragment or a platelet."""
MIN_RADIUS_PX = 4.0
MAX_PALLOR_FRACTION = 0.02
"""Of the frame: a larger hole in the red cells is plasma, not a red cell's pale
centre."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleEstimate:
    """A provisional scale.

    Attributes:
        um_per_px: Micrometres per pixel.
        source: What it was taken from.
        n: How many objects were measured.
    """

    um_per_px: float
    source: Literal["red cells", "white cells", "nothing"]
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RedCells:
    """What the red cells of a frame measure.

    Attributes:
        diameter_px: Median, in pixels.
        n: How many were measured.
        are_alone: They lie alone; False: discs inside cells that touch, less exact.
    """

    diameter_px: float
    n: int
    are_alone: bool


def estimate_scale(pixels: U8, stained: BoolArray) -> ScaleEstimate:
    """Estimate what a pixel measures from the cells themselves, provisionally.

    Args:
        pixels: (H, W, 3) uint8 RGB, white-balanced.
        stained: (H, W) bool, the violet nuclei.
    """
    return scale_from_cells(foreground_of(pixels), stained)


def scale_from_cells(foreground: BoolArray, stained: BoolArray) -> ScaleEstimate:
    """Estimate what a pixel measures where the foreground is known already.

    Args:
        foreground: (H, W) bool, all that is not plasma.
        stained: (H, W) bool, the violet nuclei.
    """
    nuclei = stained.astype(np.uint8)
    red, are_alone = _red_diameters_px(foreground, nuclei)
    if red:
        um_per_px = RED_CELL_UM / float(np.median(red))
        if _nucleus_px(nuclei, are_alone=are_alone) * um_per_px < MAX_NUCLEUS_UM:
            return ScaleEstimate(um_per_px=um_per_px, source="red cells", n=len(red))
    white = _white_diameters_px(foreground, nuclei)
    if white:
        um_per_px = WHITE_CELL_UM / float(np.median(white))
        return ScaleEstimate(um_per_px=um_per_px, source="white cells", n=len(white))
    return ScaleEstimate(um_per_px=FALLBACK_UM_PER_PX, source="nothing", n=0)


def measure_red_cells(pixels: U8) -> RedCells | None:
    """Measure the red cells of a frame; None where they cannot be measured.

    Those that lie alone where there are enough, else the discs that fit into those
    that touch: their median, which half of them may miss, cut ones and heaps.

    Args:
        pixels: (H, W, 3) uint8 RGB.
    """
    balanced = white_balance(pixels)
    foreground = foreground_of(balanced)
    violet = cv2.subtract(balanced[..., 2], balanced[..., 1])
    _, high = otsu3(np.asarray(violet, np.uint8))
    # Red cells have no violet; what has some is not measured.
    nuclei = ((violet > high) & foreground).astype(np.uint8)
    opened = cv2.morphologyEx(nuclei, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    stained = np.asarray(opened, np.uint8)
    red = red_mask(foreground, stained)
    alone = _round_diameters_px(red)
    are_alone = len(alone) >= MIN_RED_CELLS
    diameters = alone if are_alone else _disc_diameters_px(red)
    if len(diameters) < MIN_RED_CELLS:
        return None
    diameter_px = float(np.median(diameters))
    nucleus_um = _nucleus_px(stained, are_alone=are_alone) * RED_CELL_UM / diameter_px
    if nucleus_um >= MAX_NUCLEUS_UM:
        return None
    return RedCells(diameter_px=diameter_px, n=len(diameters), are_alone=are_alone)


def _red_diameters_px(foreground: BoolArray, nuclei: U8) -> tuple[list[float], bool]:
    """Return the diameters of red cells, none where there are too few.

    Of those that lie alone, or where nearly all touch, of discs that fit into them;
    and which of the two.
    """
    red = red_mask(foreground, nuclei)
    alone = _round_diameters_px(red)
    if len(alone) >= MIN_RED_CELLS:
        return alone, True
    discs = _disc_diameters_px(red)
    if len(discs) < MIN_RED_CELLS:
        return [], False
    return [float(np.percentile(discs, DISC_PERCENTILE))] * len(discs), False


def red_mask(foreground: BoolArray, nuclei: U8) -> U8:
    """Return (H, W) uint8 0/1, the foreground away from nuclei, pale centres filled.

    Args:
        foreground: (H, W) bool, all that is not plasma.
        nuclei: (H, W) uint8 0/1, the violet nuclei.
    """
    near = cv2.dilate(nuclei, np.ones((17, 17), np.uint8)) > 0
    white = near | _white_cells_alone(foreground, nuclei)
    return _without_holes(foreground & ~white, MAX_PALLOR_FRACTION)


def _white_cells_alone(foreground: BoolArray, nuclei: U8) -> BoolArray:
    """Return the bodies with a nucleus that nothing touches: they are convex."""
    alone = np.zeros(foreground.shape, np.uint8)
    whole = (foreground | (nuclei > 0)).astype(np.uint8)
    contours, _ = cv2.findContours(whole, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    for contour in contours:
        x, y, w, h = cv2.boundingRect(contour)
        if not nuclei[y : y + h, x : x + w].any():
            continue
        hull_area = cv2.contourArea(cv2.convexHull(contour))
        if cv2.contourArea(contour) >= MIN_SOLIDITY * hull_area:
            cv2.drawContours(alone, [contour], -1, 1, cv2.FILLED)
    return alone > 0


def _round_diameters_px(mask: U8) -> list[float]:
    """Return the diameters of the round objects that the border does not cut."""
    height, width = mask.shape
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    diameters = []
    for contour in contours:
        x, y, w, h = cv2.boundingRect(contour)
        is_inside = x > 0 and y > 0 and x + w < width and y + h < height
        if not is_inside or min(w, h) < 2 * MIN_RADIUS_PX:
            continue
        area = cv2.contourArea(contour)
        if 4 * np.pi * area >= MIN_ROUNDNESS * cv2.arcLength(contour, True) ** 2:
            diameters.append(2 * float(np.sqrt(area / np.pi)))
    largest = max(diameters, default=0.0)
    return [d for d in diameters if d > largest / 2]


def _disc_diameters_px(mask: U8) -> F32:
    """Return the diameters of the largest discs inside a mask, away from its rim."""
    depth = cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_3)
    depth = np.minimum(depth, max(mask.shape))  # infinite where all is cell
    is_peak = depth >= cv2.dilate(depth, np.ones((9, 9), np.uint8))
    is_peak &= depth > MIN_RADIUS_PX
    rim = round(MIN_RADIUS_PX)
    inner = np.s_[rim : depth.shape[0] - rim, rim : depth.shape[1] - rim]
    radii = np.asarray(depth[inner][is_peak[inner]], np.float32)
    return np.asarray(2 * radii[radii > 0.4 * radii.max(initial=0)], np.float32)


def _without_holes(mask: BoolArray, max_fraction: float) -> U8:
    filled = mask.astype(np.uint8)
    contours, tree = cv2.findContours(filled, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    for index, contour in enumerate(contours):
        is_hole = tree[0][index][3] >= 0
        if is_hole and cv2.contourArea(contour) < max_fraction * mask.size:
            cv2.drawContours(filled, [contour], -1, 1, cv2.FILLED)
    return filled


def _white_diameters_px(foreground: BoolArray, nuclei: U8) -> list[float]:
    """Return the area-equivalent diameters of the bodies that hold nuclei."""
    labels, places = parts_of((foreground | (nuclei > 0)).view(np.uint8))
    own = np.unique(labels[nuclei > 0])
    return _large_diameters_px([places[label] for label in own[own > 0]])


def _nucleus_px(nuclei: U8, *, are_alone: bool) -> float:
    """Return the diameter to hold against MAX_NUCLEUS_UM, 0 where there is no nucleus.

    Beside red cells that lie alone, of the largest disc in any: white cells in clumps
    have no larger. Else the area-equivalent one of the least large: what was taken for
    red cells may be anything then, and some of the nuclei are clumps.
    """
    if are_alone:
        window = window_of(nuclei)
        depth = cv2.distanceTransform(nuclei[window], cv2.DIST_L2, cv2.DIST_MASK_3)
        return 2 * min(float(depth.max()), float(max(nuclei.shape)))
    _, places = parts_of(nuclei)
    return min(_large_diameters_px(list(places.values())), default=0.0)


def _large_diameters_px(places: list[Place]) -> list[float]:
    """Return the area-equivalent diameters of all but what is small beside others."""
    areas = [place.area_px for place in places]
    large = [a for a in areas if a > max(areas) / SMALL_BESIDE]
    return [2 * float(np.sqrt(a / np.pi)) for a in large]
