"""Damage that a decoder passes over: what no microscope's picture looks like.

A wrong byte in a compressed file shifts all that follows, in place or in colour; a lost
block is one colour, or noise. None of it is an error to the decoder. In a picture of a
smear one row is nearly like the next; where damage begins it is not.

Measured: `tools/refused_pictures.py` reads whole pictures and says what is refused;
neighbours in a row differ by at most 28 levels in the mean. Of JPEG files with one or
two wrong bits, a tenth or more of whose pixels are wrong and of which libjpeg says
nothing, 95 of 100 have steps above 18 levels and 12 times the usual one.
"""

import numpy as np
import numpy.typing as npt

from leukoscope_edge.arrays import U8
from leukoscope_edge.messages import Message, message

MAX_COLUMNS = 1024
"""As many columns as are looked at; a seam runs across all of them."""
STEP_LEVELS, STEP_TIMES = 9.5, 8.0
"""Above both, the step from one row to the next is a seam."""
EDGE_ROWS = 2
"""At the top and the bottom, where programs that cut and scale pictures leave rows of
their own; what is lost there is no part of a cell that is counted."""
BLOCK_PX, MIN_BLOCKS_PX = 8, 64
"""Where damage begins in the first row of a JPEG's blocks, only what is left of it is
whole: a step at a block's edge, below and to the right, over as many pixels as these.
Which whole pictures are refused for it says `tools/refused_pictures.py`."""
FIRST_ROWS = (BLOCK_PX, 2 * BLOCK_PX)
"""Heights of a row of blocks, without and with colours at half the resolution."""
NOISE_LEVELS = 60.0
"""Mean difference between neighbours in a row: random bytes give 128, smears 28."""
NOISE_ROWS = 0.02
"""Of all rows."""
BLANK_SHARE = 0.02
"""Of all pixels in one unbroken run of one colour, in the order in which they are
stored. A sensor's noise allows none; what is burnt in as bars or a circle breaks it."""
STRIP_PIXELS = 1 << 20
"""Looked at at once: the places of all changes of 64 megapixels are 1.3 GB."""
PICTURE_SHARE = 0.5
"""Of the row beside a blank run's end: a cell that is cut out on black ends in a few
pixels, a picture that is cut off in all of them."""
WHITE = 255


def damage_of(pixels: U8) -> Message | None:
    """Return what is wrong with a decoded picture, None where nothing is to be seen.

    Args:
        pixels: (H, W, 3) uint8 in any order of colours.
    """
    if _has_blank(pixels) or _has_blank(pixels[::-1]):  # a BMP's rows go upwards
        return message("damage-blank")
    if min(pixels.shape[:2]) < 2:
        return None
    every = max(1, pixels.shape[1] // MAX_COLUMNS)
    n = (pixels.shape[1] - 1) // every * every
    right, left = pixels[:, 1 : n + 1 : every], pixels[:, 0:n:every]
    across = np.abs(right.astype(np.int16) - left)
    level = across.mean(axis=(1, 2))
    is_calm = float(np.median(level)) < NOISE_LEVELS / 2
    if is_calm and float((level > NOISE_LEVELS).mean()) > NOISE_ROWS:
        return message("damage-noise")
    is_shifted = has_seam(pixels[:, ::every]) or _has_early_seam(pixels)
    return message("damage-shifted") if is_shifted else None


def has_seam(
    pixels: U8, *, edge_rows: int = EDGE_ROWS, sharp_times: float = 0.0
) -> bool:
    """Say whether one row is a step away from the next over most of its length.

    Args:
        pixels: (H, W, 3) uint8 in any order of colours.
        edge_rows: So many at the top and the bottom are not looked at.
        sharp_times: So many times the steps before and behind it is a seam.
    """
    inner = pixels[edge_rows:-edge_rows]
    if len(inner) < 2:
        return False
    is_flat = (inner == inner[:, :1]).all(axis=(1, 2))  # a bar's edge is no seam
    is_step = _is_step(inner, sharp_times)
    return bool((is_step & ~is_flat[1:] & ~is_flat[:-1]).any())


def _has_early_seam(pixels: U8) -> bool:
    """Say whether a seam runs down through the first row of blocks, and back below it.

    `has_seam` asks for a seam across half of the picture: above the damage there is
    none in the first row, and below it only under what was decoded before.
    """
    for height in (h for h in FIRST_ROWS if h < len(pixels)):
        columns = np.flatnonzero(_is_step(pixels[:height].swapaxes(0, 1))) + 1
        for n in columns[(columns >= MIN_BLOCKS_PX) & (columns % BLOCK_PX == 0)]:
            corner = pixels[: 3 * height, :n]
            if (corner[:height] != corner[0, 0]).any() and _is_step(corner)[height - 1]:
                return True
    return False


def _is_step(rows: U8, sharp_times: float = 0.0) -> npt.NDArray[np.bool_]:
    """Say of each row but the last whether the next is a step away from it.

    Args:
        rows: (H, W, 3), at least two rows.
        sharp_times: So many times as large as the steps before and behind it.

    Returns:
        (H - 1,) bool.
    """
    down = np.abs(np.diff(rows.astype(np.int16), axis=0)).max(axis=2)
    mean = down.mean(axis=1)
    # a picture that was enlarged without smoothing repeats its rows
    usual = max(1.0, float(np.median(mean[mean > 0]))) if mean.any() else 1.0
    is_high = mean > STEP_TIMES * usual
    is_wide = np.median(down, axis=1) > STEP_LEVELS
    beside = np.pad(mean, 1)
    is_sharp = mean > sharp_times * np.maximum(beside[:-2], beside[2:])
    return np.asarray(is_high & is_wide & is_sharp, np.bool_)


def _has_blank(pixels: U8) -> bool:
    """Say whether a long run of one colour begins or ends inside a row, and alone.

    The edge of a bar or circle that is burnt in lies about there in the next row too.
    """
    (start, end), width = _longest_run(pixels), pixels.shape[1]
    (above, left), (below, right) = divmod(start, width), divmod(end, width)
    colour = pixels[above, left]
    is_short = end - start <= BLANK_SHARE * len(pixels) * width
    if is_short or bool((colour == WHITE).all()):
        return False
    before = pixels[max(above - 1, 0), (left + width) // 2 :]
    behind = pixels[min(below + 1, len(pixels) - 1), : (right + 1) // 2]
    is_cut_before = left > 0 and _is_picture(before, colour)
    return is_cut_before or (right > 0 and _is_picture(behind, colour))


def _longest_run(pixels: U8) -> tuple[int, int]:
    """Return the first and the next pixel of the longest run of one colour, as numbers.

    Strip by strip, each with the last pixel of the one before.
    """
    height, width = pixels.shape[:2]
    n_rows = max(1, STRIP_PIXELS // width)
    start, longest = 0, (0, 0)
    for top in range(0, height, n_rows):
        before = 1 if top else 0
        rows = pixels[top - before : top + n_rows].reshape(-1, 3)
        flat = rows[before * (width - 1) :]
        differs = flat[1:] != flat[:-1]
        changes = np.flatnonzero(differs[:, 0] | differs[:, 1] | differs[:, 2]) + 1
        end = [height * width] if top + n_rows >= height else []
        edges = np.concatenate(([start], changes + top * width - before, end))
        if len(edges) > 1:
            k = int(np.diff(edges).argmax())
            longest = max(
                longest, (int(edges[k]), int(edges[k + 1])), key=lambda r: r[1] - r[0]
            )
        start = int(edges[-1])
    return longest


def _is_picture(pixels: U8, colour: U8) -> bool:
    """Say whether most of a part of a row has another colour than a blank run."""
    differs = (pixels != colour).any(axis=1)
    return bool(differs.size) and float(differs.mean()) > PICTURE_SHARE
