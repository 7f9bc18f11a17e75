"""The scale of a source, as its cells bear witness."""

import math

import cv2
import numpy as np
import pytest
from tests.simulated import camera_on

from leukoscope_edge.vision.scale.scale_estimate import (
    FrameSizes,
    SourceScale,
    estimate_source_scale,
    measure_sizes,
)

TRUE_UM_PER_PX = 0.1
"""Of the simulated slide."""


def sizes(
    red: tuple[float, ...] = (),
    nuclei: tuple[float, ...] = (),
    body: float | None = None,
) -> FrameSizes:
    return FrameSizes(red_px=red, nuclei_px=nuclei, body_um_per_px=body)


@pytest.mark.parametrize(
    ("frames", "um_per_px", "why_not"),
    [
        ([], None, "nothing"),
        ([sizes()], None, "nothing"),
        ([sizes(red=(75,) * 3)], None, "nothing"),
        ([sizes(red=(75,) * 4)], 0.1, ""),
        ([sizes(red=(75,) * 4), *[sizes()] * 20], None, "nothing"),
        ([sizes(nuclei=(113,) * 3)], 0.1, ""),
        ([sizes(red=(75,) * 9, nuclei=(110, 113, 115))], 0.1, ""),
        ([sizes(red=(75,) * 9, nuclei=(40,) * 3)], None, "contradicts"),
        ([sizes(red=(4,) * 9)], None, "nothing"),
        ([sizes(red=(600,) * 9)], None, "nothing"),
        ([sizes(red=(4,) * 9, nuclei=(113,) * 3)], 0.1, ""),
        ([sizes(body=0.1)] * 2, None, "nothing"),
        ([sizes(body=0.1)] * 3, 0.1, ""),
    ],
)
def test_says_the_scale_or_why_not(
    frames: list[FrameSizes], um_per_px: float | None, why_not: str
) -> None:
    scale = estimate_source_scale(frames)
    assert why_not in scale.why_not
    if um_per_px is None:
        assert scale.um_per_px is None
    else:
        assert scale.um_per_px == pytest.approx(um_per_px, rel=0.03)
        assert scale.low < um_per_px < scale.high


def test_red_cells_are_surer_than_nuclei() -> None:
    red = estimate_source_scale([sizes(red=(75,) * 9)])
    nuclei = estimate_source_scale([sizes(nuclei=(113,) * 9)])
    assert math.log(red.high / red.low) < math.log(nuclei.high / nuclei.low) / 2


@pytest.mark.parametrize(
    ("given", "ratio"),
    [(0.1, None), (0.113, None), (0.088, None), (0.125, 1.25), (0.05, 0.5), (1.2, 12)],
)
def test_contradicts_a_scale_that_is_given(given: float, ratio: float | None) -> None:
    scale = SourceScale(um_per_px=0.1, low=0.09, high=0.11, witnesses=())
    found = scale.contradicts(given)
    assert found == (ratio if ratio is None else pytest.approx(ratio))


def test_contradicts_nothing_where_it_is_not_known() -> None:
    assert estimate_source_scale([]).contradicts(0.5) is None


@pytest.mark.parametrize("size", [0.5, 1.0, 2.0, 3.0])
def test_the_simulated_slide_is_measured_at_any_size(size: float) -> None:
    camera = camera_on("simulated:cells=20")
    frames = [
        measure_sizes(
            np.asarray(cv2.resize(camera.render(n), None, fx=size, fy=size), np.uint8)
        )
        for n in range(0, 12, 2)
    ]
    scale = estimate_source_scale(frames)
    assert scale.um_per_px == pytest.approx(TRUE_UM_PER_PX / size, rel=0.15)
    assert scale.low < TRUE_UM_PER_PX / size < scale.high
