"""A cheap microscope, calculated: what it does to a field before anything is cut.

Defocus with its halo, a blur that differs by colour, low contrast, a light that turns
from one colour to another across the field, sensor noise and JPEG. Done to the whole
tile, so that the device's own segmentation and white balance meet it too.
"""

import cv2
import numpy as np

from leukoscope_edge.arrays import F32, U8

MAX_DEFOCUS_UM = 0.55
"""Radius of the disc that a point becomes: half a chromatin clump."""
MAX_HALO = 0.5
"""Share of the out-of-focus ring that is taken from or added to the picture."""
HALO_UM = 0.9
MAX_CHROMATIC_UM = 0.35
"""Shift of red against blue at the rim of a cheap objective's field."""
LEAST_CONTRAST = 0.5
MAX_TINT = 0.35
"""Of a channel, at the end of the field that the lamp leaves coloured; in the corners
of a tile up to 0.1036 of it more (`_two_colours`)."""
MAX_NOISE = 6.0
"""Grey levels."""
JPEG_QUALITY = (40, 95)


def degrade(pixels: U8, scale_um_per_px: float, random: np.random.Generator) -> U8:
    """Return a tile as a cheap microscope would show it.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        scale_um_per_px: Of the tile.
        random: Where chance comes from.
    """
    level = pixels.astype(np.float32)
    level = _defocused(level, random.uniform(0, MAX_DEFOCUS_UM) / scale_um_per_px)
    level = _haloed(level, HALO_UM / scale_um_per_px, random)
    level = _shifted(level, MAX_CHROMATIC_UM / scale_um_per_px, random)
    level = _flattened(level, random)
    level = level * _two_colours(level.shape, random)
    level += random.uniform(0, MAX_NOISE) * random.standard_normal(level.shape)
    grey = np.clip(np.rint(level), 0, 255).astype(np.uint8)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(*JPEG_QUALITY))]
    _, data = cv2.imencode(".jpg", grey, quality)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def _defocused(level: F32, radius_px: float) -> F32:
    """Spread each point over a disc, soft at its rim by the diffraction blur."""
    side = 2 * int(np.ceil(radius_px)) + 3
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    kernel = np.clip(radius_px + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)
    spread = cv2.filter2D(level, -1, kernel / kernel.sum(), None, (-1, -1), 0, 2)
    return np.asarray(cv2.GaussianBlur(spread, (0, 0), 0.3 + radius_px / 4), np.float32)


def _haloed(level: F32, radius_px: float, random: np.random.Generator) -> F32:
    """Add the bright or dark ring that a stopped-down condenser draws at edges."""
    soft = cv2.GaussianBlur(level, (0, 0), max(radius_px, 0.5))
    return np.asarray(
        level + random.uniform(-0.2, MAX_HALO) * (level - soft), np.float32
    )


def _shifted(level: F32, most_px: float, random: np.random.Generator) -> F32:
    """Move red and blue against green, in opposite directions."""
    angle, by = random.uniform(0, 2 * np.pi), random.uniform(0, most_px)
    moved = []
    for channel, sign in zip(cv2.split(level), (1, 0, -1), strict=True):
        x, y = sign * by * np.cos(angle), sign * by * np.sin(angle)
        turn = np.array([[1, 0, x], [0, 1, y]], np.float32)
        size = (level.shape[1], level.shape[0])
        moved.append(
            cv2.warpAffine(channel, turn, size, borderMode=cv2.BORDER_REPLICATE)
        )
    return np.asarray(cv2.merge(moved), np.float32)


def _flattened(level: F32, random: np.random.Generator) -> F32:
    """Lower the contrast: stray light lifts the dark, the brightest stays."""
    keep = random.uniform(LEAST_CONTRAST, 1)
    top = np.percentile(level.reshape(-1, 3), 95, axis=0)
    return np.asarray(top + keep * (level - top), np.float32)


def _two_colours(shape: tuple[int, ...], random: np.random.Generator) -> F32:
    """Return the light of a lamp whose colour turns across the field.

    The two colours, each of 1 to 1 - MAX_TINT in a channel, lie where a turn along an
    axis of the tile would end. Along a diagonal the corners lie (sqrt(2) - 1) / 2 of
    the turn beyond, and a tile shows at most half a turn: its light is 0.614 to 1.036
    there, and not 0.65 to 1. The shipped networks learned from such tiles; holding the
    corners to MAX_TINT would change their figures for a light that a lamp can have.

    Args:
        shape: (H, W, 3) of the tile.
        random: Where chance comes from.

    Returns:
        (H, W, 3) float32 factors.
    """
    angle = random.uniform(0, 2 * np.pi)
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    along = ((np.cos(angle) * x + np.sin(angle) * y) / 2 + 0.5)[..., None]
    ends = 1 - random.uniform(0, MAX_TINT, (2, 3))
    # A tile is a small part of a field: most of the turn happens outside it.
    share = random.uniform(0, 0.5)
    first, last = ends[0], ends[0] + share * (ends[1] - ends[0])
    return np.asarray(first + along * (last - first), np.float32)
