"""From a nucleus to its whole cell.

Each nucleus takes the body around it, by the rule that makes the roundest cell; where
that has run into its neighbours its outline is sought anew.
"""

from collections.abc import Callable, Iterator
from functools import partial

import cv2
import numpy as np

from leukoscope_edge.arrays import F32, I32, U8, BoolArray
from leukoscope_edge.vision.cells.masks import Masks, Window
from leukoscope_edge.vision.cells.outline import outline
from leukoscope_edge.vision.morphology import (
    Place,
    close_mask,
    dilate,
    fill_holes,
    open_mask,
    window_of,
)
from leukoscope_edge.vision.view import View

Rule = Callable[[], BoolArray]
"""Makes a body in a window."""
REACH_UM = 5.0
"""How far a cell reaches beyond its nucleus, at most."""
NECK_UM = 1.0
"""Radius of the opening that cuts off what touches a cell at a neck."""
ROUND_ENOUGH = 0.86
"""Roundness at which a cell is taken as it is; a drawn disc has 0.89."""
ROUNDER = 0.02
"""By how much another body must make a cell rounder: less is the outline's noise."""
ROUNDEST = 0.9
"""No cell is rounder; a disc is drawn with less."""
FAR_ROUNDER = 0.1
"""The same of a body by colour alone, which misses pale cytoplasm in some stains."""
MAX_SPILL = 0.1
"""A cell whose rim lies inside the body on less than this share ends by itself, round
or not."""
MAX_GROWTH = 1.1
"""An outline that is sought anew cuts off what is too much; it finds no new cell."""
BENEFIT_OF_DOUBT = 0.2
"""Where half of the rules say cell, it is."""
RIVAL_PX = 8
"""Beyond twice a cell's reach from a nucleus no other is nearer to what it reaches."""


def whole_cell(
    view: View, masks: Masks, nucleus: U8, own: BoolArray | np.bool_, window: Window
) -> tuple[U8, U8]:
    """Grow a nucleus into its cell.

    Args:
        view: Where it lies.
        masks: What was found on the view.
        nucleus: (h', w') uint8, in the window.
        own: (h', w') bool, where no other nucleus is nearer; True: everywhere.
        window: Of the view, the nucleus's box and as far as a cell reaches.

    Returns:
        The cell, and what it was before it was cut free of its neighbours.
    """
    near = dilate(nucleus, REACH_UM / masks.scale_um_per_px)
    near &= own.view(np.uint8)
    rules = _rules(masks, window)
    grown, roundness = _roundest(nucleus, near, rules, masks.scale_um_per_px)
    if roundness >= masks.ragged:
        return grown, grown
    return _without_spill(view, masks, nucleus, grown, near, window), grown


def territory(
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
    seeds = is_seed.take(labels[wide])
    _, found = cv2.distanceTransformWithLabels(
        (~seeds).view(np.uint8),
        cv2.DIST_L2,
        cv2.DIST_MASK_5,
        labelType=cv2.DIST_LABEL_PIXEL,
    )
    nearest = np.asarray(found, np.int32)
    is_own = np.zeros(int(nearest.max()) + 1, np.bool_)
    is_own[nearest[labels[wide] == label]] = True
    y, x = window[0].start - wide[0].start, window[1].start - wide[1].start
    height, width = labels[window].shape
    return np.asarray(is_own.take(nearest[y : y + height, x : x + width]), np.bool_)


def _meet(place: Place, window: Window) -> bool:
    x, y, w, h = place.box_px
    rows, columns = window
    is_across: bool = x < columns.stop and x + w > columns.start
    return is_across and bool(y < rows.stop and y + h > rows.start)


def _rules(masks: Masks, window: Window) -> Iterator[tuple[Rule, float]]:
    """Yield rules, and by how much each must make a cell rounder than those before."""
    yield lambda: masks.body[window], 0.0
    for body in masks.other_bodies:
        yield partial(body.__getitem__, window), ROUNDER
    if tints := masks.tints:
        yield lambda: tints().loose(window), FAR_ROUNDER


def _without_spill(
    view: View,
    masks: Masks,
    nucleus: U8,
    cell: U8,
    near: U8,
    window: Window,
) -> U8:
    """Return a cell that has run into its neighbours within a new outline."""
    if _spill(cell, masks.body[window]) < MAX_SPILL:
        return cell
    scale = masks.scale_um_per_px
    rules = [body[window] for body in (masks.body, *masks.other_bodies)]
    if masks.tints is not None:
        tints = masks.tints()
        rules += [tints.loose(window), tints.strict(window)]
    evidence = _evidence(rules, near)
    anew = outline(nucleus, view.smooth[window], evidence, REACH_UM / scale, scale)
    is_larger = np.count_nonzero(anew) > MAX_GROWTH * np.count_nonzero(cell)
    return cell if is_larger else anew


def _evidence(rules: list[BoolArray], near: U8) -> F32:
    """Return (h, w) float32, how many rules say cell, -1 to 1 and no doubt beyond near.

    Each sum of votes has one value, and is looked up.
    """
    votes = np.zeros(near.shape, np.uint8)
    for rule in rules:
        votes += rule.view(np.uint8)
    shares = np.arange(len(rules) + 1, dtype=np.float32) / len(rules)
    sure = 2 * shares - 1 + BENEFIT_OF_DOUBT
    return np.where(near, sure.take(votes), np.float32(-1))


def _spill(cell: U8, body: BoolArray) -> float:
    """Return on what share of its rim a cell ends inside the body, not at its edge."""
    rim = cv2.dilate(cell, np.ones((3, 3), np.uint8)) > cell
    n_rim = np.count_nonzero(rim)
    return np.count_nonzero(rim & body) / n_rim if n_rim else 0.0


def _roundest(
    nucleus: U8,
    near: U8,
    rules: Iterator[tuple[Rule, float]],
    scale_um_per_px: float,
) -> tuple[U8, float]:
    """Grow the nucleus into the body that makes the roundest cell.

    Pale cytoplasm that is missed, and a red cell that is not, spoil the shape.

    Args:
        nucleus: (h, w) uint8.
        near: (h, w) uint8 0 or 1, what it may reach, where no other nucleus is nearer.
        rules: Each makes a body, (h, w) bool, and by how much it must make the cell
            rounder; none is asked that cannot.
        scale_um_per_px: Of these.

    Returns:
        The cell, and how round it is.
    """
    neck_px = NECK_UM / scale_um_per_px
    best, roundness, solidity = nucleus, -1.0, 0.0
    tried: list[U8] = []
    for body_of, by in rules:
        if roundness + by >= ROUNDEST:
            continue
        held = _without_hanging(nucleus, near & body_of().view(np.uint8), neck_px)
        if any(not cv2.hasNonZero(held ^ other) for other in tried):
            continue  # it would make the same cell
        tried.append(held)
        cell = close_mask(fill_holes(held), neck_px)
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


def _without_hanging(nucleus: U8, body: U8, neck_px: float) -> U8:
    """Return the body around a nucleus without what hangs on by a neck."""
    whole = open_mask(body, neck_px) | nucleus
    window = window_of(whole)
    n_parts, found = cv2.connectedComponents(whole[window])
    if n_parts <= 2:
        return whole
    parts = np.asarray(found, np.int32)
    is_own = np.zeros(n_parts, np.uint8)
    is_own[parts[nucleus[window] > 0]] = 1
    held = np.zeros_like(whole)
    held[window] = is_own.take(parts)
    return held
