"""Pictures that a program squashed are told by all their red cells together."""

import math

import cv2
import numpy as np
import pytest
from tests.simulated import first_frames

from leukoscope_edge.arrays import U8
from leukoscope_edge.vision.scale import measure_sizes, stretch_of
from leukoscope_edge.vision.scale.pixel_shape import (
    MAX_STRETCH,
    MIN_CELLS,
    stretches_of,
)

FIELDS = [frame.pixels for frame in first_frames(10)]
NO_NUCLEI = np.zeros((240, 320), np.bool_)


def resized(pixels: U8, across: float, down: float) -> U8:
    """As a program makes it that does not keep a picture's shape."""
    height, width = pixels.shape[:2]
    size = (round(width * across), round(height * down))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


@pytest.mark.parametrize(
    ("across", "down", "told"),
    [(1.0, 1.0, None), (0.5, 0.5, None), (0.75, 1.0, 0.75), (1.0, 0.75, 1.33)],
)
def test_squashed_fields_are_told_and_which_way(
    across: float, down: float, told: float | None
) -> None:
    sizes = [measure_sizes(resized(f, across, down)) for f in FIELDS]
    found = stretch_of([s for one in sizes for s in one.stretches])
    assert found == (told and pytest.approx(told, abs=0.06))


@pytest.mark.parametrize(
    ("stretches", "told"),
    [
        ([], None),
        ([math.log(1.4)] * (MIN_CELLS - 1), None),
        ([math.log(1.4)] * MIN_CELLS, 1.4),
        ([-math.log(1.4)] * MIN_CELLS, 1 / 1.4),
        ([math.log(MAX_STRETCH - 0.01)] * MIN_CELLS, None),
        ([math.log(MAX_STRETCH + 0.01)] * MIN_CELLS, MAX_STRETCH + 0.01),
        ([math.log(1.5), math.log(0.9)] * MIN_CELLS, None),  # too unlike to be sure
    ],
)
def test_only_what_is_common_and_sure_is_told(
    stretches: list[float], told: float | None
) -> None:
    assert stretch_of(stretches) == (told and pytest.approx(told))


@pytest.mark.parametrize(
    ("axes_px", "angle", "found"),
    [
        ((30, 30), 0, [0.0]),
        ((30, 24), 0, [math.log(30 / 24)]),
        ((30, 24), 90, [math.log(24 / 30)]),
        ((30, 24), 45, [0.0]),
        ((36, 18), 0, []),  # two cells, or a sickle
        ((3, 3), 0, []),
    ],
)
def test_an_ellipse_has_its_width_over_its_height(
    axes_px: tuple[int, int], angle: int, found: list[float]
) -> None:
    drawn = np.zeros(NO_NUCLEI.shape, np.uint8)
    cv2.ellipse(drawn, (160, 120), axes_px, angle, 0, 360, 1, cv2.FILLED)
    assert stretches_of(drawn > 0, NO_NUCLEI) == pytest.approx(found, abs=0.03)


@pytest.mark.parametrize("middle", [(10, 120), (160, 5)])
def test_what_the_edge_cuts_has_no_shape(middle: tuple[int, int]) -> None:
    drawn = np.zeros(NO_NUCLEI.shape, np.uint8)
    cv2.circle(drawn, middle, 30, 1, cv2.FILLED)
    assert stretches_of(drawn > 0, NO_NUCLEI) == ()
