"""Where a picture through an eyepiece ends: its black circle, or bars at its sides.

What lies there was never seen, so that a cell which touches it is cut off as one at the
picture's own edge is.
"""

from dataclasses import replace

import cv2
import numpy as np

from leukoscope_edge.types import U8, BoolArray, CellKind, Segmentation

BLACK_LEVEL = 16
"""In every channel: a covered sensor's noise, and JPEG's around an edge, stay below."""
MIN_SHARE = 0.03
"""Of the picture: less is a smudge at its edge."""
REDUCTION = 4
"""Edges are found to so many pixels; the margin covers it."""
MARGIN_PX = 2
"""Of the reduced picture: the edge of a circle is soft."""


def outside_of(pixels: U8) -> BoolArray | None:
    """Return where nothing was seen, None where the picture fills its frame.

    Args:
        pixels: (H, W, 3) uint8 RGB.

    Returns:
        (H, W) bool.
    """
    dark = (pixels[::REDUCTION, ::REDUCTION].max(axis=2) <= BLACK_LEVEL).astype(
        np.uint8
    )
    if float(dark.mean()) < MIN_SHARE:
        return None
    _, labels = cv2.connectedComponents(dark)
    edges = np.concatenate((labels[0], labels[-1], labels[:, 0], labels[:, -1]))
    outside = np.isin(labels, np.setdiff1d(edges, 0)).astype(np.uint8)
    if float(outside.mean()) < MIN_SHARE:
        return None
    side = 2 * MARGIN_PX + 1
    wide = cv2.dilate(outside, np.ones((side, side), np.uint8))
    size = pixels.shape[1::-1]
    return cv2.resize(wide, size, interpolation=cv2.INTER_NEAREST) > 0


def with_border(segmentation: Segmentation, pixels: U8) -> Segmentation:
    """Return a segmentation in which cells that touch the outside are cut off.

    Args:
        segmentation: Of the picture.
        pixels: (H, W, 3) uint8 RGB.
    """
    outside = outside_of(pixels)
    if outside is None or not len(segmentation):
        return segmentation
    touched = set(np.unique(segmentation.cell_labels[outside]).tolist())
    kinds = tuple(
        CellKind.BORDER if kind is CellKind.WBC and i + 1 in touched else kind
        for i, kind in enumerate(segmentation.kinds)
    )
    return replace(segmentation, kinds=kinds)
