"""Following known cells into a frame that is not searched, by the stage's motion alone.

A cell's place on the slide is known from a frame that was searched; where the other
frame lies is known from the motion. A cell is followed only where what the frame shows
there looks like it, and where it lies whole in the frame.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from leukoscope_edge.arrays import U8
from leukoscope_edge.types import Detection, Frame
from leukoscope_edge.vision.matching import correlation
from leukoscope_edge.vision.sightings import FrameDetections

MIN_LIKENESS = 0.8
"""Correlation of the cell's box in both frames: noise and focus leave more, a place
that is off by a nucleus less than half (tests/edge/vision/test_following.py)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """The known cells that a frame shows, without their pictures."""

    whole: tuple[Detection, ...] = ()
    smudges: tuple[Detection, ...] = ()


NOTHING_FOLLOWED = Followed()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a searched frame showed, to find it again in others.

    Attributes:
        cells: Its white cells.
        greens: By cell, (h, w) uint8, its box in the green channel.
    """

    cells: Followed = NOTHING_FOLLOWED
    greens: tuple[U8, ...] = ()


NOTHING_KNOWN = Known()


def remember(seen: FrameDetections, pixels: U8) -> Known:
    """Keep what is needed to follow the cells of a searched frame.

    Pieces of cells that an edge cut off are not followed: how far such a cell reaches
    once it has come into view, only a search can tell.

    Args:
        seen: What the frame shows.
        pixels: (H, W, 3) uint8 RGB, the frame.
    """
    cells = Followed(whole=_plain(seen.whole), smudges=_plain(seen.smudges))
    greens = (_green(pixels, g.box_px).copy() for g in (*cells.whole, *cells.smudges))
    return Known(cells=cells, greens=tuple(greens))


def follow(known: Known, frame: Frame, origin_px: tuple[float, float]) -> Followed:
    """Return where known cells lie in another frame.

    Args:
        known: Of a searched frame.
        frame: Another one of the same slide, scale and size.
        origin_px: Slide coordinates of its top-left corner.
    """
    cells = known.cells
    all_cells = (*cells.whole, *cells.smudges)
    moved = [
        _moved(cell, green, frame, origin_px)
        for cell, green in zip(all_cells, known.greens, strict=True)
    ]
    n_whole = len(cells.whole)
    return Followed(
        whole=tuple(g for g in moved[:n_whole] if g is not None),
        smudges=tuple(g for g in moved[n_whole:] if g is not None),
    )


def _plain(detections: Iterable[Detection]) -> tuple[Detection, ...]:
    """Return detections that hold on to no frame."""
    return tuple(
        Detection(
            frame=g.frame,
            box_px=g.box_px,
            centre_px=g.centre_px,
            slide_px=g.slide_px,
            sharpness=g.sharpness,
            radius_px=g.radius_px,
        )
        for g in detections
    )


def _moved(
    cell: Detection, green: U8, frame: Frame, origin_px: tuple[float, float]
) -> Detection | None:
    """Return one cell's place in another frame, None where it is not seen there."""
    x, y = (s - o for s, o in zip(cell.slide_px, origin_px, strict=True))
    dx, dy = round(x - cell.centre_px[0]), round(y - cell.centre_px[1])
    x0, y0, x1, y1 = cell.box_px
    box = x0 + dx, y0 + dy, x1 + dx, y1 + dy
    if not _is_inside(box, frame.pixels):
        return None
    if _likeness(green, _green(frame.pixels, box)) < MIN_LIKENESS:
        return None
    return replace(cell, frame=frame.name, box_px=box, centre_px=(x, y))


def _green(pixels: U8, box_px: tuple[int, int, int, int]) -> U8:
    x0, y0, x1, y1 = box_px
    return np.ascontiguousarray(pixels[y0:y1, x0:x1, 1])


def _is_inside(box_px: tuple[int, int, int, int], pixels: U8) -> bool:
    """Say whether a box lies in a frame without touching its rim."""
    x0, y0, x1, y1 = box_px
    height, width = pixels.shape[:2]
    return min(x0, y0) > 0 and x1 < width and y1 < height


def _likeness(before: U8, after: U8) -> float:
    """Return the correlation of two pictures of one size, -1..1."""
    a, b = (box.astype(np.float32) for box in (before, after))
    return correlation(a - a.mean(), b - b.mean())
