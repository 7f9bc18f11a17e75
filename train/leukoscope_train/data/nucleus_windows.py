"""Cuts a window around a nucleus with what surrounds it; no mask says what is cell.

The alternative to the device's cut-out, to be held against it by laboratories left out.
The window is a disc, so that turning it shows no corner that was not photographed. At a
frame's rim the picture is mirrored: black there would tell one laboratory's small tiles
from another's.
"""

import math

import cv2
import numpy as np

from leukoscope_edge.arrays import U8
from leukoscope_edge.vision import CropSpec, cut_crop

WINDOW_UM = 16.0
"""Diameter: a lymphoblast of 10 to 15 um with its rim, and little of its neighbours."""


def cut_window(
    pixels: U8, centre_px: tuple[float, float], scale_um_per_px: float, spec: CropSpec
) -> U8:
    """Cut a disc of WINDOW_UM out of a frame, its light taken out as of a cell's crop.

    Args:
        pixels: (H, W, 3) uint8 RGB, the frame.
        centre_px: (x, y) of the nucleus.
        scale_um_per_px: Physical size of the frame's pixel.
        spec: The size, scale and colour of the crop.

    Returns:
        (side, side, 3) uint8 RGB; 0 outside the disc, at least 1 inside.
    """
    radius_px = WINDOW_UM / 2 / scale_um_per_px
    (x, y), (height, width) = centre_px, pixels.shape[:2]
    reach_px = math.ceil(radius_px) + 1
    over = (reach_px - y, y + reach_px - height, reach_px - x, x + reach_px - width)
    top, bottom, left, right = (max(0, math.ceil(side)) for side in over)
    wide = cv2.copyMakeBorder(pixels, top, bottom, left, right, cv2.BORDER_REFLECT_101)
    centre_px = (x + left, y + top)
    rows, columns = np.ogrid[: wide.shape[0], : wide.shape[1]]
    disc = np.hypot(columns - centre_px[0], rows - centre_px[1]) <= radius_px
    return cut_crop(np.asarray(wide, np.uint8), disc, centre_px, scale_um_per_px, spec)
