"""Discs over masks, by the distance transform, where the mask is and nowhere else."""

import math

import cv2
import numpy as np

from leukoscope_edge.types import U8

MASK_3_REACH = 1.05
"""A step of the 3 x 3 distance transform measures 0.955 (Borgefors 1986, as in OpenCV):
what it puts within a radius may lie so much further."""


def window_of(mask: U8, margin_px: int = 1) -> tuple[slice, slice]:
    """Return the rows and columns that hold all of a mask, and a margin where it fits.

    Args:
        mask: (h, w) uint8.
        margin_px: Around it.
    """
    x, y, w, h = cv2.boundingRect(mask)
    rows = slice(max(0, y - margin_px), y + h + margin_px)
    return rows, slice(max(0, x - margin_px), x + w + margin_px)


def erode(mask: U8, radius_px: float) -> U8:
    """Return what lies further than a radius inside a mask, uint8 0 or 1.

    By the distance transform: its cost does not grow with the radius.
    """
    eroded, window = np.zeros_like(mask), window_of(mask)
    depth = cv2.distanceTransform(mask[window], cv2.DIST_L2, cv2.DIST_MASK_3)
    eroded[window] = depth > max(1.0, radius_px)
    return eroded


def dilate(mask: U8, radius_px: float) -> U8:
    """Return what lies within a radius of a mask, uint8 0 or 1."""
    dilated = np.zeros_like(mask)
    if not mask.any():
        return dilated
    radius_px = max(1.0, radius_px)
    window = window_of(mask, math.ceil(MASK_3_REACH * radius_px))
    away = cv2.distanceTransform(1 - mask[window], cv2.DIST_L2, cv2.DIST_MASK_3)
    dilated[window] = away <= radius_px
    return dilated


def open_mask(mask: U8, radius_px: float) -> U8:
    """Return a mask without what a disc of the radius does not fit into."""
    return dilate(erode(mask, radius_px), radius_px) & mask


def close_mask(mask: U8, radius_px: float) -> U8:
    """Return a mask with the gaps filled that a disc of the radius does not enter."""
    rim = round(radius_px) + 2
    wide = cv2.copyMakeBorder(mask, rim, rim, rim, rim, cv2.BORDER_REPLICATE)
    closed = erode(dilate(np.asarray(wide, np.uint8), radius_px), radius_px)
    return closed[rim:-rim, rim:-rim] | mask
