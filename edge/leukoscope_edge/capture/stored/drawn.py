"""What people and programs add to a picture: lines, words, window frames, a neighbour.

It hides cells, passes for stain, or brings cells that no slide has: 60 screenshots of
single marrow cells gave 88 cells for 48, most of the new ones "normal". No camera draws
an edge from black to plasma in three pixels, leaves a square without noise, or makes a
step from one column to the next over the whole height.

Measured on 4,675 real pictures of eight sets as they were taken, of which one is
refused, a cell that was cut out on black (by a script that is not kept): the most
pixels of sharp black are 27, of a scale bar that is burnt in, no square of 32 pixels
has one colour. What is known to pass stands in docs/inputs.md, rows 65 and 69 to 71:
pale and dark red lines, white or black pages, an inset, a soft join.
"""

from collections import Counter

import cv2
import numpy as np

from leukoscope_edge.arrays import U8
from leukoscope_edge.capture.stored.damage import has_seam
from leukoscope_edge.messages import Message, message

PURE_LEVELS, DRAWN_PX = 240, 100
"""So far apart are two channels of a drawn colour, in so many pixels. Of 9,887 real
pictures of six sets none has more than 15 (by a script that is not kept)."""
BLACK_LEVEL, BRIGHT_LEVEL, EDGE_PX = 24, 120, 3
"""At most in every channel of a black stroke, at least in every channel so many pixels
beside it. What the edge of the picture holds together, as an eyepiece's circle, its
pointer or bars, is no stroke."""
MARGIN = 6
"""A scale bar or a date may stand in the outer sixth on each side: 60 marrow cells and
170 fields with one are called as they are without."""
TILE_PX = 32
"""A sensor's noise allows no square of one colour as large as this."""
FRAME_SHARE = 0.005
"""Of the picture in such squares."""
MAX_ALIKE = 0.5
"""Of the pixels elsewhere, like the one to their left: more, and the whole picture has
no noise, as one that was drawn."""
DARK, BRIGHT = 16, 250
"""Below and above there is no noise: bars, an eyepiece's circle, too much light."""
NEAR_LEVELS, PLASMA_TIMES, CLIPPED_SHARE = 5, 5, 0.002
"""So near a flat colour, more than so many times its squares: plasma that was stored in
few levels (13 times and more in 8 pictures; beside a window 1.2 times). So near a
picture's own lightest, so much of it: a camera that clips at 245 instead of
255 (0.005 and more in 70 pictures; a window lighter than all of a picture none)."""
STRIP_ROWS = 256
MAX_ROWS = 1024
"""As many as are looked at for a step between columns, which runs across all."""
SHARP_TIMES = 2.0
"""So many times the steps on both sides of it: a join lies between two columns, and the
edge of a cell in a picture that was enlarged, whose usual step is small, in several."""
EDGE_COLUMNS = 6
"""At the left and the right, where programs that cut and scale pictures leave two
columns of their own, and at twice the size four and two that are mixed."""


def drawn_on(pixels: U8) -> Message | None:
    """Return what was added to a picture and what to do, None where nothing is seen.

    Args:
        pixels: (H, W, 3) uint8 in any order of colours.
    """
    if _has_pure_colours(pixels) or _has_black_strokes(pixels):
        return message("file-drawn")
    if _has_window_frame(pixels):
        return message("file-framed")
    every = max(1, len(pixels) // MAX_ROWS)
    columns = np.ascontiguousarray(pixels[::every].swapaxes(0, 1))
    is_joined = has_seam(columns, edge_rows=EDGE_COLUMNS, sharp_times=SHARP_TIMES)
    return message("file-joined") if is_joined else None


def _has_pure_colours(pixels: U8) -> bool:
    """Say whether a picture holds colours of which one or two channels have nothing.

    A dye that takes one colour away whole leaves no other whole.
    """
    n_pure = 0
    for strip in _strips(pixels):
        low, high = extremes(strip)
        n_pure += int(np.count_nonzero(cv2.subtract(high, low) >= PURE_LEVELS))
    return n_pure >= DRAWN_PX


def _has_black_strokes(pixels: U8) -> bool:
    """Say whether black lines or words stand in the middle of a picture.

    First in strips, without the question of what touches the picture's edge: nearly
    every picture ends there, and a large one is not held twice.
    """
    if sum(int(np.count_nonzero(_sharp_black(s))) for s in _strips(pixels)) < DRAWN_PX:
        return False
    sharp = _sharp_black(pixels)
    is_black = np.asarray(extremes(pixels)[1] <= BLACK_LEVEL, np.uint8)
    black = cv2.copyMakeBorder(is_black, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    cv2.floodFill(black, None, (0, 0), 0, flags=8)
    sharp = np.asarray(cv2.bitwise_and(sharp, black[1:-1, 1:-1]), np.uint8)
    height, width = (side // MARGIN for side in sharp.shape)
    middle = sharp[height : len(sharp) - height, width : sharp.shape[1] - width]
    return int(np.count_nonzero(middle)) >= DRAWN_PX


def _sharp_black(pixels: U8) -> U8:
    """Return where black has plasma a few pixels beside it, (H, W) of 0 and 1."""
    low, high = extremes(pixels)
    side = 2 * EDGE_PX + 1
    near = cv2.dilate(low, np.ones((side, side), np.uint8)) > BRIGHT_LEVEL
    return np.asarray((high <= BLACK_LEVEL) & near, np.uint8)


def _has_window_frame(pixels: U8) -> bool:
    """Say whether squares of one colour lie beside a picture that has noise.

    Neither black nor white: those are bars, or light, also where a camera ends early.
    """
    height, width = (side // TILE_PX * TILE_PX for side in pixels.shape[:2])
    corner = pixels[:height:TILE_PX, :width:TILE_PX]
    may_be = (corner.max(axis=2) > DARK) & (corner.max(axis=2) < BRIGHT)
    for down, right in ((TILE_PX - 1, 0), (TILE_PX // 2, TILE_PX // 2)):
        other = pixels[down:height:TILE_PX, right:width:TILE_PX]
        may_be &= (other == corner).all(axis=2)
    n_px = pixels.shape[0] * pixels.shape[1]
    flat = [p for p in np.argwhere(may_be).tolist() if _is_flat(pixels, *p)]
    if len(flat) * TILE_PX**2 <= FRAME_SHARE * n_px:
        return False
    colours = Counter(tuple(corner[row, column].tolist()) for row, column in flat)
    n_added = sum(n for c, n in colours.items() if not _is_its_own(pixels, c, n))
    if n_added * TILE_PX**2 <= FRAME_SHARE * n_px:
        return False
    alike = (pixels[:, 1:] == pixels[:, :-1]).all(axis=2)
    n_flat_px = len(flat) * TILE_PX**2
    n_other_px = n_px - n_flat_px  # 0: one colour is no frame of anything
    n_alike = max(0, int(np.count_nonzero(alike)) - n_flat_px)
    return bool(n_alike < MAX_ALIKE * n_other_px)


def _is_its_own(pixels: U8, colour: tuple[int, ...], n_tiles: int) -> bool:
    """Say whether a colour without noise is a picture's light or plasma.

    Levels beside it are seen, too: a program paints one and no other.
    """
    low, high = (tuple(c + by for c in colour) for by in (-NEAR_LEVELS, NEAR_LEVELS))
    n_near_px = cv2.countNonZero(cv2.inRange(pixels, low, high))
    n_near_px -= cv2.countNonZero(cv2.inRange(pixels, colour, colour))
    if n_near_px > PLASMA_TIMES * n_tiles * TILE_PX**2:
        return True
    levels = extremes(pixels)[1]
    is_light = max(colour) + NEAR_LEVELS >= levels.max()
    return bool(is_light and n_near_px > CLIPPED_SHARE * levels.size)


def _is_flat(pixels: U8, row: int, column: int) -> bool:
    top, left = row * TILE_PX, column * TILE_PX
    tile = pixels[top : top + TILE_PX, left : left + TILE_PX]
    return bool((tile == tile[0, 0]).all())


def _strips(pixels: U8) -> list[U8]:
    return [pixels[k : k + STRIP_ROWS] for k in range(0, len(pixels), STRIP_ROWS)]


def extremes(pixels: U8) -> tuple[U8, U8]:
    """Return the lowest and the highest of the three channels, each (H, W)."""
    first, second, third = cv2.split(pixels)
    low = cv2.min(cv2.min(first, second), third)
    high = cv2.max(cv2.max(first, second), third)
    return np.asarray(low, np.uint8), np.asarray(high, np.uint8)
