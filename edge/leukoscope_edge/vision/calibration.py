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
NUCLEUS_UM = 9.0
"""Typical extent of a white cell's nucleus; small lymphocytes have 8 to 8.5 µm."""
FALLBACK_UM_PER_PX = 0.1
"""A 100x objective on a common camera, where nothing in the image can be measured."""
MIN_RED_CELLS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleEstimate:
    """A provisional scale.

    Attributes:
        um_per_px: Micrometres per pixel.
        source: What it was taken from.
        n: How many objects were measured.
    """

    um_per_px: float
    source: Literal["red cells", "nuclei", "nothing"]
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


def estimate_scale(pixels: U8, stained: BoolArray) -> ScaleEstimate:
    """Estimate what a pixel measures from the cells themselves, provisionally.

    Args:
        pixels: (H, W, 3) uint8 RGB, white-balanced.
        stained: (H, W) bool, the violet nuclei.
    """
    red = _round_diameters_px(_red_cells(pixels, stained))
    if len(red) >= MIN_RED_CELLS:
        um_per_px = RED_CELL_UM / float(np.median(red))
        return ScaleEstimate(um_per_px=um_per_px, source="red cells", n=len(red))
    nuclei = _nucleus_extents_px(stained)
    if len(nuclei) > 0:
        um_per_px = NUCLEUS_UM / float(np.median(nuclei))
        return ScaleEstimate(um_per_px=um_per_px, source="nuclei", n=len(nuclei))
    return ScaleEstimate(um_per_px=FALLBACK_UM_PER_PX, source="nothing", n=0)


def _red_cells(pixels: U8, stained: BoolArray) -> U8:
    green = cv2.GaussianBlur(pixels[..., 1], (5, 5), 0)
    _, cells = cv2.threshold(green, 0, 1, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    near_nucleus = cv2.dilate(stained.astype(np.uint8), np.ones((15, 15), np.uint8))
    cells[near_nucleus > 0] = 0
    return np.asarray(cells, np.uint8)


MIN_ROUNDNESS = 0.8
MIN_RED_CELL_PX = 8.0


def _round_diameters_px(mask: U8) -> list[float]:
    """Return the diameters of the round objects that the border does not cut."""
    height, width = mask.shape
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    diameters = []
    for contour in contours:
        x, y, w, h = cv2.boundingRect(contour)
        is_inside = x > 0 and y > 0 and x + w < width and y + h < height
        perimeter = cv2.arcLength(contour, closed=True)
        if not is_inside or min(w, h) < MIN_RED_CELL_PX:
            continue
        area = cv2.contourArea(contour)
        if 4 * np.pi * area >= MIN_ROUNDNESS * perimeter**2:
            diameters.append(2 * float(np.sqrt(area / np.pi)))
    largest = max(diameters, default=0.0)
    return [d for d in diameters if d > largest / 2]


def _nucleus_extents_px(stained: BoolArray) -> list[float]:
    """Return the area-equivalent diameters of the larger stained objects."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(stained.astype(np.uint8))
    areas = stats[1:, cv2.CC_STAT_AREA]
    large = areas[areas > areas.max(initial=0) / 4]
    return [2 * float(np.sqrt(a / np.pi)) for a in large if a > 50]
