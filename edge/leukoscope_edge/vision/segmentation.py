"""Finding white cells by per-image adaptive thresholds.

On a reduced, evened and white-balanced view: three-class Otsu on the violet of the
nuclei, lobes joined into nuclei, touching nuclei split (`nuclei`), each nucleus's edge
set again inside its own cell, and the cell grown around it over what is neither plasma
nor red cell. No trained part: a pixel classifier that is trained on one stain collapses
on the next.
"""

import cv2
import numpy as np

from leukoscope_edge.types import U8, BoolArray, Segmentation
from leukoscope_edge.vision.calibration import estimate_scale, foreground_of, otsu3
from leukoscope_edge.vision.flatfield import FlatField
from leukoscope_edge.vision.objects import Masks, describe
from leukoscope_edge.vision.view import View, disc, look

MIN_STAIN_LEVELS = 18.0
"""Between nuclei and the rest; less is an empty or unstained field."""
MIN_RED_FRACTION = 0.05
"""Of the frame: where red cells cover less, their colour is not known well enough."""
RED_SHARE = 0.7
"""A pixel is red cell where its red exceeds its blue by more than this share of what
the red cells' does: halfway between them and grey cytoplasm."""
WHITE_CELL_REACH_UM = 6.0
"""Beyond this distance from all nuclei no cytoplasm lies, and red cells show."""
STRING_UM = 0.4
"""Radius of the opening that takes threads and noise off the bodies."""


def segment(
    pixels: U8, scale_um_per_px: float | None = None, *, flat: FlatField | None = None
) -> Segmentation:
    """Find all stained objects of a frame.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        scale_um_per_px: Micrometres per pixel; None: estimated from the cells.
        flat: The recorded flat field; None: estimated from the frame.
    """
    view = look(pixels, scale_um_per_px, flat)
    return describe(view, threshold(view))


def threshold(view: View) -> Masks:
    """Part a view into nuclei, cell bodies and the rest."""
    low, high = otsu3(view.violet)
    nuclei = _nuclei(view.violet, low, high)
    scale = view.scale_um_per_px or estimate_scale(view.smooth, nuclei).um_per_px
    return Masks(
        nuclei=nuclei,
        body=_bodies(view.smooth, nuclei, scale),
        scale_um_per_px=scale,
        low=low,
        high=high,
        is_coarse=True,
    )


def _nuclei(violet: U8, low: int, high: int) -> BoolArray:
    mask = violet > high
    rest = violet[violet <= low]
    if not mask.any() or rest.size == 0:
        return np.zeros_like(mask)
    if violet[mask].mean() - rest.mean() < MIN_STAIN_LEVELS:
        return np.zeros_like(mask)
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, disc(1))
    return np.asarray(opened > 0, np.bool_)


def _bodies(smooth: U8, nuclei: BoolArray, scale_um_per_px: float) -> BoolArray:
    """Everything that is neither plasma nor red cell."""
    foreground = foreground_of(smooth)
    redness = cv2.subtract(smooth[..., 0], smooth[..., 2])
    near = cv2.dilate(
        nuclei.astype(np.uint8), disc(WHITE_CELL_REACH_UM / scale_um_per_px)
    )
    red_cells = foreground & (near == 0)
    if red_cells.mean() > MIN_RED_FRACTION:
        foreground &= redness <= RED_SHARE * np.median(redness[red_cells])
    body = (foreground | nuclei).astype(np.uint8)
    opened = cv2.morphologyEx(body, cv2.MORPH_OPEN, disc(STRING_UM / scale_um_per_px))
    return np.asarray((opened > 0) | nuclei, np.bool_)
