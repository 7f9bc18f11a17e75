"""Discs over masks, where the mask is and nowhere else.

A disc is what the 3 x 3 distance transform calls one. Small ones are laid over the mask
as kernels; of large ones the transform itself costs less, whatever their radius.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from leukoscope_edge.arrays import F32, I32, U8, BoolArray

MASK_3_REACH = 1.05
"""A step of the 3 x 3 distance transform measures 0.955 (Borgefors 1986, as in OpenCV):
what it puts within a radius may lie so much further."""
MAX_KERNEL_PX = 5.0
"""Radius up to which a kernel is faster, at the sizes of white cells."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a label lies: x, y, width and height of its box, and its area in pixels."""

    box_px: tuple[int, int, int, int]
    area_px: int

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of the box."""
        return self.grown(0)

    def grown(self, margin_px: int) -> tuple[slice, slice]:
        """Return the rows and columns of the box and a margin, where that fits."""
        return _grown(self.box_px, margin_px)


def parts_of(mask: U8) -> tuple[I32, dict[int, Place]]:
    """Label the connected parts of a mask and say where each lies.

    Twice as fast as `cv2.connectedComponentsWithStats`, which sums every pixel.

    Args:
        mask: (h, w) uint8.

    Returns:
        (h, w) int32, 0 outside, 1.. on the parts; and their places, in that order.
    """
    n_labels, found = cv2.connectedComponents(mask)
    labels = np.asarray(found, np.int32)
    contours, tree = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    boxes: dict[int, Sequence[int]] = {}
    for index, contour in enumerate(contours):
        if tree[0][index][3] < 0:
            x, y = contour[0, 0]
            boxes[int(labels[y, x])] = cv2.boundingRect(contour)
    places = {}
    for label in range(1, n_labels):
        x, y, w, h = boxes[label]
        area = np.count_nonzero(labels[y : y + h, x : x + w] == label)
        places[label] = Place((x, y, w, h), int(area))
    return labels, places


def window_of(mask: U8, margin_px: int = 1) -> tuple[slice, slice]:
    """Return the rows and columns that hold all of a mask, and a margin where it fits.

    Args:
        mask: (h, w) uint8.
        margin_px: Around it.
    """
    return _grown(cv2.boundingRect(mask), margin_px)


def _grown(box_px: Sequence[int], margin_px: int) -> tuple[slice, slice]:
    x, y, w, h = box_px
    top = y - margin_px if y > margin_px else 0
    left = x - margin_px if x > margin_px else 0
    return slice(top, y + h + margin_px), slice(left, x + w + margin_px)


def taken(colours: U8, mask: U8 | BoolArray) -> U8:
    """Return the colours under a mask, (n, 3), row by row.

    In a quarter of the time of an index by the mask.

    Args:
        colours: (h, w, 3) uint8.
        mask: (h, w), not 0 where to take them.
    """
    return colours.reshape(-1, 3).compress(mask.ravel(), axis=0)


def erode(mask: U8, radius_px: float) -> U8:
    """Return what lies further than a radius inside a mask, uint8 0 or 1."""
    eroded, window = np.zeros(mask.shape, np.uint8), window_of(mask)
    radius_px = max(1.0, radius_px)
    if radius_px <= MAX_KERNEL_PX:
        eroded[window] = cv2.erode(mask[window], _disc(radius_px))
        return eroded
    depth = cv2.distanceTransform(mask[window], cv2.DIST_L2, cv2.DIST_MASK_3)
    np.greater(depth, radius_px, out=eroded[window].view(np.bool_))
    return eroded


def dilate(mask: U8, radius_px: float) -> U8:
    """Return what lies within a radius of a mask, uint8 0 or 1."""
    dilated = np.zeros(mask.shape, np.uint8)
    if not cv2.hasNonZero(mask):
        return dilated
    radius_px = max(1.0, radius_px)
    window = window_of(mask, math.ceil(MASK_3_REACH * radius_px))
    if radius_px <= MAX_KERNEL_PX:
        dilated[window] = cv2.dilate(mask[window], _disc(radius_px))
        return dilated
    away = cv2.distanceTransform(1 - mask[window], cv2.DIST_L2, cv2.DIST_MASK_3)
    np.less_equal(away, radius_px, out=dilated[window].view(np.bool_))
    return dilated


@lru_cache(maxsize=64)
def _disc(radius_px: float) -> U8:
    """Return the disc of the 3 x 3 distance transform, (2k + 1, 2k + 1) uint8."""
    k = math.floor(MASK_3_REACH * radius_px)
    away = np.ones((2 * k + 1, 2 * k + 1), np.uint8)
    away[k, k] = 0
    distance = cv2.distanceTransform(away, cv2.DIST_L2, cv2.DIST_MASK_3)
    return (distance <= radius_px).astype(np.uint8)


def open_mask(mask: U8, radius_px: float) -> U8:
    """Return a mask without what a disc of the radius does not fit into."""
    return dilate(erode(mask, radius_px), radius_px) & mask


def close_mask(mask: U8, radius_px: float) -> U8:
    """Return a mask with the gaps filled that a disc of the radius does not enter."""
    closed, window = np.zeros(mask.shape, np.uint8), window_of(mask)
    rim, own = round(radius_px) + 2, mask[window]
    wide = cv2.copyMakeBorder(own, rim, rim, rim, rim, cv2.BORDER_REPLICATE)
    filled = erode(dilate(np.asarray(wide, np.uint8), radius_px), radius_px)
    closed[window] = filled[rim:-rim, rim:-rim] | own
    return closed


def depth_of(mask: BoolArray) -> F32:
    """Return (h, w) float32, how many pixels each of (h, w) bool lies below the rim."""
    own = mask.view(np.uint8)
    depth = cv2.distanceTransform(own, cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.asarray(depth, np.float32)


def fill_holes(mask: U8, max_area_px: float = float("inf")) -> U8:
    """Return a mask with its holes filled, larger ones left open."""
    filled = mask.copy()
    contours, tree = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    for index, contour in enumerate(contours):
        if tree[0][index][3] >= 0 and cv2.contourArea(contour) < max_area_px:
            cv2.drawContours(filled, [contour], -1, 1, cv2.FILLED)
    return filled
