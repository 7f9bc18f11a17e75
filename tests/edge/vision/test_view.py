"""The view that segmentation works on: its size, its light, its channels."""

import numpy as np
import pytest

from leukoscope_edge.arrays import U8
from leukoscope_edge.vision.colour import PLASMA_LEVEL
from leukoscope_edge.vision.view import (
    STAIN_OF_PLASMA,
    WORK_SIDE_PX,
    WORK_UM_PER_PX,
    as_uint8,
    stain_of,
    view_of,
)

PLASMA, VIOLET, RED = (220, 210, 190), (95, 60, 150), (190, 120, 110)


def field(height: int = 96, width: int = 128) -> U8:
    """Plasma with a nucleus on the left and a red cell on the right."""
    pixels = np.full((height, width, 3), PLASMA, np.uint8)
    pixels[height // 4 : height // 2, width // 8 : width // 4] = VIOLET
    pixels[height // 4 : height // 2, width // 2 : 5 * width // 8] = RED
    return pixels


@pytest.mark.parametrize(
    ("scale", "in_marrow", "factor"),
    [
        (WORK_UM_PER_PX, False, 1),
        (WORK_UM_PER_PX / 1.9, False, 1),  # no coarser than the view must be
        (WORK_UM_PER_PX / 2, False, 2),
        (WORK_UM_PER_PX / 1.9, True, 2),  # of marrow the nearest
        (1.0, False, 1),
    ],
)
def test_a_fine_frame_is_reduced_by_whole_pixels(
    scale: float, in_marrow: bool, factor: int
) -> None:
    view = view_of(field(), scale, in_marrow=in_marrow)
    assert view.factor == factor
    assert view.smooth.shape == (96 // factor, 128 // factor, 3)
    assert view.scale_um_per_px == pytest.approx(scale * factor)
    assert view.frame_shape == (96, 128)


@pytest.mark.parametrize(
    ("width", "factor"), [(128, 1), (2 * WORK_SIDE_PX, 2), (3 * WORK_SIDE_PX, 3)]
)
def test_without_a_scale_the_longer_side_decides(width: int, factor: int) -> None:
    view = view_of(field(96, width))
    assert view.factor == factor
    assert view.scale_um_per_px is None


def test_a_rim_that_fills_no_pixel_is_left_out() -> None:
    view = view_of(field(97, 129), WORK_UM_PER_PX / 2)
    assert view.smooth.shape == (48, 64, 3)
    assert view.frame_shape == (97, 129)


def test_the_plasma_is_one_grey_and_each_channel_shows_its_cells() -> None:
    view = view_of(field(), WORK_UM_PER_PX)
    plasma, nucleus, red_cell = (80, 60), (36, 24), (36, 72)
    assert np.abs(view.smooth[plasma].astype(float) - PLASMA_LEVEL).max() <= 2
    assert view.violet[nucleus] > view.violet[red_cell] + 40
    assert view.redness[red_cell] > view.redness[nucleus] + 40
    assert view.dark[nucleus] > view.dark[red_cell] > view.dark[plasma]


def test_of_marrow_dark_nuclei_count_though_they_have_no_blue() -> None:
    pixels = field()
    pixels[24:48, 16:32] = (40, 20, 25)
    blood, marrow = (
        view_of(pixels, WORK_UM_PER_PX, in_marrow=is_marrow).violet[36, 24]
        for is_marrow in (False, True)
    )
    assert marrow > blood + 50


def test_stain_is_least_over_plasma_and_most_over_nuclei() -> None:
    grey = round(PLASMA_LEVEL)
    colours = np.array([[(grey,) * 3, VIOLET, RED]], np.uint8)
    plasma, nucleus, red_cell = stain_of(colours)[0].tolist()
    assert plasma == pytest.approx(STAIN_OF_PLASMA, abs=1)
    assert nucleus > red_cell + 40 > plasma


def test_numbers_of_any_kind_become_bytes() -> None:
    values = np.array([-5.0, 0.4, 0.6, 254.6, 300.0, np.nan, np.inf, -np.inf])
    assert as_uint8(values).tolist() == [0, 0, 1, 255, 255, 0, 255, 0]
    assert as_uint8(np.array([True, False])).tolist() == [1, 0]
    already = field()
    assert as_uint8(already) is already or (as_uint8(already) == already).all()
