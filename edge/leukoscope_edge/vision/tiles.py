"""Large pictures are searched in tiles, which overlap by more than a cell.

A whole picture of 64 megapixels, with the labels of its cells, would need a gigabyte
and a half. Each cell belongs to the tile in whose core its nucleus has its centre. Two
tiles may place a centre a little differently: beside a seam both may keep it, and the
second is left out where the first lies within a nucleus.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from leukoscope_edge.arrays import F64, U8, BoolArray
from leukoscope_edge.types import Frame, LazyDetection, Segmentation
from leukoscope_edge.vision.crop import CropSpec
from leukoscope_edge.vision.scale.eyepiece import with_border
from leukoscope_edge.vision.sightings import FrameDetections, find_sightings

MAX_WHOLE_PIXELS = 1 << 24
"""Up to 16 megapixels a picture is searched as a whole."""
CORE_PX = 1024
"""A tile's search takes 40 bytes a pixel, overlap and all: here some 130 MB."""
OVERLAP_UM, OVERLAP_PX = 40.0, 512
"""On each side, where the scale is known and where not: the largest cells of marrow
span 40 µm, and half of one lies beyond its centre."""
MAX_OVERLAP_PX = 1024
SEAM_RADII = 0.5
"""In nucleus radii: so near to its core's edge a tile still keeps a cell."""
SAME_RADII = 0.9
"""In nucleus radii: closer is the same cell, as in `counting.cells`."""
FindCells = Callable[[U8], tuple[Segmentation, str]]
"""Finds the cells of (h, w, 3) uint8 RGB, and says what found them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchTile:
    """A part of a picture, in its pixels.

    Attributes:
        core: Left, top, right, bottom; the cores of all tiles part the picture.
        whole: The same with the overlap.
    """

    core: tuple[int, int, int, int]
    whole: tuple[int, int, int, int]


def tiles_of(shape: tuple[int, ...], scale_um_per_px: float | None) -> list[SearchTile]:
    """Part a picture into tiles, or into one where it is not large.

    Args:
        shape: (H, W, ...) of the picture.
        scale_um_per_px: Of its pixel; None where not known.
    """
    height, width = shape[:2]
    if height * width <= MAX_WHOLE_PIXELS:
        whole = (0, 0, width, height)
        return [SearchTile(core=whole, whole=whole)]
    over = OVERLAP_PX if scale_um_per_px is None else OVERLAP_UM / scale_um_per_px
    margin = min(math.ceil(over), MAX_OVERLAP_PX)
    return [
        SearchTile(
            core=(x, y, min(x + CORE_PX, width), min(y + CORE_PX, height)),
            whole=(
                max(x - margin, 0),
                max(y - margin, 0),
                min(x + CORE_PX + margin, width),
                min(y + CORE_PX + margin, height),
            ),
        )
        for y in range(0, height, CORE_PX)
        for x in range(0, width, CORE_PX)
    ]


def search_frame(
    frame: Frame,
    segment: FindCells,
    origin_px: tuple[float, float],
    spec: CropSpec,
    *,
    scale_um_per_px: float | None,
    outside: BoolArray | None,
    is_scale_given: bool = True,
) -> tuple[FrameDetections, str]:
    """Find every white cell of a frame, in tiles where it is large.

    One finder finds all cells of a picture: where a network fails between two tiles
    and thresholds serve from then on, all tiles are searched again.

    Args:
        frame: The frame.
        segment: Finds the cells; once another serves, it serves to the end.
        origin_px: Slide coordinates of the frame's top-left corner.
        spec: How the model wants its crops.
        scale_um_per_px: Of the frame's pixel; None where not known.
        outside: (H, W) bool, what lies outside an eyepiece's circle, or None.
        is_scale_given: It was; False: cells said it, or will.

    Returns:
        The cells, and what found them.
    """
    tiles = tiles_of(frame.pixels.shape, scale_um_per_px)
    sightings_in = partial(find_sightings, spec=spec, is_scale_given=is_scale_given)
    if len(tiles) == 1:
        found, found_by = segment(frame.pixels)
        segmentation = with_border(found, outside)
        return sightings_in(frame, segmentation, origin_px), found_by
    seen_in = partial(
        _seen_in,
        frame=frame,
        segment=segment,
        origin_px=origin_px,
        sightings_in=sightings_in,
        outside=outside,
    )
    seen, finders = _seen_in_all(tiles, seen_in)
    if len(set(finders)) > 1:
        seen, finders = _seen_in_all(tiles, seen_in)
    return seen, finders[-1]


def _seen_in_all(
    tiles: Sequence[SearchTile],
    seen_in: Callable[[SearchTile], tuple[FrameDetections, str]],
) -> tuple[FrameDetections, list[str]]:
    """Return what all tiles hold, each cell once, and what found it in each."""
    together, finders = FrameDetections(), []
    for tile in tiles:
        seen, found_by = seen_in(tile)
        together = _together(together, seen)
        finders.append(found_by)
    return together, finders


def _seen_in(
    tile: SearchTile,
    *,
    frame: Frame,
    segment: FindCells,
    origin_px: tuple[float, float],
    sightings_in: Callable[..., FrameDetections],
    outside: BoolArray | None,
) -> tuple[FrameDetections, str]:
    """Return what one tile's core holds, in the picture's pixels, cut out at once."""
    x0, y0, x1, y1 = tile.whole
    part = replace(frame, pixels=frame.pixels[y0:y1, x0:x1])
    hidden = None if outside is None else outside[y0:y1, x0:x1]
    found, found_by = segment(part.pixels)
    segmentation = with_border(found, hidden)
    origin = (origin_px[0] + x0, origin_px[1] + y0)
    seen = sightings_in(part, segmentation, origin)

    def own(detections: tuple[LazyDetection, ...]) -> tuple[LazyDetection, ...]:
        placed = (_placed(g, x0, y0) for g in detections)
        return tuple(_cut_out(g) for g in placed if _is_in(tile.core, g))

    kept = FrameDetections(
        whole=own(seen.whole), cut_off=own(seen.cut_off), smudges=own(seen.smudges)
    )
    return kept, found_by


def _placed(detection: LazyDetection, x0: int, y0: int) -> LazyDetection:
    left, top, right, bottom = detection.box_px
    x, y = detection.centre_px
    return replace(
        detection,
        box_px=(left + x0, top + y0, right + x0, bottom + y0),
        centre_px=(x + x0, y + y0),
    )


def _cut_out(detection: LazyDetection) -> LazyDetection:
    """Return it with its pictures, which hold on to no tile."""
    crop, view = detection.cut(), detection.cut_view()
    return replace(detection, cut=lambda: crop, cut_view=lambda: view)


def _is_in(core: tuple[int, int, int, int], detection: LazyDetection) -> bool:
    (x, y), near = detection.centre_px, SEAM_RADII * detection.radius_px
    x0, y0, x1, y1 = core
    return x0 - near <= x < x1 + near and y0 - near <= y < y1 + near


def _together(a: FrameDetections, b: FrameDetections) -> FrameDetections:
    """Add what a tile shows, but for what an earlier one showed beside a seam."""
    known = [(*g.centre_px, g.radius_px) for g in (*a.whole, *a.cut_off, *a.smudges)]
    xyr = np.array(known, np.float64).reshape(-1, 3)

    def new(detections: tuple[LazyDetection, ...]) -> tuple[LazyDetection, ...]:
        return tuple(g for g in detections if not _is_known(g, xyr))

    return FrameDetections(
        whole=a.whole + new(b.whole),
        cut_off=a.cut_off + new(b.cut_off),
        smudges=a.smudges + new(b.smudges),
    )


def _is_known(detection: LazyDetection, xyr: F64) -> bool:
    away = np.hypot(
        xyr[:, 0] - detection.centre_px[0], xyr[:, 1] - detection.centre_px[1]
    )
    reach = SAME_RADII * np.maximum(xyr[:, 2], detection.radius_px)
    return bool((away < reach).any())
