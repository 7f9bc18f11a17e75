"""From masks on a view to the objects of a frame: cells, smudges, platelets, debris.

Every way of segmenting ends here, so that thresholds, named baselines and networks are
compared by their masks alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from math import inf

import cv2
import numpy as np

from leukoscope_edge.arrays import I32, U8, BoolArray
from leukoscope_edge.types import CellKind, Segmentation
from leukoscope_edge.vision.cells import platelets
from leukoscope_edge.vision.cells.growth import REACH_UM, territory, whole_cell
from leukoscope_edge.vision.cells.lobes import IN_MARROW, NO_LIMITS
from leukoscope_edge.vision.cells.masks import Masks
from leukoscope_edge.vision.cells.nuclei import label_nuclei
from leukoscope_edge.vision.cells.nucleus_edge import set_edge
from leukoscope_edge.vision.morphology import Place, taken, window_of
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
        masks.nuclei,
        lambda: _held(masks),
        masks.scale_um_per_px,
        limits=IN_MARROW if view.in_marrow else NO_LIMITS,
        colours=view.smooth if view.in_marrow else None,
    )
    return _draw(view, masks, list(_objects(view, masks, labels, places)))


def _held(masks: Masks) -> BoolArray:
    return masks.body if masks.tints is None else masks.tints().held()


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
    paleness = cache(partial(platelets.log_paleness_of, view.smooth, view.dark))
    large = {n: places[n] for n, d in diameters_um.items() if d >= MIN_NUCLEUS_UM}
    for label, place in places.items():
        if diameters_um[label] < MIN_PLATELET_UM:
            continue
        window = place.grown(margin)
        nucleus = (labels[window] == label).view(np.uint8)
        kind, cell = CellKind.PLATELET, nucleus
        if label in large:
            own = territory(labels, label, large, margin)
            cell, grown = whole_cell(view, masks, nucleus, own, window)
            kind = _kind(view, masks, nucleus, cell, window, paleness)
            if masks.is_coarse:
                nucleus = set_edge(view.smooth[window], nucleus, grown, scale)
        yield _Found(
            kind=kind,
            nucleus=nucleus,
            cell=cell | nucleus,
            x0=window[1].start,
            y0=window[0].start,
        )


def _kind(
    view: View,
    masks: Masks,
    nucleus: U8,
    cell: U8,
    window: tuple[slice, slice],
    paleness: Callable[[], float],
) -> CellKind:
    """Say what an object is; `paleness` is of the view, worked out if it is asked."""
    near = window_of(nucleus)
    depth = cv2.distanceTransform(nucleus[near], cv2.DIST_L2, cv2.DIST_MASK_3)
    if depth.max() * masks.scale_um_per_px < MIN_DEPTH_UM:
        return CellKind.DEBRIS
    inside, violets = nucleus[near], view.violet[window][near]
    if not masks.is_coarse:
        stained = inside & (violets > masks.high)
        if stained.any():
            inside = stained  # the levels were set for these, not for a paler rim
    own_violets = np.multiply(violets, inside)
    violet = cv2.sumElems(own_violets)[0] / cv2.countNonZero(inside)
    is_sure = violet >= masks.min_violet
    if not is_sure and not is_nuclear(taken(view.smooth[window][near], inside)):
        return CellKind.DEBRIS
    if violet - masks.high < MIN_DARKNESS * (masks.high - masks.low):
        return CellKind.SMUDGE
    x, y, w, h = cv2.boundingRect(cell)
    height, width = view.violet.shape
    left, top = x + window[1].start, y + window[0].start
    if left == 0 or top == 0 or left + w == width or top + h == height:
        return CellKind.BORDER
    if view.scale_um_per_px and _is_platelet(view, nucleus, cell, window, paleness):
        return CellKind.PLATELET
    return CellKind.WBC


def _is_platelet(
    view: View,
    nucleus: U8,
    cell: U8,
    window: tuple[slice, slice],
    paleness: Callable[[], float],
) -> bool:
    """Say whether an object of a view whose scale is known is a platelet."""
    scale = view.scale_um_per_px or inf
    if cv2.countNonZero(nucleus) * scale**2 < np.pi / 4 * MIN_WHOLE_NUCLEUS_UM**2:
        return True
    measures = platelets.measure(view.smooth[window], nucleus, cell, scale)
    if not platelets.is_platelet(measures):
        return False
    return platelets.is_platelet(platelets.as_if_stained(measures, paleness()))


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
