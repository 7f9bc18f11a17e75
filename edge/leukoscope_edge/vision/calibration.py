"""Calibration: white balance on the plasma, and what one pixel measures.

The red cells' diameter is never the ruler: anaemia shifts it. `estimate_scale` only
gives the size gates something to stand on where nobody calibrated, and the caller
marks whatever follows from it as provisional.
"""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from leukoscope_edge.types import F32, U8, BoolArray

PLASMA_LEVEL = 230.0
"""Grey level that the plasma is moved to: bright, with room before clipping."""
PLASMA_PERCENTILES = (60.0, 95.0)
"""Between the red cells below and glare above lies the plasma, in a monolayer."""
MIN_PLASMA_LEVEL = 1.0
"""Below this a channel is dead and is left alone."""
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


def plasma_colour(pixels: U8) -> F32:
    """Return the (3,) float32 RGB of the plasma, the bright empty background.

    Args:
        pixels: (H, W, 3) uint8 RGB.
    """
    sample = pixels[::4, ::4].reshape(-1, 3)
    brightness = sample.sum(axis=1, dtype=np.int32)
    low, high = np.percentile(brightness, PLASMA_PERCENTILES, method="nearest")
    plasma = sample[(brightness >= low) & (brightness <= high)]
    return np.asarray(np.median(plasma, axis=0), np.float32)


def white_balance(pixels: U8) -> U8:
    """Move the plasma to neutral light grey.

    Args:
        pixels: (H, W, 3) uint8 RGB.

    Returns:
        (H, W, 3) uint8 RGB.

    Source: plasma as the white reference, Tek et al., arXiv 1607.04032.
    """
    gains = PLASMA_LEVEL / np.maximum(plasma_colour(pixels), MIN_PLASMA_LEVEL)
    ramp = np.arange(256, dtype=np.float32)[:, None] * gains
    table = np.clip(np.rint(ramp), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(pixels, table[None]), np.uint8)


def otsu3(channel: U8) -> tuple[int, int]:
    """Return the two thresholds that part a channel into three classes best.

    Args:
        channel: (H, W) uint8.

    Returns:
        (t1, t2) with t1 <= t2; the upper class is `channel > t2`.

    Source: Otsu 1979, exhaustive search over both thresholds.
    """
    counts = np.bincount(channel.ravel(), minlength=256).astype(np.float64)
    weight, moment = np.cumsum(counts), np.cumsum(counts * np.arange(256))
    between = weight[None, :] - weight[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        score = (
            moment[:, None] ** 2 / weight[:, None]
            + (moment[None, :] - moment[:, None]) ** 2 / between
            + (moment[-1] - moment[None, :]) ** 2 / (weight[-1] - weight[None, :])
        )
    score[~np.isfinite(score) | (between <= 0)] = -1
    t1, t2 = np.unravel_index(int(np.argmax(score)), score.shape)
    return int(t1), int(t2)


def foreground_of(pixels: U8) -> BoolArray:
    """Return what is not plasma, (H, W) bool, by three-class Otsu on the darkest.

    Args:
        pixels: (H, W, 3) uint8 RGB, white-balanced.
    """
    dark = 255 - pixels.min(axis=2)
    level, _ = otsu3(dark)
    return np.asarray(dark > level, np.bool_)


def estimate_scale(pixels: U8, stained: BoolArray) -> ScaleEstimate:
    """Estimate what a pixel measures from the cells themselves, provisionally.

    Args:
        pixels: (H, W, 3) uint8 RGB, white-balanced.
        stained: (H, W) bool, the violet nuclei.
    """
    foreground = foreground_of(pixels)
    nuclei = stained.astype(np.uint8)
    red = _red_diameters_px(foreground, nuclei)
    if red:
        um_per_px = RED_CELL_UM / float(np.median(red))
        if max(_diameters_px(nuclei), default=0.0) * um_per_px < MAX_NUCLEUS_UM:
            return ScaleEstimate(um_per_px=um_per_px, source="red cells", n=len(red))
    white = _white_diameters_px(foreground, nuclei)
    if white:
        um_per_px = WHITE_CELL_UM / float(np.median(white))
        return ScaleEstimate(um_per_px=um_per_px, source="white cells", n=len(white))
    return ScaleEstimate(um_per_px=FALLBACK_UM_PER_PX, source="nothing", n=0)


def _red_diameters_px(foreground: BoolArray, nuclei: U8) -> list[float]:
    """Return the diameters of red cells; none where there are too few.

    Of those that lie alone, or where nearly all touch, of discs that fit into them.
    """
    near = cv2.dilate(nuclei, np.ones((17, 17), np.uint8))
    red = _without_holes(foreground & (near == 0), MAX_PALLOR_FRACTION)
    alone = _round_diameters_px(red)
    if len(alone) >= MIN_RED_CELLS:
        return alone
    discs = _disc_diameters_px(red)
    if len(discs) < MIN_RED_CELLS:
        return []
    return [float(np.percentile(discs, DISC_PERCENTILE))] * len(discs)


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
    return 2 * radii[radii > 0.4 * radii.max(initial=0)]


def _without_holes(mask: BoolArray, max_fraction: float) -> U8:
    filled = mask.astype(np.uint8)
    contours, tree = cv2.findContours(filled, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    for index, contour in enumerate(contours):
        is_hole = tree[0][index][3] >= 0
        if is_hole and cv2.contourArea(contour) < max_fraction * mask.size:
            cv2.drawContours(filled, [contour], -1, 1, cv2.FILLED)
    return filled


def _white_diameters_px(foreground: BoolArray, nuclei: U8) -> list[float]:
    """Return the area-equivalent diameters of the bodies that hold nuclei."""
    both = (foreground | (nuclei > 0)).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(both)
    own = np.unique(labels[nuclei > 0])
    areas = stats[own[own > 0], cv2.CC_STAT_AREA]
    large = areas[areas > areas.max(initial=0) / 3]
    return [2 * float(np.sqrt(a / np.pi)) for a in large]


def _diameters_px(mask: U8) -> list[float]:
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    return [2 * float(np.sqrt(a / np.pi)) for a in stats[1:, cv2.CC_STAT_AREA]]
