"""Which parts of nuclear stain are lobes of one nucleus.

Parts that lie in one and the same cell body are: their hull is filled with body, not
with plasma or red cells, and is no larger than a nucleus.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from itertools import combinations
from math import inf

import cv2
import numpy as np

from leukoscope_edge.arrays import F32, F64, I32, U8, BoolArray
from leukoscope_edge.vision.colour import PLASMA_LEVEL
from leukoscope_edge.vision.morphology import Place, depth_of

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
NOTCHED_HULL_UM, NOTCHED_HULL_BODY, NOTCHED_NECK = 17.0, 0.97, 1.0
SMALL_NOTCHED_NECK = 0.7
"""Two thick cores that touch are one notched nucleus where cell body fills their hull
and is nowhere deeper than between them. Of pairs of different cells (simulated slide)
the body is deepest in between only where less than 0.96 of the hull is filled. Where
the hull is small the body may have a neck. Parts that do not touch are no cells of
their own either where nothing but cell body fills their hull: eosinophils of two large
lobes have 0.99 and more there, pairs of marrow cells 0.95 at most."""
LOBES_SPAN_UM, LOBES_GAP_UM, LOBES_BODY = 19.0, 2.0, 0.65
MAX_LOBE_ROUNDNESS = 0.85
"""Parts that are not whole nuclei are lobes of one where the circle around both is no
wider than a cell, where so little lies between them, most of it not plasma, and where
at least one is not round: its thickest radius is below this share of that of a disc of
its area. Eosinophils, whose red granules tear the body, are joined by this alone. Of
pairs that lie so close, those of different cells span 20.4 µm and more on real fields
or hold a whole nucleus (simulated slide); whole nuclei have a roundness of 0.85."""
LARGEST_LOBE_UM = 3.5
"""Radius; those of eosinophils have up to 3.4."""
WHOLE_UM, NOT_BESIDE_UM = 3.1, 2.6
"""A part that is so thick is no lobe but a whole nucleus. It takes in nothing of the
second thickness, and nothing at all but through cell body."""
LARGE_LOBES_UM, LARGE_LOBES_BODY = (1.9, 4.8), 0.93
"""Of two large lobes the thinner one's radius and the sum of both, at least: only
eosinophils have such a pair, and cell body fills the hull; the rest are small cells
side by side (looked at in marrow)."""
TOUCHING_PX, CUT_PX = 1.5, 2.5
"""Between the rims of what was one part, and where a clump was cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LobeLimits:
    """What lobes of one nucleus do not exceed.

    Attributes:
        gap_um: Between their rims.
        area_um2: Of all together, where they never were one part, neither is a piece of
            chromatin (PIECE_UM2) and more than cell body lies in their hull.
    """

    gap_um: float = inf
    area_um2: float = inf


NO_LIMITS = LobeLimits()
IN_MARROW = LobeLimits(gap_um=1.0, area_um2=80.0)
"""Where cells are crowded: in marrow other cells' nuclei lie as near as lobes, and what
fills a hull may be red cells or plasma. The narrower the gap is, from 3.5 on, the more
middle cells are whole; at 0.6 one in a hundred of them is found no more. Lobes of
marrow's whole neutrophils and eosinophils have 78 µm² at most (tiles 2, 7, 12, ...),
what was joined with a neighbour 78 to 137."""
PIECE_UM2 = 20.0
"""A smaller part beside a large one is no cell's nucleus but a piece of chromatin."""
MAX_CONTRAST = 0.2
"""Of the optical densities in red, by natural logarithm, of lobes of one nucleus, at
most, where cells are crowded: those of wbc-fields differ by 0.06 at most, those of
marrow's neutrophils that the tile does not cut by 0.14 (98 in 100), a middle cell and
its neighbour, half of them, by 0.2 to 0.4. Chosen on tiles 2, 7, 12, ... of marrow:
from 0.2 down whole cells are lost."""


@dataclass(slots=True)
class Group:
    """Lobes joined so far.

    Attributes:
        parts: Their labels.
        outline: (n, 1, 2) int32, their hull.
        rim: (n, 1, 2) int32, the points of their contours.
        n_thick: How many are whole nuclei.
        depth_px: Of the thickest.
        is_round: Whether it is one part, and as round as a whole nucleus.
        area_px: Of all parts.
        density: Optical density in red, by natural logarithm, of all parts; 0 where
            it is not measured.
    """

    parts: list[int]
    outline: I32
    rim: I32
    n_thick: int
    depth_px: float
    is_round: bool
    area_px: int
    density: float


def group_of(
    label: int,
    own: U8,
    place: Place,
    depth: F32,
    *,
    is_thick: bool,
    density: float = 0.0,
) -> Group:
    """Start with a part as a group of its own.

    Args:
        label: Of the part.
        own: (h, w) uint8, its mask in its box.
        place: Where it lies.
        depth: (h, w) float32, how far below the rim each pixel lies.
        is_thick: Whether it has a whole nucleus's core.
        density: Its optical density in red; 0: not measured.
    """
    contours, _ = cv2.findContours(
        own, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE, offset=place.box_px[:2]
    )
    rim = np.concatenate(contours)
    thickest_px = float((depth * own).max())
    return Group(
        parts=[label],
        outline=np.asarray(cv2.convexHull(rim), np.int32),
        rim=np.asarray(rim, np.int32),
        n_thick=int(is_thick),
        depth_px=thickest_px,
        is_round=thickest_px >= MAX_LOBE_ROUNDNESS * np.sqrt(place.area_px / np.pi),
        area_px=place.area_px,
        density=density,
    )


def density_of(colours: U8, own: U8) -> float:
    """Return the optical density in red, by natural logarithm, under a mask.

    Args:
        colours: (h, w, 3) uint8 RGB of a view.
        own: (h, w) uint8, not empty.
    """
    return math.log(PLASMA_LEVEL / max(cv2.mean(colours, own)[0], 1.0))


def join_lobes(
    groups: list[Group],
    body_of: Callable[[], BoolArray],
    scale_um_per_px: float,
    *,
    limits: LobeLimits = NO_LIMITS,
) -> None:
    """Join lobes of one nucleus, nearest pairs first, in place.

    Args:
        groups: Parts, each a group of its own.
        body_of: Returns (h, w) bool, nuclei and cytoplasm; asked where pairs are near.
        scale_um_per_px: Of these.
        limits: What one nucleus does not exceed.
    """
    centres = np.array([_centre(g) for g in groups])
    owner = list(range(len(groups)))
    far_px, gap_px = (um / scale_um_per_px for um in (LOBES_SPAN_UM, limits.gap_um))
    pairs = [
        (away, i, j)
        for i, j in combinations(range(len(groups)), 2)
        if (away := float(np.hypot(*(centres[i] - centres[j])))) < far_px
    ]
    if not pairs:
        return
    body = body_of()
    depth = cache(partial(depth_of, body))
    for _, i, j in sorted(pairs):
        a, b = owner[i], owner[j]
        if a == b or not _may_join(groups[a], groups[b], gap_px):
            continue
        if not _is_one(groups[a], groups[b], body, depth, scale_um_per_px, limits):
            continue
        groups[a] = _joined(groups[a], groups[b])
        owner = [a if o == b else o for o in owner]
    groups[:] = [g for index, g in enumerate(groups) if owner[index] == index]


def _may_join(a: Group, b: Group, gap_px: float) -> bool:
    is_alike = abs(a.density - b.density) <= MAX_CONTRAST
    return is_alike and _lie_within(a, b, gap_px)


def _joined(a: Group, b: Group) -> Group:
    area_px = a.area_px + b.area_px
    return Group(
        parts=a.parts + b.parts,
        outline=_hull(a, b),
        rim=np.concatenate([a.rim, b.rim]),
        n_thick=a.n_thick + b.n_thick,
        depth_px=max(a.depth_px, b.depth_px),
        is_round=False,
        area_px=area_px,
        density=(a.density * a.area_px + b.density * b.area_px) / area_px,
    )


def _hull(a: Group, b: Group) -> I32:
    hull = cv2.convexHull(np.concatenate([a.outline, b.outline]))
    return np.asarray(hull, np.int32)


def _is_one(
    a: Group,
    b: Group,
    body: BoolArray,
    depth: Callable[[], F32],
    scale_um_per_px: float,
    limits: LobeLimits,
) -> bool:
    """Say whether two groups are lobes of one nucleus."""
    n_thick = a.n_thick + b.n_thick
    if n_thick > 2:
        return False
    hull = _hull(a, b)
    hull_um, filled = _measure_hull(hull, body, scale_um_per_px)
    if n_thick < 2 and _are_apart(a, b, filled, scale_um_per_px):
        return False
    if filled < NOTCHED_HULL_BODY and _are_too_large(a, b, scale_um_per_px, limits):
        return False
    if n_thick == 2:
        is_whole = filled >= NOTCHED_HULL_BODY and hull_um <= NOTCHED_HULL_UM
        least = SMALL_NOTCHED_NECK if hull_um <= SMALL_HULL_UM else NOTCHED_NECK
        is_whole = is_whole and _neck(depth(), a, b) >= least
        return is_whole and _lie_within(a, b, TOUCHING_PX)
    if hull_um <= SMALL_HULL_UM and filled >= SMALL_HULL_BODY:
        is_one = _neck(depth(), a, b) >= SMALL_HULL_NECK
    else:
        is_one = hull_um <= LARGE_HULL_UM and filled >= LARGE_HULL_BODY
        is_one = is_one and _neck(depth(), a, b) >= LARGE_HULL_NECK
    if is_one or n_thick or (a.is_round and b.is_round) or filled < LOBES_BODY:
        return is_one
    span_um = 2 * cv2.minEnclosingCircle(hull)[1] * scale_um_per_px
    most_px = LOBES_GAP_UM / scale_um_per_px
    return span_um <= LOBES_SPAN_UM and _lie_within(a, b, most_px)


def _are_apart(a: Group, b: Group, filled: float, scale_um_per_px: float) -> bool:
    """Say whether one is a whole nucleus, or both are as large as whole ones."""
    thin, thick = sorted(g.depth_px * scale_um_per_px for g in (a, b))
    if filled >= NOTCHED_HULL_BODY and thick < LARGEST_LOBE_UM:
        return False
    is_large = thin >= LARGE_LOBES_UM[0] and thin + thick >= LARGE_LOBES_UM[1]
    if thick >= WHOLE_UM and thin >= NOT_BESIDE_UM:
        return True
    return (thick >= WHOLE_UM or is_large) and filled < LARGE_LOBES_BODY


def _are_too_large(
    a: Group, b: Group, scale_um_per_px: float, limits: LobeLimits
) -> bool:
    """Say whether two that never were one part are too large for lobes."""
    small_um2, large_um2 = sorted(g.area_px * scale_um_per_px**2 for g in (a, b))
    if small_um2 <= PIECE_UM2 or small_um2 + large_um2 <= limits.area_um2:
        return False
    return not _lie_within(a, b, CUT_PX)


def _lie_within(a: Group, b: Group, most_px: float) -> bool:
    """Say whether the rims of two groups lie that near; infinity asks nothing."""
    return most_px == inf or _gap_px(a, b) <= most_px


def _gap_px(a: Group, b: Group) -> float:
    """Return the distance of the rims of two groups."""
    across, down = (
        np.subtract.outer(a.rim[:, 0, axis], b.rim[:, 0, axis]) for axis in (0, 1)
    )
    return float(np.sqrt((across * across + down * down).min()))


def _centre(group: Group) -> F64:
    return np.asarray(group.outline.reshape(-1, 2).mean(axis=0), np.float64)


def _neck(depth: F32, a: Group, b: Group) -> float:
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
    held = body[y : y + h, x : x + w].view(np.uint8) & inside
    filled = cv2.countNonZero(held) / cv2.countNonZero(inside)
    area_um2 = cv2.contourArea(hull) * scale_um_per_px**2
    return 2 * float(np.sqrt(area_um2 / np.pi)), filled
