"""The occlusion map, on a model whose reason is known: red speaks for blast."""

from pathlib import Path

import numpy as np
import pytest

from leukoscope_edge.arrays import F32, U8
from leukoscope_edge.inference import OnnxCpuEngine, open_bundle
from leukoscope_edge.inference.explanation import heat_picture, occlusion_map

SIDE_PX = 32


def test_an_empty_crop_has_an_empty_map(bundle_folder: Path) -> None:
    with OnnxCpuEngine(open_bundle(bundle_folder)) as engine:
        found = occlusion_map(engine, np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8))
    assert not found.any()


def test_the_map_points_at_what_the_model_goes_by(bundle_folder: Path) -> None:
    crop = np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8)
    crop[4:28, 4:28] = (40, 40, 200)
    crop[6:14, 6:14] = (255, 40, 40)  # what speaks for blast
    with OnnxCpuEngine(open_bundle(bundle_folder)) as engine:
        found = occlusion_map(engine, crop)
    assert found[6:14, 6:14].mean() > 0 > found[20:28, 20:28].mean()
    assert not found[crop.max(axis=2) == 0].any()


class OnePixel:
    """An engine whose margin is the red of a crop's middle pixel, in its own units."""

    name, fallback, is_accelerated = "one pixel", "", False

    def run(self, crops: U8) -> F32:
        red = crops[:, 13, 13, 0].astype(np.float32)
        return np.stack([-red / 2, red / 2], axis=1)


def test_a_place_tells_how_far_the_margin_falls_where_it_is_covered() -> None:
    crop = np.full((27, 27, 3), 100, np.uint8)
    crop[13, 13], crop[26] = 200, 0  # the cell's mean colour is 100.1
    found = occlusion_map(OnePixel(), crop)  # type: ignore[arg-type]
    assert found[13, 13] == 100
    # Windows of 9 pixels begin at 0, 2, 4, 7, 9, 11, 14, 16 and 18: of the four that
    # cover the place, two cover the middle as well.
    assert found[13, 9] == found[9, 13] == 50
    assert not found[:5].any()
    assert not found[:, 21:].any()
    assert not found[26].any()


@pytest.mark.parametrize(
    ("level", "colour"),
    [
        (0.0, (120, 120, 120)),
        (1e-9, (120, 120, 120)),  # next to nothing is not made much of
        (0.5, (214, 113, 36)),
        (-0.5, (36, 113, 214)),
    ],
)
def test_the_strongest_place_has_most_of_its_colour(
    level: float, colour: tuple[int, int, int]
) -> None:
    view = np.full((16, 48, 3), 120, np.uint8)
    picture = heat_picture(view, np.full((8, 8), level, np.float32))
    assert picture.shape == view.shape
    assert np.abs(picture.astype(int) - colour).max() <= 1


def test_warm_is_for_blast_and_cold_against() -> None:
    view = np.full((48, 48, 3), 128, np.uint8)
    occlusion = np.zeros((SIDE_PX, SIDE_PX), np.float32)
    occlusion[:12], occlusion[-12:] = 1.0, -1.0
    picture = heat_picture(view, occlusion)
    assert picture[4, 24, 0] > picture[4, 24, 2]
    assert picture[-4, 24, 2] > picture[-4, 24, 0]
    assert np.abs(picture[24, 24].astype(int) - 128).max() <= 2


def test_no_reason_leaves_the_picture_grey() -> None:
    view = np.full((48, 48, 3), 77, np.uint8)
    assert (heat_picture(view, np.zeros((SIDE_PX, SIDE_PX), np.float32)) == 77).all()
