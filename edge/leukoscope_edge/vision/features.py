"""What can be measured on a cell: sizes in micrometres, the nucleus's share, texture.

Measured on the crop that the model judges, so that a person sees the same cell as the
model did. These numbers explain; they decide nothing.
"""

from dataclasses import astuple, dataclass

import cv2
import numpy as np

from leukoscope_edge.arrays import F64, U8, BoolArray

MIN_CELL_PX = 16
"""Fewer pixels of cell in a crop and there is nothing to measure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """The measured features of one cell.

    Attributes:
        cell_um: Diameter of a disc with the cell's area.
        nucleus_um: Diameter of a disc with the nucleus's area.
        nucleus_share: Nucleus area over cell area, 0..1; 1 is a bare nucleus.
        roundness: 4 pi area / perimeter squared of the nucleus, 0..1; 1 is a disc.
        texture: Mean difference of neighbouring pixels in the nucleus over the spread
            of the whole cell; coarse chromatin is high.
    """

    cell_um: float
    nucleus_um: float
    nucleus_share: float
    roundness: float
    texture: float


def measure_features(crop: U8, scale_um_per_px: float) -> Features | None:
    """Measure the cell of a crop.

    Args:
        crop: (side, side, 3) uint8 RGB; 0 outside the cell.
        scale_um_per_px: Micrometres per pixel of the crop.

    Returns:
        The features, None where the crop shows too little.
    """
    cell = crop.max(axis=2) > 0
    if int(cell.sum()) < MIN_CELL_PX:
        return None
    green = np.asarray(crop[..., 1], np.uint8)
    nucleus = _nucleus(green, cell)
    n_cell, n_nucleus = int(cell.sum()), int(nucleus.sum())
    return Features(
        cell_um=_diameter_px(n_cell) * scale_um_per_px,
        nucleus_um=_diameter_px(n_nucleus) * scale_um_per_px,
        nucleus_share=n_nucleus / n_cell,
        roundness=_roundness(nucleus),
        texture=_texture(green, nucleus, cell),
    )


def nearest_indices(own: Features, others: list[Features], n: int) -> list[int]:
    """Return the indices of the most alike, the nearest first.

    Each feature counts by its spread among the others.

    Args:
        own: The cell.
        others: Cells to compare with.
        n: How many to return.
    """
    if not others:
        return []
    table: F64 = np.array([astuple(o) for o in others], np.float64)
    spread = np.maximum(table.std(axis=0), 1e-9)
    far = np.linalg.norm((table - np.array(astuple(own))) / spread, axis=1)
    return [int(i) for i in np.argsort(far, kind="stable")[:n]]


def _nucleus(green: U8, cell: BoolArray) -> BoolArray:
    """Return the darker part of a cell by Otsu's threshold; all of it where flat."""
    level, _ = cv2.threshold(green[cell], 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    dark = cell & (green <= level)
    return dark if dark.any() else cell


def _diameter_px(area_px: int) -> float:
    return 2 * float(np.sqrt(area_px / np.pi))


def _roundness(mask: BoolArray) -> float:
    contours, _ = cv2.findContours(
        mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    outline = max(contours, key=cv2.contourArea)
    perimeter = cv2.arcLength(outline, closed=True)
    if perimeter == 0:
        return 0.0
    area = cv2.contourArea(outline)
    return min(1.0, float(4 * np.pi * area / perimeter**2))


def _texture(green: U8, nucleus: BoolArray, cell: BoolArray) -> float:
    level = green.astype(np.float32)
    inner = nucleus[:, 1:] & nucleus[:, :-1]
    if not inner.any():
        return 0.0
    steps = np.abs(np.diff(level, axis=1))[inner]
    return float(steps.mean() / max(float(level[cell].std()), 1.0))
