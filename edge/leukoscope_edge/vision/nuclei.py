"""From a mask of nuclear stain to whole nuclei, one label each.

A part with several thick cores is several nuclei that touch, and is split. Parts that
lie in one and the same cell body are lobes of one nucleus, and are joined: their hull
is filled with body, not with plasma or red cells, and is no larger than a nucleus.
"""

from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np

from leukoscope_edge.types import F32, F64, I32, U8, BoolArray
from leukoscope_edge.vision.morphology import Place, parts_of

CORE_UM = 3.8
"""Radius of a whole cell's nucleus at its thickest, at least; a lobe's stays below.
A stained part with two such cores is two cells that touch."""
APART = 0.8
"""Of the sum of two cores' depths: touching discs lie 1 apart, a notch's sides less."""
MIN_LOBE_UM2 = 1.5
"""A smaller part is a granule or a speck and joins nothing."""
SMALL_HULL_UM, SMALL_HULL_BODY = 12.0, 0.75
LARGE_HULL_UM, LARGE_HULL_BODY = 15.0, 0.95
"""Lobes are one nucleus where their hull has at most this area-equivalent diameter in
micrometres and at least this share of it is cell body. Between cells that touch lies
plasma: pairs of different cells have hulls of 12.4 µm and more that are filled to 0.94
at most (simulated slide), on real fields 11.0 µm filled to 0.36."""
SMALL_HULL_NECK, LARGE_HULL_NECK = 0.1, 0.6
"""Depth of the cell body midway between two lobes, as a share of its depth at the
shallower lobe, at least: between two cells that touch the body has a neck. Lobes that
lie close are one nucleus even where granules tear the body between them."""
NOTCHED_HULL_UM, NOTCHED_HULL_BODY, NOTCHED_NECK = 17.0, 0.98, 1.0
"""Two thick cores that touch are one notched nucleus where cell body fills their hull
and is nowhere deeper than between them. Of pairs of different cells (simulated slide)
the body is deepest in between only where less than 0.96 of the hull is filled."""
LOBES_SPAN_UM, LOBES_GAP_UM, LOBES_BODY = 19.0, 2.0, 0.65
MAX_LOBE_ROUNDNESS = 0.85
"""Parts that are not whole nuclei are lobes of one where the circle around both is no
wider than a cell, where so little lies between them, most of it not plasma, and where
at least one is not round: its thickest radius is below this share of that of a disc of
its area. Eosinophils, whose red granules tear the body, are joined by this alone. Of
pairs that lie so close, those of different cells span 20.4 µm and more on real fields
or hold a whole nucleus (simulated slide); whole nuclei have a roundness of 0.85."""
TOUCHING_PX = 1.5
"""Between the rims of what was one part."""
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


@dataclass(slots=True)
class _Group:
    """Lobes joined so far.

    Attributes:
        parts: Their labels.
        outline: (n, 1, 2) int32, their hull.
        rim: (n, 1, 2) int32, the points of their contours.
        n_thick: How many are whole nuclei.
        is_round: Whether it is one part, and as round as a whole nucleus.
    """

    parts: list[int]
    outline: I32
    rim: I32
    n_thick: int
    is_round: bool


def label_nuclei(
    nuclei: BoolArray, body: BoolArray, scale_um_per_px: float
) -> tuple[I32, dict[int, Place]]:
    """Label whole nuclei.

    Args:
        nuclei: (h, w) bool.
        body: (h, w) bool, nuclei and cytoplasm.
        scale_um_per_px: Of these masks.

    Returns:
        (h, w) int32, 0 outside, 1.. on the nuclei, where labels may skip numbers; and
        where each label lies, in their order.
    """
    parts = _connected(nuclei, MIN_LOBE_UM2 / scale_um_per_px**2)
    _split(parts, CORE_UM / scale_um_per_px)
    groups = [_group(parts, label) for label in sorted(parts.depths)]
    if 1 < len(groups) <= MAX_PARTS:
        _join(groups, body, scale_um_per_px)
    for group in groups:
        _rename(parts, group.parts)
    return parts.labels, parts.places


def _connected(nuclei: BoolArray, least_px: float) -> _Parts:
    """Return the connected parts, and the depths of those that are large enough."""
    labels, places = parts_of(nuclei.view(np.uint8))
    depths = {
        label: _depth_of(labels, label, place)
        for label, place in places.items()
        if place.area_px >= least_px
    }
    return _Parts(labels=labels, places=places, depths=depths, thick=set())


def _depth_of(labels: I32, label: int, place: Place) -> F32:
    x, y, w, h = place.box_px
    wide = place.grown(DEPTH_REACH_PX)
    top, left = y - wide[0].start, x - wide[1].start
    return _depth(labels[wide] == label)[top : top + h, left : left + w]


def _depth(mask: BoolArray) -> F32:
    own = mask.view(np.uint8)
    depth = cv2.distanceTransform(own, cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.asarray(depth, np.float32)


def _split(parts: _Parts, least_px: float) -> None:
    """Split parts where several thick cores touch, and note the thick ones."""
    peaks = _cores(parts, least_px)
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


def _cores(parts: _Parts, least_px: float) -> list[Peak]:
    """Return the deepest point of each thick core, near ones of one nucleus once."""
    peaks: list[Peak] = []
    for label, depth in parts.depths.items():
        if depth.max() > least_px:
            x, y, _, _ = parts.places[label].box_px
            own = np.where(parts.own(label), depth, 0)
            peaks += [(d, y + r, x + c, label) for d, r, c in _peaks(own, least_px)]
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


def _group(parts: _Parts, label: int) -> _Group:
    """Start with a part as a group of its own."""
    own, place = parts.own(label), parts.places[label]
    contours, _ = cv2.findContours(
        own, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE, offset=place.box_px[:2]
    )
    rim = np.concatenate(contours)
    thickest_px = float((parts.depths[label] * own).max())
    return _Group(
        parts=[label],
        outline=np.asarray(cv2.convexHull(rim), np.int32),
        rim=np.asarray(rim, np.int32),
        n_thick=int(label in parts.thick),
        is_round=thickest_px >= MAX_LOBE_ROUNDNESS * np.sqrt(place.area_px / np.pi),
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


def _join(groups: list[_Group], body: BoolArray, scale_um_per_px: float) -> None:
    """Join lobes of one nucleus, nearest pairs first, in place."""
    centres = np.array([_centre(g) for g in groups])
    owner = list(range(len(groups)))
    far_px = LOBES_SPAN_UM / scale_um_per_px
    pairs = [
        (away, i, j)
        for i, j in combinations(range(len(groups)), 2)
        if (away := float(np.hypot(*(centres[i] - centres[j])))) < far_px
    ]
    if not pairs:
        return
    depth = _depth(body)
    for _, i, j in sorted(pairs):
        a, b = owner[i], owner[j]
        if a == b or not _is_one(groups[a], groups[b], body, depth, scale_um_per_px):
            continue
        groups[a] = _joined(groups[a], groups[b])
        owner = [a if o == b else o for o in owner]
    groups[:] = [g for index, g in enumerate(groups) if owner[index] == index]


def _joined(a: _Group, b: _Group) -> _Group:
    return _Group(
        parts=a.parts + b.parts,
        outline=_hull(a, b),
        rim=np.concatenate([a.rim, b.rim]),
        n_thick=a.n_thick + b.n_thick,
        is_round=False,
    )


def _hull(a: _Group, b: _Group) -> I32:
    hull = cv2.convexHull(np.concatenate([a.outline, b.outline]))
    return np.asarray(hull, np.int32)


def _is_one(
    a: _Group, b: _Group, body: BoolArray, depth: F32, scale_um_per_px: float
) -> bool:
    """Say whether two groups are lobes of one nucleus."""
    n_thick = a.n_thick + b.n_thick
    if n_thick > 2:
        return False
    hull = _hull(a, b)
    hull_um, filled = _measure_hull(hull, body, scale_um_per_px)
    neck = _neck(depth, a, b)
    if n_thick == 2:
        is_whole = filled >= NOTCHED_HULL_BODY and neck >= NOTCHED_NECK
        is_whole = is_whole and hull_um <= NOTCHED_HULL_UM
        return is_whole and _gap_px(a, b) <= TOUCHING_PX
    if hull_um <= SMALL_HULL_UM and filled >= SMALL_HULL_BODY:
        is_one = neck >= SMALL_HULL_NECK
    else:
        is_one = hull_um <= LARGE_HULL_UM and filled >= LARGE_HULL_BODY
        is_one = is_one and neck >= LARGE_HULL_NECK
    if is_one or n_thick or (a.is_round and b.is_round) or filled < LOBES_BODY:
        return is_one
    span_um = 2 * cv2.minEnclosingCircle(hull)[1] * scale_um_per_px
    return span_um <= LOBES_SPAN_UM and _gap_px(a, b) <= LOBES_GAP_UM / scale_um_per_px


def _gap_px(a: _Group, b: _Group) -> float:
    """Return the distance of the rims of two groups."""
    steps = a.rim[:, :1].astype(np.float32) - b.rim[:, 0][None].astype(np.float32)
    return float(np.sqrt((steps**2).sum(axis=-1).min()))


def _centre(group: _Group) -> F64:
    return np.asarray(group.outline.reshape(-1, 2).mean(axis=0), np.float64)


def _neck(depth: F32, a: _Group, b: _Group) -> float:
    """Return the body's depth between two groups, as a share of the shallower one."""
    ends = _centre(a), _centre(b)
    places = (ends[0], (ends[0] + ends[1]) / 2, ends[1])
    left, middle, right = (float(depth[int(y), int(x)]) for x, y in places)
    return middle / max(min(left, right), 1.0)


def _measure_hull(
    hull: I32, body: BoolArray, scale_um_per_px: float
) -> tuple[float, float]:
    """Return a hull's area-equivalent diameter in µm and how much of it is body."""
    x, y, w, h = cv2.boundingRect(hull)
    inside = np.zeros((h, w), np.uint8)
    cv2.fillConvexPoly(inside, hull - np.array([x, y]), 1)
    filled = float(body[y : y + h, x : x + w][inside > 0].mean())
    area_um2 = cv2.contourArea(hull) * scale_um_per_px**2
    return 2 * float(np.sqrt(area_um2 / np.pi)), filled
