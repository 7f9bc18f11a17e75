"""The stain made alike over the cells of a slide; the device does not."""

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
STAIN = np.array([0.95, 1.65, 0.34])
"""Density of nuclei, red, green and blue, between those of the laboratories that taught
the shipped networks (PBC 0.93, 1.43, 0.40; marrow 0.98, 1.87, 0.28)."""
MAX_CHANNEL_CHANGE = 1.6
MIN_NUCLEAR, MIN_NUCLEUS_PX = 1.2, 200
"""Of all three channels together, in so many pixels of a cell: its nucleus."""


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


def of_one_stain(crops: U8) -> U8:
    """Return the crops of a slide with nuclei of `STAIN`, as far as that is near.

    One factor a channel, so that colours that a camera made pale come back; cells keep
    what tells them apart.

    Args:
        crops: (N, side, side, 3) uint8 RGB, white-balanced, 0 where no cell is.
    """
    stain = stain_of(crops)
    if stain is None:
        return crops
    by = np.clip(STAIN / np.maximum(stain, 1e-3), 1 / MAX_CHANNEL_CHANGE, None)
    by = np.minimum(by, MAX_CHANNEL_CHANGE)
    made = [WHITE * np.exp(-by * own) for own in map(_densities, crops)]
    inside = crops.max(axis=3, keepdims=True) > 0
    return np.where(inside, np.clip(np.rint(made), 1, 255), 0).astype(np.uint8)


def stain_of(crops: U8) -> F64 | None:
    """Return (3,) float64, the median density of nuclei; None where none has any."""
    found = []
    for crop in crops:
        own = _densities(crop)[crop.max(axis=2) > 0]
        nuclei = own[own.sum(axis=1) > MIN_NUCLEAR]
        if len(nuclei) > MIN_NUCLEUS_PX:
            found.append(nuclei.mean(axis=0))
    return np.asarray(np.median(found, axis=0), np.float64) if found else None


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
