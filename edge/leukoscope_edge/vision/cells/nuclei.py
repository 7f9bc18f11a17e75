"""From a mask of nuclear stain to whole nuclei, one label each.

A part with several thick cores is several nuclei that touch, and is split. Parts that
are lobes of one nucleus (`vision.cells.lobes`) are joined.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from leukoscope_edge.arrays import F32, I32, U8, BoolArray
from leukoscope_edge.vision.cells.lobes import (
    NO_LIMITS,
    Group,
    LobeLimits,
    density_of,
    group_of,
    join_lobes,
)
from leukoscope_edge.vision.morphology import Place, depth_of, fill_holes, parts_of

CORE_UM = 3.8
"""Radius of a whole cell's nucleus at its thickest, at least; a lobe's stays below.
A stained part with two such cores is two cells that touch."""
SMALL_CORE_UM, NECK_UM = 3.1, 2.6
"""The same of a small nucleus, where a neck parts it from another: a lymphocyte that
touches a blast. Lobes have up to 2.9 µm."""
APART = 0.8
"""Of the sum of two cores' depths: touching discs lie 1 apart, a notch's sides less."""
MIN_LOBE_UM2 = 1.5
"""A smaller part is a granule or a speck and joins nothing."""
CLUMP_UM2, MAX_HOLE_UM2 = 110.0, 2.0
"""In a part of more than the first area, which may be several nuclei, a hole smaller
than the second is pale or very dark chromatin: no rim is counted there."""
MAX_PARTS = 400
"""Beyond this many parts the frame is noise, and nothing is joined."""

DEPTH_REACH_PX = 2
"""Length of the longest step of the 5 x 5 distance transform: what lies further outside
a part does not change its depth."""

Peak = tuple[float, int, int, int]
"""Depth in pixels, y, x, and the label of the part that it lies in."""


@dataclass(slots=True)
class _Parts:
    """Connected parts of a mask, some of them split.

    Attributes:
        labels: (h, w) int32.
        places: Where each label lies.
        depths: Of each part that is large enough for a lobe, (h', w') float32 in its
            box: the depth below the rim, from before it was split.
        thick: Labels of the parts with a whole nucleus's core.
    """

    labels: I32
    places: dict[int, Place]
    depths: dict[int, F32]
    thick: set[int]

    def own(self, label: int) -> U8:
        """Return the mask of one label in its box."""
        is_own: BoolArray = self.labels[self.places[label].window] == label
        return is_own.view(np.uint8)


def label_nuclei(
    nuclei: BoolArray,
    body: Callable[[], BoolArray],
    scale_um_per_px: float,
    *,
    limits: LobeLimits = NO_LIMITS,
    colours: U8 | None = None,
) -> tuple[I32, dict[int, Place]]:
    """Label whole nuclei.

    Args:
        nuclei: (h, w) bool.
        body: Returns (h, w) bool, nuclei and cytoplasm; asked where parts lie near.
        scale_um_per_px: Of these masks.
        limits: What lobes of one nucleus do not exceed.
        colours: (h, w, 3) uint8 RGB of a view; lobes of one nucleus are alike in it.
            None: they may differ.

    Returns:
        (h, w) int32, 0 outside, 1.. on the nuclei, where labels may skip numbers; and
        where each label lies, in their order.
    """
    parts = _connected(nuclei, scale_um_per_px)
    _split(parts, scale_um_per_px)
    groups = [_group(parts, label, colours) for label in sorted(parts.depths)]
    if 1 < len(groups) <= MAX_PARTS:
        join_lobes(groups, body, scale_um_per_px, limits=limits)
    for group in groups:
        _rename(parts, group.parts)
    return parts.labels, parts.places


def _connected(nuclei: BoolArray, scale_um_per_px: float) -> _Parts:
    """Return the connected parts, and the depths of those that are large enough."""
    least_px, clump_px, hole_px = (
        um2 / scale_um_per_px**2 for um2 in (MIN_LOBE_UM2, CLUMP_UM2, MAX_HOLE_UM2)
    )
    labels, places = parts_of(nuclei.view(np.uint8))
    depths = {
        label: _depth_in_box(
            labels, label, place, hole_px if place.area_px > clump_px else 0
        )
        for label, place in places.items()
        if place.area_px >= least_px
    }
    return _Parts(labels=labels, places=places, depths=depths, thick=set())


def _depth_in_box(labels: I32, label: int, place: Place, hole_px: float) -> F32:
    """Return how far below the rim each pixel of a part lies, small holes filled."""
    x, y, w, h = place.box_px
    wide = place.grown(DEPTH_REACH_PX)
    top, left = y - wide[0].start, x - wide[1].start
    own = (labels[wide] == label).view(np.uint8)
    if hole_px:
        own = fill_holes(own, hole_px)
    return depth_of(own.view(np.bool_))[top : top + h, left : left + w]


def _split(parts: _Parts, scale_um_per_px: float) -> None:
    """Split parts where several thick cores touch, and note the thick ones."""
    peaks = _cores(parts, scale_um_per_px)
    owners = [owner for *_, owner in peaks]
    parts.thick = set(owners)
    n_parts = len(parts.places) + 1
    for part in {p for p in owners if owners.count(p) > 1}:
        own = [peak for peak in peaks if peak[3] == part]
        fresh = [part, *range(n_parts, n_parts + len(own) - 1)]
        x0, y0, _, _ = parts.places[part].box_px
        depth = parts.depths[part]
        ys, xs = np.nonzero(parts.own(part))
        away = [np.hypot(ys + (y0 - y), xs + (x0 - x)) / d for d, y, x, _ in own]
        nearest = np.argmin(away, axis=0)
        parts.labels[ys + y0, xs + x0] = np.array(fresh, np.int32)[nearest]
        for index, label in enumerate(fresh):
            is_here = nearest == index
            points = np.column_stack([xs[is_here], ys[is_here]])
            x, y, w, h = cv2.boundingRect(points.astype(np.int32))
            parts.places[label] = Place((x0 + x, y0 + y, w, h), len(points))
            parts.depths[label] = depth[y : y + h, x : x + w]
        parts.thick.update(fresh)
        n_parts += len(own) - 1


def _cores(parts: _Parts, scale_um_per_px: float) -> list[Peak]:
    """Return the deepest point of each thick core, near ones of one nucleus once."""
    thick_px, small_px, neck_px = (
        um / scale_um_per_px for um in (CORE_UM, SMALL_CORE_UM, NECK_UM)
    )
    peaks: list[Peak] = []
    for label, depth in parts.depths.items():
        if depth.max() <= small_px:
            continue
        x, y, _, _ = parts.places[label].box_px
        own = np.where(parts.own(label), depth, 0)
        small = [p for p in _peaks(own, neck_px) if small_px < p[0] <= thick_px]
        cores = _peaks(own, thick_px) + small
        if len(cores) == 1 and small:
            continue  # alone it may still be a lobe
        peaks += [(d, y + r, x + c, label) for d, r, c in cores]
    kept: list[Peak] = []
    for peak in sorted(peaks, reverse=True):
        far = (
            np.hypot(peak[1] - k[1], peak[2] - k[2]) > APART * (peak[0] + k[0])
            for k in kept
        )
        if all(far):
            kept.append(peak)
    return kept


def _peaks(depth: F32, least_px: float) -> list[tuple[float, int, int]]:
    """Return depth, row and column of the deepest point of each core."""
    n, cores, stats, _ = cv2.connectedComponentsWithStats(
        (depth > least_px).view(np.uint8)
    )
    peaks = []
    for core in range(1, n):
        x, y, w, h = (int(v) for v in stats[core, :4])
        window = np.s_[y : y + h, x : x + w]
        inside = np.where(cores[window] == core, depth[window], 0)
        row, column = np.unravel_index(int(inside.argmax()), inside.shape)
        peaks.append((float(inside.max()), y + int(row), x + int(column)))
    return peaks


def _group(parts: _Parts, label: int, colours: U8 | None) -> Group:
    own, place = parts.own(label), parts.places[label]
    return group_of(
        label,
        own,
        place,
        parts.depths[label],
        is_thick=label in parts.thick,
        density=0.0 if colours is None else density_of(colours[place.window], own),
    )


def _rename(parts: _Parts, labels: list[int]) -> None:
    """Give all parts of a group the label of its first."""
    first, *others = labels
    for label in others:
        parts.labels[parts.places[label].window][parts.own(label) > 0] = first
        parts.places[first] = _both(parts.places[first], parts.places.pop(label))


def _both(a: Place, b: Place) -> Place:
    ends = [(x, y, x + w, y + h) for x, y, w, h in (a.box_px, b.box_px)]
    x0, y0 = (min(e[axis] for e in ends) for axis in (0, 1))
    x1, y1 = (max(e[axis] for e in ends) for axis in (2, 3))
    return Place((x0, y0, x1 - x0, y1 - y0), a.area_px + b.area_px)
