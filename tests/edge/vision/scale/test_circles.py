"""Round outlines of any size, however the light falls."""

import cv2
import numpy as np
import pytest

from leukoscope_edge.arrays import U8
from leukoscope_edge.vision.scale.circles import find_circles


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


def test_a_picture_may_be_larger_than_the_view_that_is_searched() -> None:
    (circle,) = find_circles(drawn(960, [(500, 400, 90)]))
    assert (circle.x_px, circle.y_px) == pytest.approx((500, 400), abs=9)
    assert circle.diameter_px == pytest.approx(180, rel=0.1)


def test_the_surest_come_first_and_none_lies_in_another() -> None:
    picture = drawn(320, [(80, 80, 30), (230, 200, 30)])
    picture[200:, 230:] = 225  # a quarter of the second is gone
    first, second = find_circles(picture)
    assert (first.x_px, first.y_px) == pytest.approx((80, 80), abs=3)
    assert first.cover > second.cover


def test_bright_discs_on_a_dark_ground_are_none() -> None:
    assert find_circles(255 - drawn(320, [(160, 150, 30)])) == []
