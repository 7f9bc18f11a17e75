"""Finding white cells by per-image adaptive thresholds.

On a reduced, evened and white-balanced view: three-class Otsu on the violet of the
nuclei, lobes joined into nuclei, touching nuclei split (`nuclei`), each nucleus's edge
set again inside its own cell, and the cell grown around it over what is neither plasma
nor red cell. No trained part: a pixel classifier that is trained on one stain collapses
on the next.
"""

import math
from functools import cache, partial

import cv2
import numpy as np

from leukoscope_edge.arrays import F32, U8, BoolArray
from leukoscope_edge.types import CellKind, Segmentation
from leukoscope_edge.vision.cells.clumps import cut_clumps
from leukoscope_edge.vision.cells.masks import Masks, Tints
from leukoscope_edge.vision.cells.objects import describe, is_nuclear
from leukoscope_edge.vision.colour import PLASMA_LEVEL
from leukoscope_edge.vision.morphology import dilate, open_mask, taken
from leukoscope_edge.vision.otsu import counts_of, joint_counts_of, median_of, otsu3_of
from leukoscope_edge.vision.scale.red_cells import WHITE_CELL_UM, scale_from_cells
from leukoscope_edge.vision.scale.scale_estimate import (
    PLAUSIBLE_UM_PER_PX,
    TRIED_UM_PER_PX,
    estimate_source_scale,
    measure_sizes,
)
from leukoscope_edge.vision.view import View, as_uint8, view_of

MIN_STAIN_LEVELS = 18.0
"""Of nuclei above plasma, at least; less is an empty or unstained field."""
VIOLET_FOR_DARKNESS, VIOLET_FOR_DARKNESS_IN_MARROW = 1.15, 1.5
"""A nucleus's mean violet above plasma over the median darkness of all foreground, at
least. Bends of the tone curve and the strength of a stain change both alike. In views
without a white cell 97 in 100 parts that Otsu splits off the red cells have less than
1.03, platelets among them; nuclei of wbc-fields have 1.6 and more, also with gamma 0.6
and 1.6, and pale pink ones among blue-grey red cells (Taleqani) 1.3. The violet of
marrow is higher: by 1.15 two in 100 views without a white cell had one, by 1.5 none."""
MAX_PARTINGS = 4
"""Platelets and single white cells in wide views need up to three."""
NOTHING = 255
"""A threshold that no violet exceeds."""
MIN_RED_FRACTION = 0.05
"""Of the frame: where red cells cover less, their colour is not known well enough."""
RED_SHARE = 0.7
"""A pixel is red cell where its red exceeds its blue by more than this share of what
the red cells' does: halfway between them and grey cytoplasm."""
WHITE_CELL_REACH_UM = 6.0
"""Beyond this distance from all nuclei no cytoplasm lies, and red cells show."""
RAGGED, RAGGED_BESIDE_RED, RAGGED_IN_MARROW = 0.7, 0.55, 0.85
"""A cell that is less round may have run into others, and is drawn anew then: sooner
where no colour of red cells is known, and soonest in marrow, where they are grey."""
MAX_SIZE_RATIO = 1.8
"""By which the median cell may be larger or smaller than a white cell: of a frame whose
own scale says more, the scale is doubted."""
STRING_UM = 0.4
"""Radius of the opening that takes threads and noise off the bodies."""


def segment(
    pixels: U8,
    scale_um_per_px: float | None = None,
    *,
    in_marrow: bool = False,
) -> Segmentation:
    """Find all stained objects of a frame.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        scale_um_per_px: Micrometres per pixel; None: estimated from the cells.
        in_marrow: The frame shows marrow, where nuclei touch and red cells are grey.
    """
    segment_at = partial(_segment_at, pixels, in_marrow=in_marrow)
    found = segment_at(scale_um_per_px)
    if scale_um_per_px is not None or not _is_doubtful(found):
        return found
    estimate = estimate_source_scale([measure_sizes(as_uint8(pixels))]).um_per_px
    scales = TRIED_UM_PER_PX if estimate is None else (estimate,)
    others = [segment_at(scale) for scale in scales]
    return max([found, *others], key=_likeness)


def _segment_at(
    pixels: U8, scale_um_per_px: float | None, *, in_marrow: bool
) -> Segmentation:
    view = view_of(pixels, scale_um_per_px, in_marrow=in_marrow)
    return describe(view, threshold(view))


def _is_doubtful(found: Segmentation) -> bool:
    """Say whether a scale that was estimated from one frame makes no sense."""
    return _likeness(found) < -math.log(MAX_SIZE_RATIO)


def _likeness(found: Segmentation) -> float:
    """Return how like white cells all that were found are in size; 0 is most.

    Returns:
        Less the distance of the logarithms of the median cell's side and a white
        cell's, minus infinity where there is none or no microscope gives the scale.
    """
    low, high = PLAUSIBLE_UM_PER_PX
    white = found.indices(CellKind.WBC) + found.indices(CellKind.BORDER)
    if not white or not low <= found.scale_um_per_px <= high:
        return -math.inf
    boxes = found.boxes_px[white]
    sides_um = (boxes[:, 2:] - boxes[:, :2]).max(axis=1) * found.scale_um_per_px
    return -abs(math.log(float(np.median(sides_um)) / WHITE_CELL_UM))


def threshold(view: View) -> Masks:
    """Part a view into nuclei, cell bodies and the rest."""
    joint = joint_counts_of(view.violet, view.dark)
    violets, darks = joint.sum(axis=1), joint.sum(axis=0)
    low, high = otsu3_of(violets)
    level, _ = otsu3_of(darks)
    foreground = np.asarray(view.dark > level, np.bool_)
    min_violet = least_violet(joint, level, in_marrow=view.in_marrow)
    high = _part_again(view, violets, high, min_violet)
    nuclei = _opened(view.violet > high)
    scale = view.scale_um_per_px
    has_red_cells = True
    if scale is None:
        estimate = scale_from_cells(foreground, nuclei)
        scale, has_red_cells = estimate.um_per_px, estimate.source == "red cells"
    red = np.zeros_like(foreground)
    if has_red_cells:
        red = _red_cells(view.redness, foreground, nuclei, scale)
    pale = np.asarray(view.dark > _pale_level(darks, level), np.bool_)
    bluish = pale & ~_reddest(view.redness, foreground & ~nuclei)
    body = ((foreground & ~red) | nuclei).view(np.uint8)
    tints = cache(partial(_tints, view.smooth, nuclei, red))
    parted = nuclei
    if view.in_marrow:
        parted = cut_clumps(nuclei, tints().lack, view.smooth, scale)
    return Masks(
        nuclei=parted,
        body=open_mask(body, STRING_UM / scale).view(np.bool_) | nuclei,
        other_bodies=((pale & ~red) | nuclei, bluish | nuclei),
        tints=tints,
        ragged=_ragged(view, has_red=bool(red.any())),
        scale_um_per_px=scale,
        low=low,
        high=high,
        min_violet=min_violet,
        is_coarse=True,
    )


def _ragged(view: View, *, has_red: bool) -> float:
    if view.in_marrow:
        return RAGGED_IN_MARROW
    return RAGGED_BESIDE_RED if has_red else RAGGED


def least_violet(joint: F32, level: int, *, in_marrow: bool) -> float:
    """Return the mean violet that a nucleus of a view has at least.

    Args:
        joint: (256, 256) float32, how often each violet occurs with each darkness.
        level: Of darkness; what is above is foreground.
        in_marrow: The view shows marrow.
    """
    plasma_violets = joint[:, : level + 1].sum(axis=1)
    darks = joint[:, level + 1 :].sum(axis=0)
    plasma = median_of(plasma_violets) if plasma_violets.any() else 0.0
    if not darks.any():
        return plasma + MIN_STAIN_LEVELS
    darkness = level + 1 + median_of(darks) - (255 - PLASMA_LEVEL)
    by = VIOLET_FOR_DARKNESS_IN_MARROW if in_marrow else VIOLET_FOR_DARKNESS
    return plasma + max(by * darkness, MIN_STAIN_LEVELS)


def _part_again(view: View, violets: F32, high: int, min_violet: float) -> int:
    """Return a threshold above which the violet is nuclear, 255 where none is.

    Three-class Otsu always finds three classes: with no nucleus, or a rare one, it
    parts red cells from darker red cells.
    """
    for _ in range(MAX_PARTINGS):
        n_upper = violets[high + 1 :].sum(dtype=np.float64)
        if not n_upper:
            break
        levels = np.arange(high + 1, 256)
        if violets[high + 1 :] @ levels / n_upper >= min_violet:
            return high
        upper = view.violet > high
        if is_nuclear(taken(view.smooth, upper)):
            return high
        level, _ = cv2.threshold(view.violet[upper], 0, 1, cv2.THRESH_OTSU)
        high = max(int(level), high + 1)
    return NOTHING


def _opened(mask: BoolArray) -> BoolArray:
    kernel = np.ones((3, 3), np.uint8)
    opened = cv2.morphologyEx(mask.view(np.uint8), cv2.MORPH_OPEN, kernel)
    return np.asarray(opened, np.uint8).view(np.bool_)


def _red_cells(
    redness: U8, foreground: BoolArray, nuclei: BoolArray, scale_um_per_px: float
) -> BoolArray:
    """Return what is as red as the foreground far from all nuclei."""
    near = dilate(nuclei.view(np.uint8), WHITE_CELL_REACH_UM / scale_um_per_px)
    far = foreground & (near == 0)
    if np.count_nonzero(far) <= MIN_RED_FRACTION * far.size:
        return np.zeros_like(foreground)
    level = RED_SHARE * median_of(counts_of(redness, far))
    return np.asarray(redness > int(level), np.bool_)


def _reddest(redness: U8, cells: BoolArray) -> BoolArray:
    """Return what is as red as the redder part of the cells."""
    if not cells.any():
        return np.zeros_like(cells)
    level, _ = cv2.threshold(redness[cells], 0, 1, cv2.THRESH_OTSU)
    return np.asarray(redness > int(level), np.bool_)


def _tints(colours: U8, nuclei: BoolArray, red: BoolArray) -> Tints:
    """Return what is more coloured than grey red cells, by two levels.

    Where red cells are grey, as marrow's often are, only the lack of green tells
    cytoplasm from them: more or less of it, by how pale the cytoplasm is.
    """
    red_channel, green, blue = cv2.split(colours)
    mean = cv2.addWeighted(red_channel, 0.5, blue, 0.5, 0)
    lack = np.asarray(cv2.subtract(mean, green), np.uint8)
    low, high = otsu3_of(counts_of(lack))
    return Tints(lack=lack, nuclei=nuclei, red=red, low=low, high=(low + high) // 2)


def _pale_level(darks: F32, level: int) -> int:
    """Return the middle between the plasma and the level that parts it from cells."""
    plasma = int(np.argmax(darks[: level + 1]))
    return (plasma + level) // 2
