"""Measured features, on cells whose measures are known."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from leukoscope_edge.arrays import U8
from leukoscope_edge.vision.features import Features, measure_features, nearest_indices

SCALE = 0.25


def drawn(cell_px: int, nucleus_px: int, noise: int = 0) -> U8:
    """A pale disc with a dark disc in it, on black."""
    crop = np.zeros((96, 96, 3), np.uint8)
    cv2.circle(crop, (48, 48), cell_px, (200, 190, 210), cv2.FILLED)
    cv2.circle(crop, (48, 48), nucleus_px, (90, 60, 120), cv2.FILLED)
    random = np.random.default_rng(0).integers(-noise, noise + 1, (96, 96, 1))
    noisy = np.clip(crop.astype(int) + random, 1, 255)
    return np.where(crop > 0, noisy, 0).astype(np.uint8)


def test_an_empty_crop_has_no_features() -> None:
    assert measure_features(np.zeros((64, 64, 3), np.uint8), SCALE) is None


@pytest.mark.parametrize(("cell_px", "nucleus_px"), [(30, 10), (30, 20), (30, 28)])
def test_measures_sizes_in_micrometres(cell_px: int, nucleus_px: int) -> None:
    found = measure_features(drawn(cell_px, nucleus_px), SCALE)
    assert found is not None
    assert found.cell_um == pytest.approx(2 * cell_px * SCALE, rel=0.05)
    assert found.nucleus_um == pytest.approx(2 * nucleus_px * SCALE, rel=0.07)
    assert found.nucleus_share == pytest.approx((nucleus_px / cell_px) ** 2, rel=0.1)
    assert found.roundness > 0.8


def test_coarse_chromatin_has_more_texture_than_smooth() -> None:
    smooth, coarse = (
        measure_features(drawn(30, 20), SCALE),
        measure_features(drawn(30, 20, 25), SCALE),
    )
    assert smooth is not None
    assert coarse is not None
    assert coarse.texture > 2 * smooth.texture


@given(arrays(np.uint8, (24, 24, 3)))
def test_any_crop_gives_finite_features_or_none(crop: U8) -> None:
    found = measure_features(crop, SCALE)
    if found is not None:
        assert 0 < found.nucleus_share <= 1
        assert 0 <= found.roundness <= 1
        assert np.isfinite([found.cell_um, found.nucleus_um, found.texture]).all()


def features(cell_um: float) -> Features:
    return Features(
        cell_um=cell_um, nucleus_um=8, nucleus_share=0.8, roundness=1, texture=0.1
    )


def test_nothing_is_near_where_there_is_nothing() -> None:
    assert nearest_indices(features(10), [], 3) == []


@given(st.floats(5, 20))
def test_the_same_cell_is_the_nearest(cell_um: float) -> None:
    others = [features(4), features(cell_um), features(21)]
    assert nearest_indices(features(cell_um), others, 1) == [1]
