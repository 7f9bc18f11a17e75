"""The scale of a source, as its cells bear witness."""

import math

import cv2
import numpy as np
import pytest

from leukoscope_edge.capture.simulated import parse_simulated
from leukoscope_edge.types import U8
from leukoscope_edge.vision.scale.circles import find_circles
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


def drawn(side_px: int, discs: list[tuple[int, int, int]]) -> U8:
    picture = np.full((side_px, side_px, 3), 225, np.uint8)
    for x, y, radius in discs:
        cv2.circle(picture, (x, y), radius, (200, 150, 160), cv2.FILLED, cv2.LINE_AA)
    return picture


def test_an_empty_picture_has_no_circle() -> None:
    assert find_circles(drawn(320, [])) == []


@pytest.mark.parametrize("radius", [10, 20, 45])
def test_a_disc_is_measured(radius: int) -> None:
    (circle,) = find_circles(drawn(320, [(160, 150, radius)]))
    assert circle.diameter_px == pytest.approx(2 * radius, rel=0.1)
    assert (circle.x_px, circle.y_px) == pytest.approx((160, 150), abs=3)
    assert circle.density[1] > circle.density[0] > 0.05


def test_discs_that_touch_are_measured_under_a_light_from_pink_to_blue() -> None:
    discs = [
        (80 + 40 * column, 80 + 40 * row, 20) for column in range(4) for row in (0, 1)
    ]
    across = np.linspace(0, 1, 320)[None, :, None]
    light = (1 - across) * np.array([1, 0.75, 0.85]) + across * np.array([0.7, 0.9, 1])
    picture = (drawn(320, discs) * light).astype(np.uint8)
    found = [c.diameter_px for c in find_circles(picture)]
    assert len(found) >= 5
    assert np.median(found) == pytest.approx(40, rel=0.15)


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
    camera = parse_simulated("simulated:cells=20")
    frames = [
        measure_sizes(
            np.asarray(cv2.resize(camera.render(n), None, fx=size, fy=size), np.uint8)
        )
        for n in range(0, 12, 2)
    ]
    scale = estimate_source_scale(frames)
    assert scale.um_per_px == pytest.approx(TRUE_UM_PER_PX / size, rel=0.15)
    assert scale.low < TRUE_UM_PER_PX / size < scale.high
