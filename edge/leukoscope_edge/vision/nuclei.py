"""From a mask of nuclear stain to whole nuclei, one label each.

A part with several thick cores is several nuclei that touch, and is split. Parts that
lie in one and the same cell body are lobes of one nucleus, and are joined: their hull
is filled with body, not with plasma or red cells, and is no larger than a nucleus.
"""

from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np
import numpy.typing as npt

from leukoscope_edge.types import F32, F64, I32, BoolArray
from leukoscope_edge.vision.morphology import window_of

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
LOBES_SPAN_UM, LOBES_GAP_UM, LOBES_BODY = 19.0, 2.0, 0.65
MAX_LOBE_ROUNDNESS = 0.85
"""Parts that are not whole nuclei are lobes of one where the circle around both is no
wider than a cell, where so little lies between them, most of it not plasma, and where
at least one is not round: its thickest radius is below this share of that of a disc of
its area. Eosinophils, whose red granules tear the body, are joined by this alone. Of
pairs that lie so close, those of different cells span 20.4 µm and more on real fields
or hold a whole nucleus (simulated slide); whole nuclei have a roundness of 0.85."""
MAX_PARTS = 400
"""Beyond this many parts the frame is noise, and nothing is joined."""

Peak = tuple[float, int, int]
"""Depth in pixels, y and x."""
Index = npt.NDArray[np.signedinteger]


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


def label_nuclei(nuclei: BoolArray, body: BoolArray, scale_um_per_px: float) -> I32:
    """Label whole nuclei.

    Args:
        nuclei: (h, w) bool.
        body: (h, w) bool, nuclei and cytoplasm.
        scale_um_per_px: Of these masks.

    Returns:
        (h, w) int32, 0 outside, 1.. on the nuclei; labels may skip numbers.
    """
    depth = _depth(nuclei)
    parts, thick = _split(nuclei, depth, scale_um_per_px)
    groups = _groups(parts, depth, thick, scale_um_per_px)
    if 1 < len(groups) <= MAX_PARTS:
        _join(groups, body, scale_um_per_px)
    renamed = np.arange(parts.max(initial=0) + 1, dtype=np.int32)
    for group in groups:
        renamed[group.parts] = group.parts[0]
    return renamed[parts]


def _depth(mask: BoolArray) -> F32:
    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.asarray(depth, np.float32)


def _split(
    nuclei: BoolArray, depth: F32, scale_um_per_px: float
) -> tuple[I32, set[int]]:
    """Return the parts, split where several thick cores touch, and the thick ones."""
    n_parts, parts = cv2.connectedComponents(nuclei.astype(np.uint8))
    labels = np.asarray(parts, np.int32)
    peaks = _cores(depth, CORE_UM / scale_um_per_px)
    owners = [int(labels[y, x]) for _, y, x in peaks]
    thick = set(owners)
    for part in {p for p in owners if owners.count(p) > 1}:
        own = [peak for peak, owner in zip(peaks, owners, strict=True) if owner == part]
        ys, xs = np.nonzero(labels == part)
        away = [np.hypot(ys - y, xs - x) / d for d, y, x in own]
        nearest = np.argmin(away, axis=0)
        labels[ys, xs] = np.where(nearest == 0, part, n_parts - 1 + nearest)
        thick |= set(range(n_parts, n_parts + len(own) - 1))
        n_parts += len(own) - 1
    return labels, thick


def _cores(depth: F32, least_px: float) -> list[Peak]:
    """Return the deepest point of each thick core, near ones of one nucleus once."""
    thick = (depth > least_px).astype(np.uint8)
    rows, columns = window_of(thick)
    near = depth[rows, columns]
    n, cores, stats, _ = cv2.connectedComponentsWithStats(thick[rows, columns])
    peaks = []
    for core in range(1, n):
        x0, y0, w, h = (int(v) for v in stats[core, :4])
        window = np.s_[y0 : y0 + h, x0 : x0 + w]
        inside = np.where(cores[window] == core, near[window], 0)
        y, x = np.unravel_index(int(inside.argmax()), inside.shape)
        y, x = rows.start + y0 + int(y), columns.start + x0 + int(x)
        peaks.append((float(inside.max()), y, x))
    kept: list[Peak] = []
    for peak in sorted(peaks, reverse=True):
        far = (
            np.hypot(peak[1] - k[1], peak[2] - k[2]) > APART * (peak[0] + k[0])
            for k in kept
        )
        if all(far):
            kept.append(peak)
    return kept


def _groups(
    parts: I32, depth: F32, thick: set[int], scale_um_per_px: float
) -> list[_Group]:
    """Start with each part that is large enough as a group of its own."""
    groups = []
    areas = np.bincount(parts.ravel())
    smallest = MIN_LOBE_UM2 / scale_um_per_px**2
    for part, (x, y, w, h) in boxes_of(parts).items():
        if areas[part] < smallest:
            continue
        window = np.s_[y : y + h, x : x + w]
        own = (parts[window] == part).astype(np.uint8)
        contours, _ = cv2.findContours(
            own, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE, offset=(x, y)
        )
        rim = np.concatenate(contours)
        group = _Group(
            parts=[part],
            outline=np.asarray(cv2.convexHull(rim), np.int32),
            rim=np.asarray(rim, np.int32),
            n_thick=int(part in thick),
            is_round=float((depth[window] * own).max())
            >= MAX_LOBE_ROUNDNESS * float(np.sqrt(areas[part] / np.pi)),
        )
        groups.append(group)
    return groups


def boxes_of(labels: I32) -> dict[int, tuple[int, int, int, int]]:
    """Return (x, y, width, height) of each label that occurs."""
    n = int(labels.max(initial=0)) + 1
    rows, columns = window_of((labels > 0).astype(np.uint8))
    near = np.ascontiguousarray(labels[rows, columns])
    top, bottom = _first_and_last_rows(near, n)
    left, right = _first_and_last_rows(np.ascontiguousarray(near.T), n)
    return {
        label: (
            columns.start + int(left[label]),
            rows.start + int(top[label]),
            int(right[label] - left[label]) + 1,
            int(bottom[label] - top[label]) + 1,
        )
        for label in range(1, n)
        if bottom[label] >= 0
    }


def _first_and_last_rows(labels: I32, n: int) -> tuple[I32, I32]:
    """Return the first and the last row of each label below n, -1 where it is not."""
    places = np.flatnonzero(labels)
    values, rows = labels.ravel()[places], places // labels.shape[1]
    first, last = np.full((2, n), -1, np.int32)
    last[values] = rows  # of what is written to one place, the last stays
    first[values[::-1]] = rows[::-1]
    return first, last


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
    if n_thick > 1:
        return False
    hull = _hull(a, b)
    hull_um, filled = _measure_hull(hull, body, scale_um_per_px)
    neck = _neck(depth, a, b)
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
