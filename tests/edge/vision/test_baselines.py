from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leukoscope_edge.types import CellKind, Segmentation
from leukoscope_edge.vision import baselines

Method = Callable[[np.ndarray, float | None], Segmentation]
METHODS = [partial(baselines.segment_by, way) for way in baselines.NUCLEI_OF.values()]
PLASMA, VIOLET = (225, 222, 215), (95, 60, 170)
SCALE = 0.1


def one_nucleus() -> np.ndarray:
    pixels = np.full((300, 400, 3), PLASMA, np.uint8)
    cv2.circle(pixels, (200, 120), 45, VIOLET, cv2.FILLED)
    return cv2.GaussianBlur(pixels, (0, 0), 1.2)


@pytest.mark.parametrize("method", METHODS)
def test_every_baseline_finds_a_nucleus_on_a_clean_field(method: Method) -> None:
    found = method(one_nucleus(), SCALE)
    white = [i for i, kind in enumerate(found.kinds) if kind is not CellKind.PLATELET]
    (index,) = white
    assert found.centres_px[index] == pytest.approx([200, 120], abs=3)


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=15, deadline=None)
@given(st.integers(1, 50), st.integers(1, 50), st.integers(0, 2**32 - 1))
def test_noise_of_any_size_never_raises(
    method: Method, height: int, width: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, (height, width, 3), np.uint8)
    assert method(pixels, SCALE).nucleus_labels.shape == (height, width)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("level", [0, 127, 255])
def test_a_frame_of_one_colour_holds_no_cell(method: Method, level: int) -> None:
    found = method(np.full((120, 160, 3), level, np.uint8), None)
    assert found.indices(CellKind.WBC) == []
