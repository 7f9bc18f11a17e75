"""The edge of a nucleus, set again by the stain inside its own cell."""

import cv2
import numpy as np
import pytest
from tests.edge.vision.cells.drawn_masks import SCALE_UM_PER_PX, SHAPE, discs

from leukoscope_edge.arrays import U8
from leukoscope_edge.vision.cells.nucleus_edge import EDGE_UM, set_edge
from leukoscope_edge.vision.colour import PLASMA_LEVEL

CYTOPLASM, NUCLEUS = (190, 180, 210), (95, 60, 170)
PLACE = (120, 100)
TRUE_UM, CELL_UM = 4.0, 6.5


def colours() -> U8:
    pixels = np.full((*SHAPE, 3), round(PLASMA_LEVEL), np.uint8)
    for radius_um, colour in ((CELL_UM, CYTOPLASM), (TRUE_UM, NUCLEUS)):
        cv2.circle(pixels, PLACE, round(radius_um / SCALE_UM_PER_PX), colour, -1)
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), 1.0), np.uint8)


def edged(nucleus: U8, cell_um: float = CELL_UM) -> U8:
    cell = discs((*PLACE, cell_um)).view(np.uint8)
    return set_edge(colours(), nucleus, cell, SCALE_UM_PER_PX)


def radius_um(mask: U8) -> float:
    return float(np.sqrt(mask.sum() / np.pi)) * SCALE_UM_PER_PX


@pytest.mark.parametrize("coarse_um", [3.2, 4.0, 4.9])
def test_a_coarse_edge_moves_to_where_the_stain_ends(coarse_um: float) -> None:
    nucleus = discs((*PLACE, coarse_um)).view(np.uint8)
    again = edged(nucleus)
    assert radius_um(again) == pytest.approx(TRUE_UM, abs=0.25)
    assert abs(radius_um(again) - TRUE_UM) <= abs(coarse_um - TRUE_UM) + 0.1


def test_it_moves_no_further_than_it_may() -> None:
    nucleus = discs((*PLACE, 1.5)).view(np.uint8)
    assert radius_um(edged(nucleus)) <= 1.5 + EDGE_UM + 0.2


def test_it_stays_inside_the_cell() -> None:
    nucleus, cell_um = discs((*PLACE, 2.5)).view(np.uint8), 3.0
    outside = ~discs((*PLACE, cell_um))
    assert not edged(nucleus, cell_um)[outside].any()


def test_small_holes_are_texture_and_are_filled() -> None:
    nucleus = discs((*PLACE, TRUE_UM)).view(np.uint8)
    nucleus[98:102, 118:122] = 0
    assert edged(nucleus)[100, 120]


def test_a_string_too_thin_to_have_a_core_stays_as_it_was() -> None:
    string = np.zeros(SHAPE, np.uint8)
    string[100:102, 90:150] = 1
    np.testing.assert_array_equal(edged(string), string)
