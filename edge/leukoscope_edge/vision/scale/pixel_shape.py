"""Are a source's pixels square? Red cells lie every way, so together they are round.

A picture that a program squashed or stretched draws every cell narrower or wider along
the same axis. One cell, or one frame, tells nothing: red cells are not quite round.
What is common to those of many frames belongs to the pictures. Squares that were turned
by half a right angle are not looked for, as no program squashes so.

The median of width over height is 0.97 to 1.04 in all sets that were measured, and 0.76
to 0.79 in Taleqani's images, which were squashed from 4:3 to a square
(docs/segmentation.md).
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np

from leukoscope_edge.arrays import BoolArray
from leukoscope_edge.vision.scale.red_cells import red_mask

MIN_SIDE_PX = 8
MIN_SOLIDITY = 0.93
"""Of a red cell that lies alone: its area over that of its convex hull."""
NEAR_ELLIPSE = 0.05
"""Relative: by how much its area may differ from that of its ellipse."""
MAX_ASPECT = 1.6
"""Long over short axis: two cells that touch have more; one of 1.2, squashed from 4:3
to a square, has 1.6."""
SMALL_BESIDE = 4
"""Less than one in so many of the largest one's area is a platelet or dirt."""
MIN_CELLS = 20
MAX_STRETCH = 1.15
"""Width over height, or the other way about, that whole sources of round cells may
have."""
Z_99 = 2.58
MEDIAN_ERROR = 1.253
"""Standard error of a median over that of a mean, of a normal distribution."""


def stretches_of(foreground: BoolArray, nuclei: BoolArray) -> tuple[float, ...]:
    """Return the width over height of each red cell that lies alone, as a logarithm.

    Args:
        foreground: (H, W) bool, all that is not plasma.
        nuclei: (H, W) bool, the violet nuclei.
    """
    mask = red_mask(foreground, nuclei.astype(np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    found = [_ellipse(np.asarray(c), mask.shape) for c in contours]
    cells = [one for one in found if one is not None]
    largest = max((area for area, _ in cells), default=0.0)
    return tuple(s for area, s in cells if area > largest / SMALL_BESIDE)


def _ellipse(
    contour: "np.typing.NDArray[np.int32]", shape: tuple[int, ...]
) -> tuple[float, float] | None:
    """Return area and stretch of a whole ellipse; None where it is another thing."""
    x, y, width, height = cv2.boundingRect(contour)
    is_whole = min(x, y) > 0 and x + width < shape[1] and y + height < shape[0]
    if not is_whole or min(width, height) < MIN_SIDE_PX:
        return None
    area = cv2.contourArea(contour)
    if area < MIN_SOLIDITY * cv2.contourArea(cv2.convexHull(contour)):
        return None
    of = cv2.moments(contour)
    xx, yy, xy = (of[k] / of["m00"] for k in ("mu20", "mu02", "mu11"))
    short, long = np.linalg.eigvalsh([[xx, xy], [xy, yy]])
    is_ellipse = abs(area - _area(short, long)) <= NEAR_ELLIPSE * _area(short, long)
    if not is_ellipse or long > MAX_ASPECT**2 * short:
        return None
    return area, math.log(xx / yy) / 2


def _area(short: float, long: float) -> float:
    """Return the area of an ellipse with these variances along its axes."""
    return 4 * math.pi * math.sqrt(max(short * long, 0.0))


def stretch_of(stretches: Sequence[float]) -> float | None:
    """Return width over height of a source's red cells where it surely is not 1.

    Args:
        stretches: As of `stretches_of`, of all frames of a source.

    Returns:
        Less than 1 where they are higher than wide; None where they may be round.
    """
    if len(stretches) < MIN_CELLS:
        return None
    middle = float(np.median(stretches))
    error = MEDIAN_ERROR * float(np.std(stretches)) / math.sqrt(len(stretches))
    is_sure = abs(middle) - Z_99 * error > math.log(MAX_STRETCH)
    return math.exp(middle) if is_sure else None
