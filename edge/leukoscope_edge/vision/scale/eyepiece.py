"""Where a picture through an eyepiece ends: its circle, or bars at its sides.

What lies there was never seen: it is measured by nobody, looks like plasma to whoever
seeks cells, and a cell which touches it is cut off as one at the picture's own edge is.
"""

from dataclasses import replace

import cv2
import numpy as np

from leukoscope_edge.arrays import U8, BoolArray
from leukoscope_edge.types import CellKind, Segmentation
from leukoscope_edge.vision.colour import plasma_colour

BLACK_LEVEL, WHITE_LEVEL = 16, 250
"""In every channel: a covered sensor's noise, and JPEG's around an edge, stay below the
one; programs that cut a circle out on paper leave more than the other."""
MIN_SHARE = 0.03
"""Of the picture: less is a smudge at its edge."""
MIN_INSIDE = 0.1
"""Of the picture: less is a dark picture, and no circle."""
MIN_INSIDE_WHITE, MIN_SOLIDITY = 0.3, 0.97
"""White may be plasma that is too bright. A circle leaves so much of the picture, and
in a shape so convex, area over that of its hull; cells on bright plasma do not."""
REDUCTION = 4
"""Edges are found to so many pixels; the margin covers it."""
MARGIN_PX = 2
"""Of the reduced picture: the edge of a circle is soft."""
SHRINK, MAX_HIDDEN = 0.98, 0.002
"""The window of what was seen shrinks by so much at a time, until no more is hidden."""


def outside_of(pixels: U8) -> BoolArray | None:
    """Return where nothing was seen, None where the picture fills its frame.

    Args:
        pixels: (H, W, 3) uint8 RGB.

    Returns:
        (H, W) bool.
    """
    small = np.ascontiguousarray(pixels[::REDUCTION, ::REDUCTION])
    outside = _black(small)
    if outside is None:
        outside = _white(small)
    if outside is None:
        return None
    side = 2 * MARGIN_PX + 1
    wide = np.asarray(cv2.dilate(outside, np.ones((side, side), np.uint8)), np.uint8)
    if _inside(wide) < MIN_INSIDE:
        return None
    size = pixels.shape[1::-1]
    return cv2.resize(wide, size, interpolation=cv2.INTER_NEAREST) > 0


def black_of(pixels: U8) -> U8:
    """Return where a picture is black, (H, W) uint8, above 0 there.

    Args:
        pixels: (H, W, 3) uint8 RGB.
    """
    return np.asarray(cv2.inRange(pixels, (0,) * 3, (BLACK_LEVEL,) * 3), np.uint8)


def filled(pixels: U8, outside: BoolArray | None) -> U8:
    """Return a picture with plasma where nothing was seen.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        outside: As `outside_of` returns it.
    """
    if outside is None:
        return pixels
    plasma = plasma_colour(pixels[window_of(outside)])
    whole = pixels.copy()
    whole[outside] = np.rint(plasma).astype(np.uint8)
    return whole


def window_of(outside: BoolArray) -> tuple[slice, slice]:
    """Return rows and columns of a window, about the middle, of what was seen.

    Args:
        outside: (H, W) bool, not all of it.
    """
    rows, columns = (np.flatnonzero((~outside).any(axis=k)) for k in (1, 0))
    share = 1.0
    while True:
        window = _middle(rows, share), _middle(columns, share)
        if float(outside[window].mean()) <= MAX_HIDDEN or share < MIN_INSIDE:
            return window
        share *= SHRINK


def with_border(segmentation: Segmentation, outside: BoolArray | None) -> Segmentation:
    """Return a segmentation in which cells that touch the outside are cut off.

    Args:
        segmentation: Of the picture.
        outside: As `outside_of` returns it.
    """
    if outside is None or not len(segmentation):
        return segmentation
    touched = set(np.unique(segmentation.cell_labels[outside]).tolist())
    kinds = tuple(
        CellKind.BORDER if kind is CellKind.WBC and i + 1 in touched else kind
        for i, kind in enumerate(segmentation.kinds)
    )
    return replace(segmentation, kinds=kinds)


def _middle(places: "np.typing.NDArray[np.intp]", share: float) -> slice:
    first, last = int(places[0]), int(places[-1]) + 1
    margin = int((last - first) * (1 - share) / 2)
    return slice(first + margin, last - margin)


def _black(small: U8) -> U8 | None:
    return _at_edge(black_of(small))


def _white(small: U8) -> U8 | None:
    white = cv2.inRange(small, (WHITE_LEVEL,) * 3, (255,) * 3)
    outside = _at_edge(np.asarray(white, np.uint8))
    if outside is None or _inside(outside) < MIN_INSIDE_WHITE:
        return None
    contours, _ = cv2.findContours(
        1 - outside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    largest = max(contours, key=cv2.contourArea)
    hull_px = cv2.contourArea(cv2.convexHull(largest))
    is_convex = cv2.contourArea(largest) >= MIN_SOLIDITY * hull_px
    return outside if is_convex else None


def _inside(outside: U8) -> float:
    return 1 - float(outside.mean())


def _at_edge(mask: U8) -> U8 | None:
    """Return the parts of a mask that reach its edge, None where they are small."""
    if cv2.countNonZero(mask) < MIN_SHARE * mask.size:
        return None
    _, labels = cv2.connectedComponents(mask)
    edges = np.concatenate((labels[0], labels[-1], labels[:, 0], labels[:, -1]))
    outside = np.isin(labels, np.setdiff1d(edges, 0)).astype(np.uint8)
    return outside if float(outside.mean()) >= MIN_SHARE else None
