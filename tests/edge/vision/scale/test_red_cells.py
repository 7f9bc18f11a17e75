"""A provisional scale from red cells, else from white ones, else from nothing."""

import cv2
import numpy as np
import pytest

from leukoscope_edge.arrays import U8, BoolArray
from leukoscope_edge.vision.scale.red_cells import (
    FALLBACK_UM_PER_PX,
    MIN_RED_CELLS,
    RED_CELL_UM,
    WHITE_CELL_UM,
    measure_red_cells,
    scale_from_cells,
)

SHAPE = (300, 400)
PLASMA, RED, PALE, VIOLET = (
    (225, 222, 215),
    (190, 140, 150),
    (215, 190, 195),
    (95, 60, 170),
)
Disc = tuple[int, int, int]
RED_PX = 20
"""Radius of the drawn red cells."""


def grid(n: int, radius: int = RED_PX) -> list[Disc]:
    places = [(50 + 60 * (i % 6), 45 + 60 * (i // 6)) for i in range(n)]
    return [(x, y, radius) for x, y in places]


def mask(*discs: Disc) -> BoolArray:
    drawn = np.zeros(SHAPE, np.uint8)
    for x, y, radius in discs:
        cv2.circle(drawn, (x, y), radius, 1, cv2.FILLED)
    return drawn.view(np.bool_)


def field(*discs: Disc, pallor_px: int = 0, white: Disc | None = None) -> U8:
    pixels = np.full((*SHAPE, 3), PLASMA, np.uint8)
    for x, y, radius in discs:
        cv2.circle(pixels, (x, y), radius, RED, cv2.FILLED)
        if pallor_px:
            cv2.circle(pixels, (x, y), pallor_px, PALE, cv2.FILLED)
    if white:
        cv2.circle(pixels, white[:2], white[2], VIOLET, cv2.FILLED)
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), 1.0), np.uint8)


NO_STAIN = mask()


def test_nothing_to_measure_gives_the_fallback_and_says_so() -> None:
    found = scale_from_cells(NO_STAIN, NO_STAIN)
    assert (found.source, found.n) == ("nothing", 0)
    assert found.um_per_px == FALLBACK_UM_PER_PX


@pytest.mark.parametrize("n", [MIN_RED_CELLS, 12])
def test_red_cells_that_lie_alone_are_the_ruler(n: int) -> None:
    found = scale_from_cells(mask(*grid(n)), NO_STAIN)
    assert (found.source, found.n) == ("red cells", n)
    assert found.um_per_px == pytest.approx(RED_CELL_UM / (2 * RED_PX), rel=0.05)


def test_too_few_red_cells_are_none() -> None:
    found = scale_from_cells(mask(*grid(MIN_RED_CELLS - 1)), NO_STAIN)
    assert found.source == "nothing"


def test_a_white_cell_alone_is_a_coarser_ruler() -> None:
    cell, nucleus = mask((200, 150, 40)), mask((200, 150, 28))
    found = scale_from_cells(cell, nucleus)
    assert (found.source, found.n) == ("white cells", 1)
    assert found.um_per_px == pytest.approx(WHITE_CELL_UM / 80, rel=0.05)


def test_what_would_make_a_nucleus_too_large_was_no_red_cell() -> None:
    specks, nucleus = grid(6, radius=9), (200, 240, 45)
    foreground = mask(*specks, (200, 240, 50))
    found = scale_from_cells(foreground, mask(nucleus))
    assert found.source == "white cells"


def test_an_empty_field_has_no_red_cells() -> None:
    assert measure_red_cells(field()) is None


@pytest.mark.parametrize("pallor_px", [0, 9])
def test_red_cells_of_a_field_are_measured_pale_in_the_middle_or_not(
    pallor_px: int,
) -> None:
    white = (340, 250, 24)
    found = measure_red_cells(field(*grid(12), pallor_px=pallor_px, white=white))
    assert found is not None
    assert found.are_alone
    assert found.n >= 10
    assert found.diameter_px == pytest.approx(2 * RED_PX, rel=0.08)


def test_red_cells_that_touch_are_measured_by_the_discs_in_them() -> None:
    rows = [(30 + 36 * i, y, RED_PX) for i in range(10) for y in (60, 160)]
    found = measure_red_cells(field(*rows, white=(200, 260, 24)))
    assert found is not None
    assert not found.are_alone
    assert found.diameter_px == pytest.approx(2 * RED_PX, rel=0.12)
