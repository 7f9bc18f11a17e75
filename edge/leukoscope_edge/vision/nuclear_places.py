"""Where in a frame a nucleus could stand: cheap, and sooner too much than too little.

It finds no cells: it says which places no search need look at. A nucleus is taken for
one only where its mean violet or stain reaches a level (`segmentation`); where not one
pixel comes near that level, there is none.
"""

import math

import cv2
import numpy as np

from leukoscope_edge.arrays import F64, U8, BoolArray
from leukoscope_edge.vision.cells.objects import SURE_STAIN_LEVELS
from leukoscope_edge.vision.colour import darkness_of, white_balance
from leukoscope_edge.vision.flatfield import estimate_flat_field, even_out
from leukoscope_edge.vision.otsu import joint_counts_of, otsu3_of
from leukoscope_edge.vision.segmentation import least_violet
from leukoscope_edge.vision.view import STAIN_OF_PLASMA, stain_of

SHARE = 0.8
"""Of the level that a nucleus has on average. In 320 by 240 pixels of 3,636 drawn
nuclei, smudges among them, the palest has a pixel of 1.3 times that level."""
COARSE_UM_PER_PX = 0.5
"""The smallest nucleus, 3.2 µm, spans six such pixels."""


def near_nuclei(pixels: U8, scale_um_per_px: float, spacing_um: float) -> BoolArray:
    """Say near which places of a frame something is as violet as a nucleus.

    Args:
        pixels: (H, W, 3) uint8 RGB, blood.
        scale_um_per_px: Micrometres per pixel.
        spacing_um: From place to place, as `places_along` sets them.

    Returns:
        (n, m) bool, by rows and columns of places; near is what lies nearer to a place
        than to others, and a little more.
    """
    factor = max(1, int(COARSE_UM_PER_PX / scale_um_per_px))
    size = tuple(max(1, side // factor) for side in pixels.shape[1::-1])
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    step_px = spacing_um / scale_um_per_px
    side = 2 * math.ceil(step_px / factor / 2) + 1
    near = cv2.dilate(_nuclear(small), np.ones((side, side), np.uint8)) > 0
    rows, columns = (
        (places_along(length, step_px) * n / length).astype(np.intp)
        for length, n in zip(pixels.shape, near.shape, strict=False)
    )
    return np.asarray(near[np.ix_(rows, columns)], np.bool_)


def places_along(length_px: int, step_px: float) -> F64:
    """Return where places lie along a side, (n,) from its beginning."""
    return np.arange(min(step_px, length_px) / 2, length_px, step_px)


def _nuclear(small: U8) -> U8:
    """Return which pixels are nearly as violet or as stained as a nucleus, (h, w)."""
    balanced = white_balance(even_out(small, estimate_flat_field(small)))
    _, green, blue = cv2.split(balanced)
    violet = np.asarray(cv2.subtract(blue, green), np.uint8)
    joint = joint_counts_of(violet, darkness_of(balanced))
    level, _ = otsu3_of(joint.sum(axis=0))
    least = SHARE * least_violet(joint, level, in_marrow=False)
    least_stain = STAIN_OF_PLASMA + SHARE * SURE_STAIN_LEVELS
    is_nuclear = (violet > least) | (stain_of(balanced) > least_stain)
    return np.asarray(is_nuclear, np.bool_).view(np.uint8)
