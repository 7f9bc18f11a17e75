"""A window around a nucleus, cut without a mask."""

import numpy as np
import pytest

from leukoscope_edge.vision import CropSpec
from leukoscope_train.data.nucleus_windows import WINDOW_UM, cut_window

SPEC = CropSpec(
    side_px=128, scale_um_per_px=0.16, colour="masked", light="white-balanced"
)
SCALE = 0.1


def frame() -> np.ndarray:
    """Plasma of a yellow lamp, 240 px wide; a dark nucleus in the middle."""
    pixels = np.full((200, 240, 3), (230, 220, 170), np.uint8)
    pixels[90:110, 110:130] = (60, 30, 90)
    return pixels


@pytest.mark.parametrize("centre_px", [(120.0, 100.0), (120.0, 30.0), (235.0, 195.0)])
def test_a_window_is_a_whole_disc_wherever_the_nucleus_lies(
    centre_px: tuple[float, float],
) -> None:
    crop = cut_window(frame(), centre_px, SCALE, SPEC)
    area_um2 = np.count_nonzero(crop.max(axis=2)) * SPEC.scale_um_per_px**2
    assert area_um2 == pytest.approx(np.pi * (WINDOW_UM / 2) ** 2, rel=0.1)


def test_a_window_shows_the_surroundings_in_white_light() -> None:
    crop = cut_window(frame(), (120.0, 100.0), SCALE, SPEC)
    np.testing.assert_array_equal(crop[64, 100], [235, 235, 235])  # 5.8 um away
    assert crop[64, 64].max() < 130
    assert crop[0, 0].max() == 0


def test_a_nucleus_at_the_rim_is_shown_with_its_mirror_and_no_black() -> None:
    pixels = frame()
    pixels[90:110, :10] = (60, 30, 90)
    crop = cut_window(pixels, (5.0, 100.0), SCALE, SPEC)
    middle = crop[64, 64 - 5 : 64 + 2].max(axis=1)
    assert (middle < 130).all()
    assert crop[64, 30].min() > 200
