"""From masks on a view to the objects of a frame: cells, smudges, platelets, debris.

Every way of segmenting ends here, so that thresholds, named baselines and networks are
compared by their masks alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from leukoscope_edge.types import I32, U8, BoolArray, CellKind, Segmentation
from leukoscope_edge.vision.morphology import (
    Place,
    close_mask,
    dilate,
    erode,
    open_mask,
    window_of,
)
from leukoscope_edge.vision.nuclei import label_nuclei
from leukoscope_edge.vision.outline import outline
from leukoscope_edge.vision.view import STAIN_OF_PLASMA, View, stain_of

MIN_NUCLEUS_UM = 3.2
"""Area-equivalent diameter; most platelets stay below. Small lymphocytes have 8 µm; the
room is for lobes and for scales that were only estimated."""
MIN_WHOLE_NUCLEUS_UM = 5.2
"""The same of a cell that the border does not cut, where the scale is known: large
platelets stay below. On three sets and PBC 99 in 100 nuclei have 5.3 µm and more."""
MIN_PLATELET_UM = 1.0
MIN_DEPTH_UM = 1.0
"""Radius of a nucleus at its thickest, at least: strings of stain are thinner."""
SURE_STAIN_LEVELS = 60.0
"""Mean stain above plasma that is a nucleus in any view: hand-drawn nuclei of three
sets have 61 and more, darker parts of red cells 33."""
MIN_DARKNESS = 0.28
"""Mean violet above the upper threshold, in distances of the two thresholds: smudged
nuclei of the simulated slide have up to 0.23, whole ones 0.33 and more, those of real
fields 0.39 and more."""
REACH_UM = 5.0
"""How far a cell reaches beyond its nucleus, at most."""
NECK_UM = 1.0
"""Radius of the opening that cuts off what touches a cell at a neck."""
ROUND_ENOUGH = 0.86
"""Roundness at which a cell is taken as it is; a drawn disc has 0.89."""
ROUNDER = 0.02
"""By how much another body must make a cell rounder: less is the outline's noise."""
FAR_ROUNDER = 0.1
"""The same of a body by colour alone, which misses pale cytoplasm in some stains."""
MAX_SPILL = 0.1
"""A cell whose rim lies inside the body on less than this share ends by itself, round
or not."""
MAX_GROWTH = 1.1
"""An outline that is sought anew cuts off what is too much; it finds no new cell."""
BENEFIT_OF_DOUBT = 0.2
"""Where half of the rules say cell, it is."""
EDGE_UM = 1.5
"""How far a nucleus's edge may move when it is set again inside its cell."""
ROUGHNESS_UM = 0.5
"""Radius of the opening and closing of a nucleus: people draw its outline smooth."""
EDGE_ROOM_PX = 4
"""Around a cell whose nucleus's edge is set again."""
RIVAL_PX = 8
"""Beyond twice a cell's reach from a nucleus no other is nearer to what it reaches."""
HOLE_UM2 = 2.0
"""A smaller hole in a nucleus is chromatin's texture."""
EDGE_SHIFT = 0.04
"""Of the contrast between a nucleus and plasma: people draw the outline a little
outside the steepest place. Measured on hand-drawn nuclei of three sets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tints:
    """The body of a view's cells by colour alone; each (h, w) bool.

    Attributes:
        held: What holds the lobes of a nucleus together.
        loose: Without red cells, by a loose level.
        strict: The same by a strict level.
    """

    held: BoolArray
    loose: BoolArray
    strict: BoolArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Masks:
    """What a way of segmenting found on a view.

    Attributes:
        nuclei: (h, w) bool.
        body: (h, w) bool, nuclei and cytoplasm.
        other_bodies: The same by other rules; a cell takes the one that makes it round.
        tints: The body by colour alone, found when it is first asked for; None where
            the way of segmenting knows none.
        ragged: A cell that is less round is drawn anew (`outline`); 0: none is.
        scale_um_per_px: Of the view's pixel.
        low: Violet that parts plasma from cells.
        high: Violet that parts cells from nuclei; smudges are little above it. Both 0
            where the nuclei were not found by violet: no smudges are told apart then.
        min_violet: Mean violet that is nuclear beside this view's red cells; what has
            less is a nucleus only where it `is_nuclear` in any view.
        is_coarse: The nuclei's edges are to be set again, each inside its cell.
    """

    nuclei: BoolArray
    body: BoolArray
    scale_um_per_px: float
    low: int
    high: int
    min_violet: float
    is_coarse: bool
    other_bodies: tuple[BoolArray, ...] = ()
    tints: Callable[[], Tints] | None = None
    ragged: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """One object in its window of the view; x0 and y0 are the window's corner."""

    kind: CellKind
    nucleus: U8
    cell: U8
    x0: int
    y0: int


def describe(view: View, masks: Masks) -> Segmentation:
    """Return the objects that the masks show, at the frame's own size."""
    labels, places = label_nuclei(
        masks.nuclei, lambda: _held(masks), masks.scale_um_per_px
    )
    return _draw(view, masks, list(_objects(view, masks, labels, places)))


def _held(masks: Masks) -> BoolArray:
    return masks.body if masks.tints is None else masks.tints().held


def is_nuclear(colours: U8) -> bool:
    """Say whether these colours are those of nuclei, whatever stands beside them.

    Args:
        colours: (n, 3) uint8 RGB of a view, n at least 1.
    """
    stain = stain_of(colours[None])
    return float(stain.mean()) >= STAIN_OF_PLASMA + SURE_STAIN_LEVELS


def _objects(
    view: View, masks: Masks, labels: I32, places: dict[int, Place]
) -> Iterator[_Found]:
    """Grow each nucleus into its cell and say what it is."""
    scale = masks.scale_um_per_px
    margin = round(REACH_UM / scale) + 2
    diameters_um = {
        label: 2 * np.sqrt(place.area_px / np.pi) * scale
        for label, place in places.items()
    }
    large = {n: places[n] for n, d in diameters_um.items() if d >= MIN_NUCLEUS_UM}
    for label, place in places.items():
        if diameters_um[label] < MIN_PLATELET_UM:
            continue
        window = place.grown(margin)
        nucleus = (labels[window] == label).view(np.uint8)
        kind, cell = CellKind.PLATELET, nucleus
        if label in large:
            own = _territory(labels, label, large, margin)
            grown, roundness = _grown(masks, nucleus, own, window)
            cell = grown
            if roundness < masks.ragged:
                cell = _without_spill(view, masks, nucleus, grown, own, window)
            kind = _kind(view, masks, nucleus, cell, window)
            if masks.is_coarse:
                nucleus = _set_edge(view.smooth[window], nucleus, grown, scale)
        yield _Found(
            kind=kind,
            nucleus=nucleus,
            cell=cell | nucleus,
            x0=window[1].start,
            y0=window[0].start,
        )


def _territory(
    labels: I32, label: int, large: dict[int, Place], margin_px: int
) -> BoolArray | np.bool_:
    """Return where, in a label's window, no other large label is nearer.

    Args:
        labels: (h, w) int32.
        label: Whose window, its box and the margin around it.
        large: Where the labels lie that are large enough for a nucleus.
        margin_px: How far a cell may reach.

    Returns:
        (h', w') bool, or True where no other is near.
    """
    window = large[label].grown(margin_px)
    wide = large[label].grown(2 * margin_px + RIVAL_PX)
    rivals = [n for n, place in large.items() if n != label and _meet(place, wide)]
    if not rivals:
        return np.True_
    is_seed = np.zeros(max(int(labels[wide].max()), *large) + 1, np.bool_)
    is_seed[[label, *rivals]] = True
    seeds = is_seed[labels[wide]]
    _, nearest = cv2.distanceTransformWithLabels(
        (~seeds).view(np.uint8),
        cv2.DIST_L2,
        cv2.DIST_MASK_5,
        labelType=cv2.DIST_LABEL_PIXEL,
    )
    is_own = np.zeros(int(nearest.max()) + 1, np.bool_)
    is_own[nearest[labels[wide] == label]] = True
    y, x = window[0].start - wide[0].start, window[1].start - wide[1].start
    height, width = labels[window].shape
    return np.asarray(is_own[nearest[y : y + height, x : x + width]], np.bool_)


def _meet(place: Place, window: tuple[slice, slice]) -> bool:
    x, y, w, h = place.box_px
    rows, columns = window
    is_across: bool = x < columns.stop and x + w > columns.start
    return is_across and bool(y < rows.stop and y + h > rows.start)


def _grown(
    masks: Masks, nucleus: U8, own: BoolArray | np.bool_, window: tuple[slice, slice]
) -> tuple[U8, float]:
    """Grow a nucleus into its cell; return that, and how round it is."""
    bodies = ((body[window] & own, by) for body, by in _bodies(masks))
    return _roundest(nucleus, bodies, masks.scale_um_per_px)


def _bodies(masks: Masks) -> Iterator[tuple[BoolArray, float]]:
    """Yield bodies, and by how much each must make a cell rounder than those before."""
    yield masks.body, 0.0
    for body in masks.other_bodies:
        yield body, ROUNDER
    if masks.tints is not None:
        yield masks.tints().loose, FAR_ROUNDER


def _without_spill(
    view: View,
    masks: Masks,
    nucleus: U8,
    cell: U8,
    own: BoolArray | np.bool_,
    window: tuple[slice, slice],
) -> U8:
    """Return a cell that has run into its neighbours within a new outline."""
    if _spill(cell, masks.body[window]) < MAX_SPILL:
        return cell
    scale = masks.scale_um_per_px
    reach_px = REACH_UM / scale
    near = (dilate(nucleus, reach_px) > 0) & own
    rules = [masks.body, *masks.other_bodies]
    if masks.tints is not None:
        rules += [masks.tints().loose, masks.tints().strict]
    votes = np.mean([rule[window] for rule in rules], axis=0, dtype=np.float32)
    evidence = np.where(near, 2 * votes - 1 + BENEFIT_OF_DOUBT, -1).astype(np.float32)
    anew = outline(nucleus, view.smooth[window], evidence, reach_px, scale)
    is_larger = np.count_nonzero(anew) > MAX_GROWTH * np.count_nonzero(cell)
    return cell if is_larger else anew


def _spill(cell: U8, body: BoolArray) -> float:
    """Return on what share of its rim a cell ends inside the body, not at its edge."""
    rim = cv2.dilate(cell, np.ones((3, 3), np.uint8)) > cell
    return float(body[rim].mean()) if rim.any() else 0.0


def _roundest(
    nucleus: U8, bodies: Iterator[tuple[BoolArray, float]], scale_um_per_px: float
) -> tuple[U8, float]:
    """Grow the nucleus into the body that makes the roundest cell.

    Pale cytoplasm that is missed, and a red cell that is not, spoil the shape.

    Args:
        nucleus: (h, w) uint8.
        bodies: (h, w) bool each, and by how much each must make the cell rounder; no
            more of them are asked for than it takes.
        scale_um_per_px: Of these.

    Returns:
        The cell, and how round it is.
    """
    near = dilate(nucleus, REACH_UM / scale_um_per_px)
    best, roundness, solidity = nucleus, -1.0, 0.0
    tried: list[U8] = []
    for body, by in bodies:
        within = near & body
        if any(np.array_equal(within, other) for other in tried):
            continue  # it would make the same cell
        tried.append(within)
        cell = _grow(nucleus, within, scale_um_per_px)
        rounder, more_solid = _shape(cell)
        if rounder > roundness + by and more_solid >= solidity:
            best, roundness, solidity = cell, rounder, more_solid
        if roundness >= ROUND_ENOUGH:
            break
    return best, roundness


def _shape(cell: U8) -> tuple[float, float]:
    """Return roundness, 4 pi area over squared perimeter, and solidity of a cell."""
    contours, _ = cv2.findContours(cell, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    outline = max(contours, key=cv2.contourArea)
    area, length = cv2.contourArea(outline), cv2.arcLength(outline, closed=True)
    hull_area = cv2.contourArea(cv2.convexHull(outline))
    return 4 * np.pi * area / max(length, 1) ** 2, area / max(hull_area, 1)


def _grow(nucleus: U8, body: U8, scale_um_per_px: float) -> U8:
    """Return the cell: the body within reach, without what hangs on by a neck."""
    neck_px = NECK_UM / scale_um_per_px
    whole = open_mask(body, neck_px) | nucleus
    n_parts, parts = cv2.connectedComponents(whole)
    if n_parts > 2:
        is_own = np.zeros(n_parts, np.uint8)
        is_own[parts[nucleus > 0]] = 1
        whole = is_own[parts]
    return close_mask(fill_holes(whole), neck_px)


def fill_holes(mask: U8, max_area_px: float = float("inf")) -> U8:
    """Return a mask with its holes filled, larger ones left open."""
    filled = mask.copy()
    contours, tree = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    for index, contour in enumerate(contours):
        if tree[0][index][3] >= 0 and cv2.contourArea(contour) < max_area_px:
            cv2.drawContours(filled, [contour], -1, 1, cv2.FILLED)
    return filled


def _set_edge(colours: U8, nucleus: U8, cell: U8, scale_um_per_px: float) -> U8:
    """Set the edge of a nucleus again, by the stain inside its own cell.

    The level is the middle of two: the stain along the coarse edge, and Otsu's
    threshold inside the cell.
    """
    edge_px, rough_px = EDGE_UM / scale_um_per_px, ROUGHNESS_UM / scale_um_per_px
    whole = cell | nucleus
    window = window_of(whole, EDGE_ROOM_PX)
    own, within, stain = nucleus[window], whole[window], stain_of(colours[window])
    core = erode(own, rough_px)
    if not core.any():
        return nucleus
    otsu, _ = cv2.threshold(stain[cell[window] > 0], 0, 1, cv2.THRESH_OTSU)
    rim = own - cv2.erode(own, np.ones((3, 3), np.uint8))
    contrast = float(np.median(stain[core > 0])) - STAIN_OF_PLASMA
    level = (float(np.median(stain[rim > 0])) + otsu) / 2 - EDGE_SHIFT * contrast
    again = (stain > level).view(np.uint8) & dilate(own, edge_px) & within
    smooth = close_mask(open_mask(again, rough_px), rough_px)
    edged = np.zeros_like(nucleus)
    edged[window] = fill_holes(smooth, HOLE_UM2 / scale_um_per_px**2)
    return edged


def _kind(
    view: View, masks: Masks, nucleus: U8, cell: U8, window: tuple[slice, slice]
) -> CellKind:
    near = nucleus[window_of(nucleus)]
    depth = cv2.distanceTransform(near, cv2.DIST_L2, cv2.DIST_MASK_3)
    if depth.max() * masks.scale_um_per_px < MIN_DEPTH_UM:
        return CellKind.DEBRIS
    inside = nucleus > 0
    stained = inside & (view.violet[window] > masks.high)
    if not masks.is_coarse and stained.any():
        inside = stained  # the levels were set for these, not for a paler rim
    violet = float(view.violet[window][inside].mean())
    is_sure = violet >= masks.min_violet
    if not is_sure and not is_nuclear(view.smooth[window][inside]):
        return CellKind.DEBRIS
    if violet - masks.high < MIN_DARKNESS * (masks.high - masks.low):
        return CellKind.SMUDGE
    x, y, w, h = cv2.boundingRect(cell)
    height, width = view.violet.shape
    left, top = x + window[1].start, y + window[0].start
    if left == 0 or top == 0 or left + w == width or top + h == height:
        return CellKind.BORDER
    area_um2 = float(nucleus.sum()) * masks.scale_um_per_px**2
    if view.scale_um_per_px and area_um2 < np.pi / 4 * MIN_WHOLE_NUCLEUS_UM**2:
        return CellKind.PLATELET
    return CellKind.WBC


def _draw(view: View, masks: Masks, found: list[_Found]) -> Segmentation:
    """Draw the objects at the frame's own size."""
    nucleus_labels = np.zeros(view.frame_shape, np.int32)
    cell_labels = np.zeros(view.frame_shape, np.int32)
    kinds, boxes, centres = [], [], []
    for item in found:
        rows, columns = window_of(item.cell)
        nucleus = _enlarge(item.nucleus[rows, columns], view)
        cell = _enlarge(item.cell[rows, columns], view)
        x0 = (item.x0 + columns.start) * view.factor
        y0 = (item.y0 + rows.start) * view.factor
        moments = cv2.moments(nucleus, binaryImage=True)
        if moments["m00"] == 0:
            continue
        kinds.append(item.kind)
        x, y, w, h = cv2.boundingRect(cell)
        boxes.append((x0 + x, y0 + y, x0 + x + w, y0 + y + h))
        centres.append(
            (
                x0 + moments["m10"] / moments["m00"],
                y0 + moments["m01"] / moments["m00"],
            )
        )
        here = np.s_[y0 : y0 + cell.shape[0], x0 : x0 + cell.shape[1]]
        np.copyto(cell_labels[here], len(kinds), where=cell.view(np.bool_))
        np.copyto(nucleus_labels[here], len(kinds), where=nucleus.view(np.bool_))
    return Segmentation(
        kinds=tuple(kinds),
        boxes_px=np.array(boxes, np.int32).reshape(-1, 4),
        centres_px=np.array(centres, np.float32).reshape(-1, 2),
        nucleus_labels=nucleus_labels,
        cell_labels=cell_labels,
        scale_um_per_px=masks.scale_um_per_px / view.factor,
    )


def _enlarge(mask: U8, view: View) -> U8:
    """Return a mask at the frame's scale, its outline smooth."""
    if view.factor == 1:
        return mask
    size = (mask.shape[1] * view.factor, mask.shape[0] * view.factor)
    soft = cv2.resize(mask * np.uint8(255), size, interpolation=cv2.INTER_LINEAR)
    return (soft > 127).view(np.uint8)
