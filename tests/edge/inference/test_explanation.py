"""The occlusion map, on a model whose reason is known: red speaks for blast."""

from pathlib import Path

import numpy as np

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
