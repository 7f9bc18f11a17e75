"""Discs over masks: small by kernels, large by distance, and both alike."""

import cv2
import numpy as np
import pytest

from leukoscope_edge.arrays import U8
from leukoscope_edge.vision.morphology import (
    MAX_KERNEL_PX,
    close_mask,
    depth_of,
    dilate,
    erode,
    fill_holes,
    open_mask,
    parts_of,
    taken,
    window_of,
)

SHAPE = (80, 100)
RADII = (1.0, 3.0, MAX_KERNEL_PX, MAX_KERNEL_PX + 0.01, 9.0)


def blank() -> U8:
    return np.zeros(SHAPE, np.uint8)


def square(x: int, y: int, side: int) -> U8:
    mask = blank()
    mask[y : y + side, x : x + side] = 1
    return mask


def noise(seed: int = 0) -> U8:
    random = np.random.default_rng(seed)
    coarse = random.random((20, 25)).astype(np.float32)
    smooth = cv2.resize(coarse, SHAPE[::-1], interpolation=cv2.INTER_CUBIC)
    return (smooth > 0.55).astype(np.uint8)


@pytest.mark.parametrize("work", [erode, dilate, open_mask, close_mask])
@pytest.mark.parametrize("radius", RADII)
def test_an_empty_mask_stays_empty(work: object, radius: float) -> None:
    assert not work(blank(), radius).any()  # type: ignore[operator]


@pytest.mark.parametrize("radius", RADII)
def test_a_disc_takes_off_and_lays_on_its_radius(radius: float) -> None:
    mask, steps = square(30, 20, 31), round(radius)
    grown = dilate(mask, radius)
    row = np.flatnonzero(grown[35])
    assert abs((30 - row[0]) - steps) <= 1
    assert abs((row[-1] - 60) - steps) <= 1
    row = np.flatnonzero(erode(mask, radius)[35])
    assert abs((row[0] - 30) - steps) <= 1


@pytest.mark.parametrize("radius", RADII)
def test_what_is_worn_off_is_what_the_ground_would_grow(radius: float) -> None:
    mask = noise()
    mask[[0, -1]] = mask[:, [0, -1]] = 0  # beyond the frame is no ground
    np.testing.assert_array_equal(erode(mask, radius), 1 - dilate(1 - mask, radius))


@pytest.mark.parametrize("radius", [*RADII, 4.8])
def test_a_disc_is_what_the_distance_transform_calls_one(radius: float) -> None:
    mask = noise(1)
    away = cv2.distanceTransform(1 - mask, cv2.DIST_L2, cv2.DIST_MASK_3)
    np.testing.assert_array_equal(dilate(mask, radius), away <= radius)


@pytest.mark.parametrize("radius", RADII)
def test_opening_takes_only_away_and_closing_only_adds(radius: float) -> None:
    mask = noise(2)
    assert not (open_mask(mask, radius) & ~mask.astype(bool)).any()
    assert (close_mask(mask, radius) >= mask).all()


def test_a_neck_is_opened_and_a_gap_is_closed() -> None:
    mask = square(10, 20, 21) | square(50, 20, 21)
    mask[29:32, 31:50] = 1  # a neck of three pixels
    n_parts, _ = cv2.connectedComponents(open_mask(mask, 3.0))
    assert n_parts - 1 == 2
    apart = square(10, 20, 21) | square(34, 20, 21)  # three pixels between
    n_parts, _ = cv2.connectedComponents(close_mask(apart, 3.0))
    assert n_parts - 1 == 1


@pytest.mark.parametrize(("most", "is_filled"), [(99.0, True), (20.0, False)])
def test_holes_up_to_a_size_are_filled(most: float, is_filled: bool) -> None:
    mask = square(30, 20, 31)
    mask[30:37, 40:47] = 0
    assert bool(fill_holes(mask, most)[33, 43]) == is_filled
    assert fill_holes(mask)[33, 43]
    assert not mask[33, 43]  # the mask itself stays


def test_parts_have_their_boxes_and_areas_and_holes_are_no_parts() -> None:
    mask = square(10, 20, 11) | square(60, 40, 5)
    mask[25, 15] = 0
    labels, places = parts_of(mask)
    assert places.keys() == {1, 2}
    assert places[1].box_px == (10, 20, 11, 11)
    assert places[1].area_px == 120
    assert places[2].box_px == (60, 40, 5, 5)
    for label, place in places.items():
        assert (labels[place.window] == label).sum() == place.area_px
    assert parts_of(blank())[1] == {}


def test_a_window_is_cut_at_the_first_rows_and_columns() -> None:
    rows, columns = window_of(square(2, 1, 5), margin_px=4)
    assert (rows.start, columns.start) == (0, 0)
    assert (rows.stop, columns.stop) == (10, 11)


def test_depth_is_counted_from_the_rim() -> None:
    depth = depth_of(square(30, 20, 11).view(np.bool_))
    assert depth[25, 35] == pytest.approx(6, abs=0.2)
    assert depth[20, 35] == pytest.approx(1, abs=0.1)
    assert not depth[:20].any()


@pytest.mark.parametrize("mask", [blank(), square(7, 9, 20), noise()])
def test_colours_are_taken_row_by_row_of_a_window_too(mask: U8) -> None:
    colours = np.random.default_rng(1).integers(0, 256, (*SHAPE, 3)).astype(np.uint8)
    window = np.s_[3:60, 5:90]
    own = colours[window][mask[window] > 0]
    np.testing.assert_array_equal(taken(colours[window], mask[window]), own)
    np.testing.assert_array_equal(taken(colours, mask > 0), colours[mask > 0])
