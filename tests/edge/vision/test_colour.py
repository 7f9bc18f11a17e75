"""The plasma's colour, white balance on it, and what is darker than it."""

import cv2
import numpy as np
import pytest

from leukoscope_edge.arrays import U8
from leukoscope_edge.vision.colour import (
    PLASMA_LEVEL,
    darkness_of,
    foreground_of,
    plasma_colour,
    white_balance,
)

PLASMA, RED, VIOLET = (220, 205, 180), (190, 120, 130), (95, 60, 150)


def field(share: float = 0.4) -> U8:
    """A field whose lower part is under red cells, with a nucleus and some glare."""
    pixels = np.full((120, 160, 3), PLASMA, np.uint8)
    pixels[int((1 - share) * 120) :] = RED
    cv2.circle(pixels, (60, 100), 12, VIOLET, cv2.FILLED)
    pixels[:2] = 255
    return pixels


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5])
def test_the_plasma_is_found_between_red_cells_and_glare(share: float) -> None:
    np.testing.assert_array_equal(plasma_colour(field(share)), PLASMA)


def test_a_field_of_one_colour_is_all_plasma() -> None:
    plain = np.full((48, 64, 3), VIOLET, np.uint8)
    np.testing.assert_array_equal(plasma_colour(plain), VIOLET)


def test_the_plasma_becomes_one_light_grey_and_the_rest_goes_with_it() -> None:
    balanced = white_balance(field())
    assert np.abs(balanced[30, 30].astype(int) - PLASMA_LEVEL).max() <= 1
    expected = np.array(RED) * PLASMA_LEVEL / np.array(PLASMA)
    assert np.abs(balanced[115, 150] - expected).max() <= 1


def test_a_dead_channel_is_left_alone() -> None:
    pixels = field()
    pixels[..., 2] = 0
    assert not white_balance(pixels)[..., 2].any()


def test_what_is_not_plasma_is_the_foreground() -> None:
    balanced = white_balance(field())
    is_cell = foreground_of(balanced)
    assert is_cell[100, 60]
    assert not is_cell[20:60].any()


@pytest.mark.parametrize(
    ("colour", "darkness"),
    [((255, 255, 255), 0), ((0, 200, 200), 255), ((90, 200, 200), 165)],
)
def test_darkness_is_what_the_darkest_channel_lacks(
    colour: tuple[int, int, int], darkness: int
) -> None:
    pixels = np.full((2, 3, 3), colour, np.uint8)
    assert (darkness_of(pixels) == darkness).all()
