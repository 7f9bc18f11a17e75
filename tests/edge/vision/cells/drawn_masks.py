"""Nuclei and cell bodies drawn as discs, at the pixel of the view."""

import cv2
import numpy as np

from leukoscope_edge.arrays import BoolArray

SCALE_UM_PER_PX = 0.16
SHAPE = (200, 240)
Disc = tuple[int, int, float]
"""x and y in pixels, radius in micrometres."""


def discs(*drawn: Disc) -> BoolArray:
    mask = np.zeros(SHAPE, np.uint8)
    for x, y, radius_um in drawn:
        radius_px = round(radius_um / SCALE_UM_PER_PX)
        cv2.circle(mask, (x, y), radius_px, 1, cv2.FILLED)
    return mask.view(np.bool_)


NOTHING = discs()
