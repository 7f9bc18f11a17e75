"""Nuclei that touch, as in marrow, cut where that makes their parts more convex.

In a clump the stain is weaker along the rims of the nuclei than inside them. So the
level is raised until the clump falls into several cores, and each pixel goes to the
nearest core; of all levels the one is taken whose parts are most convex. Necks as dark
as the nuclei are opened instead, ever wider ones, and where that parts nothing the
clump is cut at a waist (`vision.cells.waists`). Nothing is cut that is convex already.
It does not say which parts are lobes of one nucleus (`vision.cells.lobes`).

Source: levels chosen by the shape of what they part, as for touching nuclei in Arteta
et al., Medical Image Analysis 27:3, 2016.
"""

from collections.abc import Iterator

import cv2
import numpy as np

from leukoscope_edge.arrays import F32, U8, BoolArray
from leukoscope_edge.vision.cells.waists import cuts_at_waists
from leukoscope_edge.vision.morphology import depth_of, fill_holes, open_mask, parts_of

CLUMP_UM2 = 60.0
"""A smaller part is no clump: a small lymphocyte's nucleus has 40 to 60 µm²."""
CONVEX, LARGEST_UM2 = 0.93, 200.0
"""A part that fills this share of its hull is one nucleus, if it is no larger than a
disc of 16 µm, which is the whole of a large blast."""
LEVELS = 10
LEVELS_PERCENT = (2.0, 85.0)
"""Of a part's own stain: the levels that are tried lie between these percentiles."""
CORE_UM, CORE_UM2 = 1.3, 10.0
"""Radius at the thickest and area of a core, at least: a lobe, or what the frame's edge
leaves of a nucleus. Lobes of one nucleus are joined again (`vision.cells.lobes`)."""
NECK_UM, WIDE_NECKS_UM = 0.7, (1.1, 1.5, 1.9)
"""Radius of the opening that parts cores at each level; and of those by which the whole
part is opened, for nuclei that touch at a neck as dark as themselves."""
MIN_KEPT = 0.3
"""Share of a part that its cores hold, at least: beyond that chromatin is torn."""
MIN_GAIN, BETTER = 0.03, 0.01
"""By how much convexity must rise in a cut, and in a cut at a higher level."""
MAX_CUTS = 4
"""One after the other; a clump of more than 16 nuclei is no field to be judged."""
MAX_HOLE_UM2 = 2.0
Seen = tuple[U8, U8]
"""Stain and colours in a part's window."""


def cut_clumps(
    nuclei: BoolArray, stain: U8, colours: U8, scale_um_per_px: float
) -> BoolArray:
    """Return nuclei with seams of one pixel where nuclei of a clump touch.

    Args:
        nuclei: (h, w) bool.
        stain: (h, w) uint8, more where it is more nuclear.
        colours: (h, w, 3) uint8 RGB of a view.
        scale_um_per_px: Of these.
    """
    labels, places = parts_of(nuclei.view(np.uint8))
    cut = nuclei.copy()
    for label, place in places.items():
        if place.area_px * scale_um_per_px**2 < CLUMP_UM2:
            continue
        window = place.grown(1)
        own = (labels[window] == label).view(np.uint8)
        seen = stain[window], colours[window]
        parts = _parts(own, seen, scale_um_per_px, MAX_CUTS)
        if len(parts) > 1:
            cut[window] &= ~_seams(parts)
    return cut


def _parts(own: U8, seen: Seen, scale_um_per_px: float, n_cuts: int) -> list[U8]:
    """Cut a part, and its parts again, until all are convex or nothing is gained."""
    area_um2 = np.count_nonzero(own) * scale_um_per_px**2
    convexity = _convexity(own)
    is_one = convexity > CONVEX and area_um2 < LARGEST_UM2
    if is_one or area_um2 < CLUMP_UM2 or not n_cuts:
        return [own]
    parts = _best_cut(own, seen, scale_um_per_px, convexity)
    if len(parts) < 2:
        return [own]
    again = (_parts(part, seen, scale_um_per_px, n_cuts - 1) for part in parts)
    return [part for found in again for part in found]


def _best_cut(
    own: U8, seen: Seen, scale_um_per_px: float, convexity: float
) -> list[U8]:
    """Return the parts of the cut whose parts are most convex; none where none is."""
    stain, colours = seen
    cores = _cores_of_levels(own, stain, scale_um_per_px)
    best = _most_convex(own, cores, convexity)
    sides = _sides_of_waists(own, colours, scale_um_per_px)
    return best or _most_convex(own, sides, convexity)


def _cores_of_levels(
    own: U8, stain: U8, scale_um_per_px: float
) -> Iterator[tuple[U8, int]]:
    """Yield the cores of each level and of each wide neck, and how many they are."""
    area_px = np.count_nonzero(own)
    low, high = (float(v) for v in np.percentile(stain[own > 0], LEVELS_PERCENT))
    tries = [(level, NECK_UM) for level in np.linspace(low, high, LEVELS).tolist()]
    tries += [(0.0, neck_um) for neck_um in WIDE_NECKS_UM]
    for level, neck_um in tries:
        seeds, n_seeds, held_px = _cores(own, stain, level, neck_um, scale_um_per_px)
        if n_seeds > 1 and held_px >= MIN_KEPT * area_px:
            yield seeds, n_seeds


def _sides_of_waists(
    own: U8, colours: U8, scale_um_per_px: float
) -> Iterator[tuple[U8, int]]:
    for first, second in cuts_at_waists(own, colours, scale_um_per_px):
        yield own * (first + 2 * second), 2


def _most_convex(
    own: U8, tries: Iterator[tuple[U8, int]], convexity: float
) -> list[U8]:
    """Return the parts nearest to seeds that are most convex; none where none is."""
    best: list[U8] = []
    least = convexity + MIN_GAIN
    area_px = np.count_nonzero(own)
    for seeds, n_seeds in tries:
        parts = _nearest(own, seeds, n_seeds)
        of_parts = sum(_convexity(p) * np.count_nonzero(p) for p in parts) / area_px
        if of_parts >= least:
            best, least = parts, of_parts + BETTER
    return best


def _cores(
    own: U8, stain: U8, level: float, neck_um: float, scale_um_per_px: float
) -> tuple[U8, int, int]:
    """Return the cores above a level, 1.. on each; how many; and their pixels."""
    above = own & (stain > level).view(np.uint8)
    whole = fill_holes(above, MAX_HOLE_UM2 / scale_um_per_px**2)
    opened = open_mask(whole, neck_um / scale_um_per_px)
    n, labels, stats, _ = cv2.connectedComponentsWithStats(opened)
    depth = depth_of(opened.view(np.bool_))
    cores, n_cores, held_px = np.zeros_like(own), 0, 0
    for label in range(1, n):
        area_px = int(stats[label, cv2.CC_STAT_AREA])
        if area_px * scale_um_per_px**2 < CORE_UM2:
            continue
        here = labels == label
        if float(depth[here].max()) * scale_um_per_px >= CORE_UM:
            n_cores, held_px = n_cores + 1, held_px + area_px
            cores[here] = n_cores
    return cores, n_cores, held_px


def _nearest(own: U8, seeds: U8, n_seeds: int) -> list[U8]:
    """Give each pixel of a part to the nearest seed."""
    away: list[F32] = [
        np.asarray(
            cv2.distanceTransform(
                (seeds != seed).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5
            ),
            np.float32,
        )
        for seed in range(1, n_seeds + 1)
    ]
    nearest = np.argmin(away, axis=0)
    return [own & (nearest == seed).view(np.uint8) for seed in range(n_seeds)]


def _seams(parts: list[U8]) -> BoolArray:
    """Return where a part touches one that comes after it."""
    seams, later = np.zeros_like(parts[0]), np.zeros_like(parts[0])
    for part in reversed(parts):
        wider = np.asarray(cv2.dilate(later, np.ones((3, 3), np.uint8)), np.uint8)
        seams |= part & wider
        later |= part
    return seams.view(np.bool_)


def _convexity(part: U8) -> float:
    """Return which share of their hulls the outlines of a part fill, by area."""
    contours, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    outer = max(contours, key=cv2.contourArea)
    hull_area = cv2.contourArea(cv2.convexHull(outer))
    return float(cv2.contourArea(outer) / max(hull_area, 1.0))
