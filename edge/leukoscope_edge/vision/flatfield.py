"""The flat field: how bright and of which colour the light is across the frame.

Recorded once from a blank area of the slide, or estimated from a frame where nobody
recorded one: plasma shines through between the cells nearly everywhere, and a smooth
surface through its brightest parts is the light. A frame is left alone where its light
is even enough, or where cells cover so much that the surface may be theirs.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from leukoscope_edge.arrays import F32, F64, U8
from leukoscope_edge.errors import ConfigError

GRID_PX = (16, 12)
"""Width and height of a stored flat field: light varies slowly."""
MAX_TEXTURE = 0.03
"""Of the local level: a blank area of clean glass has less, a single cell more."""
LOCAL_SHARE = 40.0
"""Of a frame's longer side: light is even over this distance, cells' rims are not."""
MIN_LEVEL = 30.0
"""Grey levels: a darker blank is a lamp that is off."""
MAX_GAIN = 4.0
"""A corner that gets less than a quarter of the light stays dark."""
EVEN_ENOUGH = 0.08
"""Relative spread of an estimated surface below which a frame is left alone: an
ordinary lens gives 0.1 to 0.22 (wbc-fields), and taking that out, too, makes frames of
good and of bad light alike."""
CLEARLY_UNEVEN = 0.25
"""From this spread on a surface is believed as it is. Below, only where it is seen:
cells that cover much of a picture bend it as much."""
SEEN_SHARE, MAX_AWAY = 0.9, 0.1
"""This share of the blocks lies no further than that, relative, from a surface that is
seen: in fields nearly always, in pictures of a single cell in one of ten."""
BLOCKS = (8, 6)
"""Columns and rows of blocks in which the light of a frame is estimated."""
MIN_BLOCKS = 3
"""A side: fewer hold no quadratic surface."""
SAMPLES_A_SIDE = 10
"""Of a block, about: enough for a percentile."""
BRIGHT_SHARE = 0.9
"""Of a block's pixels lie below plasma, where a tenth of it is free of cells."""
N_ROUNDS = 4
BELOW = 0.93
"""A block under this share of the surface is covered by cells and loses its say."""


@dataclass(frozen=True, slots=True)
class FlatField:
    """Relative light, (h, w, 3) float32 RGB, each channel's brightest place 1."""

    light: F32


def record_flat_field(pixels: U8) -> FlatField:
    """Take the flat field from a blank area.

    Args:
        pixels: (H, W, 3) uint8 RGB of clean glass, in focus or out of it.

    Raises:
        ConfigError: It is dark, clipped or shows texture; says what to do.
    """
    level = np.median(pixels.reshape(-1, 3), axis=0)
    if level.max() < MIN_LEVEL:
        raise ConfigError("flat field: the picture is dark: raise the lamp")
    if (pixels == 255).mean() > 0.01:
        raise ConfigError("flat field: the picture is clipped: lower the exposure")
    fine = cv2.GaussianBlur(pixels, (0, 0), 2.0).astype(np.float32)
    local = cv2.GaussianBlur(fine, (0, 0), max(pixels.shape) / LOCAL_SHARE)
    height, width = pixels.shape[:2]
    # Beyond the picture's edge the blur sees a mirror, not the light.
    inner = np.s_[height // 16 : -(height // 16), width // 16 : -(width // 16)]
    ratio = fine[inner] / np.maximum(local[inner], 1.0)
    texture = float(np.percentile(np.abs(ratio - 1), 99)) if ratio.size else 1.0
    if texture > MAX_TEXTURE:
        raise ConfigError(
            f"flat field: texture of {texture:.1%} found, at most {MAX_TEXTURE:.0%}: "
            "move to a blank area without cells or dust"
        )
    coarse = cv2.resize(pixels, GRID_PX, interpolation=cv2.INTER_AREA)
    return _normalised(coarse.astype(np.float64))


def estimate_flat_field(pixels: U8) -> FlatField | None:
    """Estimate the light from a frame's plasma; None where it is even enough.

    Args:
        pixels: (H, W, 3) uint8 RGB.
    """
    blocks = _block_levels(pixels)
    is_small = min(blocks.shape[:2]) < MIN_BLOCKS
    if is_small or _spread(blocks.reshape(-1, 3)) < EVEN_ENOUGH:
        return None
    basis = _quadratic(blocks.shape[0], blocks.shape[1])
    surface = _upper_fit(basis, blocks.reshape(-1, 3))
    if surface.min() <= 0 or not _is_light(surface, blocks.reshape(-1, 3)):
        return None
    return _normalised(surface.reshape(blocks.shape))


def even_out(pixels: U8, flat: FlatField | None) -> U8:
    """Divide a frame by its light.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        flat: The light; None: the frame is returned as it is.
    """
    if flat is None:
        return pixels
    size = (pixels.shape[1], pixels.shape[0])
    gain = cv2.resize(
        1 / np.maximum(flat.light, 1 / MAX_GAIN), size, interpolation=cv2.INTER_LINEAR
    )
    even = cv2.multiply(pixels, gain, dtype=cv2.CV_8U)
    return np.asarray(even, np.uint8)


def _block_levels(pixels: U8) -> F64:
    """Return a high percentile of each block, (h, w, 3), at most BLOCKS blocks."""
    height, width = pixels.shape[:2]
    n_columns, n_rows = min(BLOCKS[0], width), min(BLOCKS[1], height)
    step = max(1, min(height // n_rows, width // n_columns) // SAMPLES_A_SIDE)
    sample = pixels[::step, ::step]
    h, w = sample.shape[0] // n_rows, sample.shape[1] // n_columns
    blocks = sample[: h * n_rows, : w * n_columns].reshape(n_rows, h, n_columns, w, 3)
    alone = blocks.transpose(0, 2, 4, 1, 3).reshape(n_rows, n_columns, 3, h * w)
    rank = int(BRIGHT_SHARE * (h * w - 1))
    alone.partition(rank)
    return alone[..., rank].astype(np.float64)


@lru_cache(maxsize=8)
def _quadratic(height: int, width: int) -> F64:
    """Return the (height * width, 6) basis of a quadratic surface."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return np.stack([x**0, x, y, x * y, x**2, y**2], axis=-1).reshape(-1, 6)


def _upper_fit(basis: F64, levels: F64) -> F64:
    """Fit surfaces that lie on the bright blocks, not between bright and covered.

    Args:
        basis: (n, 6).
        levels: (n, 3) of the blocks, by channel.

    Returns:
        (n, 3), by weighted least squares, each channel with its own weights.
    """
    weights = np.ones(levels.shape)
    surface = levels
    for _ in range(N_ROUNDS):
        scaled = weights.T[..., None] * basis
        turned = scaled.transpose(0, 2, 1)
        right = turned @ (weights * levels).T[..., None]
        solution = np.linalg.solve(turned @ scaled, right)[..., 0]
        surface = basis @ solution.T
        before, weights = weights, np.where(levels < BELOW * surface, 0.1, 1.0)
        if np.array_equal(weights, before):
            break  # and every later round would give the same surface
    return np.asarray(surface, np.float64)


def _is_light(surface: F64, levels: F64) -> bool:
    """Say whether a surface is uneven light and no work of the cells.

    Args:
        surface: (n, 3), above 0.
        levels: (n, 3) of the blocks.
    """
    spread = _spread(surface)
    if not EVEN_ENOUGH <= spread < CLEARLY_UNEVEN:
        return spread >= CLEARLY_UNEVEN
    away = np.abs(levels / surface - 1).max(axis=1)
    return bool((away <= MAX_AWAY).mean() >= SEEN_SHARE)


def _spread(surface: F64) -> float:
    """Return the largest relative spread of a channel."""
    return float((1 - surface.min(axis=0) / np.maximum(surface.max(axis=0), 1.0)).max())


def _normalised(levels: F64) -> FlatField:
    brightest = levels.reshape(-1, 3).max(axis=0)
    return FlatField((levels / np.maximum(brightest, 1.0)).astype(np.float32))
