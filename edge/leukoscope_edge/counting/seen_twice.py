"""Cells that two pictures of separate fields show: fields overlap, or one came twice.

Whoever presses twice, or moves on by less than a field, has the same cell in two
pictures, shifted and in other light, and each would count. A cell is known by what
lies around it: thumbnails of two views, without their light, are compared.

Views are cut around the cell, so that two of one differ by a pixel or two, in light and
in focus. Dark discs on pale ground are alike, too: what is coarse is taken off, so that
the rest tells them. `tests/edge/counting/test_seen_twice.py` holds how near they come.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from leukoscope_edge.arrays import F32, U8
from leukoscope_edge.messages import message
from leukoscope_edge.outcome import Doubt
from leukoscope_edge.types import Cell

THUMBNAIL_PX = 16
COARSE_PX = 2.0
"""Of a thumbnail: what is smoother than this (sigma) is taken off."""
MIN_ALIKE = 0.94
"""Correlation of two thumbnails, from which they show the same cell."""
MAX_TWICE = 0.05
"""Of the cells: more, and a count is not what it says."""
AT_ONCE = 512
"""Cells that are compared with all before them at once: 40 MB for 20,000."""


def doubts_of_twice(cells: Sequence[Cell]) -> tuple[Doubt, ...]:
    """Return the doubt that cells of separate fields were counted twice, or none.

    Args:
        cells: As counted, each with its view.
    """
    n_twice = n_seen_before(cells)
    if n_twice <= MAX_TWICE * len(cells):
        return ()
    reason = message("seen-twice", k=n_twice, n=len(cells))
    return (Doubt(reason=reason, cure=message("seen-twice-cure"), spoils_calls=False),)


def n_seen_before(cells: Sequence[Cell]) -> int:
    """Return how many cells another picture shows, too, the first one not counted."""
    if len(cells) < 2:
        return 0
    _, frames = np.unique([c.best.frame for c in cells], return_inverse=True)
    views = np.stack([_thumbnail(c.view) for c in cells])
    n_found = 0
    for first in range(0, len(cells), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        before = slice(first + AT_ONCE)
        is_alike = views[some] @ views[before].T >= MIN_ALIKE
        is_alike &= frames[some, None] != frames[before]
        n_found += int(np.tril(is_alike, k=first - 1).any(axis=1).sum())
    return n_found


def _thumbnail(view: U8) -> F32:
    """Return a view as (768,) float32 of length 1, without what lies beyond the frame.

    What the frame's edge cuts off is 0, as are all of a view's pixels that do not
    count; so it agrees with nothing.
    """
    size = (THUMBNAIL_PX, THUMBNAIL_PX)
    seen = (view.max(axis=2) > 0).astype(np.float32)
    is_seen = cv2.resize(seen, size, interpolation=cv2.INTER_AREA) > 1 - 1e-3
    small = cv2.resize(view, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    if not is_seen.any():
        return np.zeros(small.size, np.float32)
    small -= cv2.GaussianBlur(small, (0, 0), COARSE_PX)
    small = (small - small[is_seen].mean(axis=0)) * is_seen[..., None]
    length = float(np.linalg.norm(small))
    return np.asarray(small.ravel() / max(length, 1.0), np.float32)
