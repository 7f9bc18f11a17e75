"""How much JPEG threw away of a picture, asked of its pixels.

A file's tables say it only until somebody saves the picture anew: a PNG made of a JPEG
is as poor as the JPEG. What JPEG does stays in the pixels: the cosine coefficients of
each block of 8 x 8 are multiples of a step. The step that fits gives the quality.

Source: Fan and de Queiroz, IEEE Trans. Image Processing 12:230 (2003); ITU-T T.81, K.1.
"""

import cv2
import numpy as np
import numpy.typing as npt

from leukoscope_edge.arrays import U8

QUALITIES = (10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60)
"""As libjpeg counts them; the steps of better files are lost in the rounding of pixels,
and the worst file that is let through has 70."""
STEPS_AT_50 = {(0, 1): 11, (1, 0): 12, (1, 1): 12, (0, 2): 10, (2, 0): 14, (1, 2): 14}
"""Of the luminance table of T.81, by row and column: low enough to be seldom nought."""
MIN_FIT = 0.45
"""Mean of the cosine of coefficients against a step: 1 where all are multiples of it.
Pictures that were never JPEG have at most 0.08, JPEG of 40 saved as PNG 0.59 and more
(tests/edge/vision/test_compression.py)."""
MIN_COEFFICIENTS = 200
MAX_BLOCKS = 4800
"""As many as a frame of 640 x 480 has; larger ones are looked at in their middle."""
BLOCK = 8
CLIPPED = (4, 250)
"""Blocks with darker or brighter pixels were cut off, and hold no multiples."""
MIDDLE = 128
Coefficients = dict[tuple[int, int], npt.NDArray[np.float32]]
"""By row and column of the block's table."""


def quality_from_pixels(pixels: U8) -> int | None:
    """Return the quality of the JPEG that a picture once was.

    Args:
        pixels: (H, W, 3) uint8 RGB, as stored: neither scaled nor turned nor cropped by
            other than whole blocks since.

    Returns:
        One of `QUALITIES`; None where the picture was better, or does not show it.
    """
    found = _coefficients(_blocks(pixels))
    fits = {q: _fit(found, q) for q in QUALITIES}
    best = max(fits, key=lambda q: fits[q])
    return best if fits[best] >= MIN_FIT else None


def _blocks(pixels: U8) -> npt.NDArray[np.float32]:
    """Return (N, 8, 8) luminance of whole blocks, about nought."""
    rows, columns = (min(n // BLOCK, _side(n)) for n in pixels.shape[:2])
    top, left = (
        (n // BLOCK - k) // 2 * BLOCK
        for n, k in zip(pixels.shape[:2], (rows, columns), strict=True)
    )
    part = pixels[top : top + rows * BLOCK, left : left + columns * BLOCK]
    if not part.size:
        return np.zeros((0, BLOCK, BLOCK), np.float32)
    grey = cv2.cvtColor(np.ascontiguousarray(part), cv2.COLOR_RGB2GRAY)
    tiles = grey.reshape(rows, BLOCK, columns, BLOCK).transpose(0, 2, 1, 3)
    blocks = np.asarray(tiles, np.uint8).reshape(-1, BLOCK, BLOCK)
    low, high = CLIPPED
    is_whole = (blocks.min(axis=(1, 2)) > low) & (blocks.max(axis=(1, 2)) < high)
    return np.asarray(blocks[is_whole], np.float32) - MIDDLE


def _coefficients(blocks: npt.NDArray[np.float32]) -> Coefficients:
    """Return the cosine coefficients that are looked at, (N,) each.

    Without a product of matrices: on arm64 it raises false alarms of overflow.
    """
    cosines = cv2.dct(np.eye(BLOCK, dtype=np.float32), flags=cv2.DCT_ROWS).T
    return {
        place: np.einsum("nij,i,j->n", blocks, cosines[place[0]], cosines[place[1]])
        for place in STEPS_AT_50
    }


def _side(n_px: int) -> int:
    """Return how many blocks of one side are looked at."""
    return int(MAX_BLOCKS**0.5) if n_px > BLOCK * MAX_BLOCKS**0.5 else n_px


def _fit(found: Coefficients, quality: int) -> float:
    """Return how well coefficients are multiples of a quality's steps, at most 1."""
    total, n = 0.0, 0
    for place, at_50 in STEPS_AT_50.items():
        step = max(1.0, _scaled(at_50, quality))
        values = found[place]
        values = values[np.abs(values) > step / 2]  # what is nought fits every step
        total += float(np.cos(2 * np.pi / step * values).sum())
        n += len(values)
    return total / n if n >= MIN_COEFFICIENTS else 0.0


def _scaled(at_50: int, quality: int) -> float:
    """Return a step of a quality, rounded as libjpeg does."""
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    return float((at_50 * percent + 50) // 100)
