"""The strength of a stain made alike over the cells of a slide; the device does not."""

import numpy as np

from leukoscope_edge.arrays import F64, U8

STRENGTH = 1.6
"""Optical density of nuclei, by natural logarithm, mean of red and green: about that
of the laboratories that taught the shipped networks (PBC 1.4, marrow 1.8)."""
WHITE = 235.0
"""Level of the plasma in a white-balanced crop."""
DENSE_SHARE = 0.4
"""Of a cell's pixels, the densest, are nucleus."""
MAX_CHANGE = 4.0
"""By which densities are multiplied at most."""


def alike(crops: U8) -> U8:
    """Return the crops of a slide with the density of their nuclei at STRENGTH.

    One factor for all pixels and channels, so that a cell that is paler than its
    neighbours stays so.

    Args:
        crops: (N, side, side, 3) uint8 RGB, white-balanced, 0 where no cell is.
    """
    strength = strength_of(crops)
    if not strength:
        return crops
    by = float(np.clip(STRENGTH / strength, 1 / MAX_CHANGE, MAX_CHANGE))
    level = WHITE * np.exp(-by * _densities(crops))
    inside = crops.max(axis=3, keepdims=True) > 0
    made = np.clip(np.rint(level), 1, 255).astype(np.uint8)
    return np.where(inside, made, np.uint8(0))


def strength_of(crops: U8) -> float:
    """Return the median over cells of their nuclei's density; 0 where none has any."""
    densities = _densities(crops)
    found = []
    for crop, own in zip(crops, densities, strict=True):
        cell = own[crop.max(axis=2) > 0]
        if not len(cell):
            continue
        whole = cell.sum(axis=1)
        dense = whole >= np.quantile(whole, 1 - DENSE_SHARE)
        found.append(np.median(cell[dense], axis=0)[:2].mean())
    return float(np.median(found)) if found else 0.0


def _densities(crops: U8) -> F64:
    levels = np.clip(crops.astype(np.float64), 1, WHITE)
    return np.asarray(-np.log(levels / WHITE), np.float64)
