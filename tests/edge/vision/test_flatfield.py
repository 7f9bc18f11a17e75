from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulated import camera_on

from leukoscope_edge.errors import ConfigError
from leukoscope_edge.vision.flatfield import (
    estimate_flat_field,
    even_out,
    record_flat_field,
)


def light(loss: float, channel_loss: float = 0.0) -> np.ndarray:
    """Light that falls to 1 - loss in the corners; blue falls further."""
    y, x = np.mgrid[-1:1:480j, -1:1:640j]
    radius2 = ((x**2 + y**2) / 2)[..., None]
    return 1 - radius2 * (loss + np.array([0, 0, channel_loss]))


def blank(loss: float) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 2, (480, 640, 3))
    return np.clip(200 * light(loss) + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("loss", [0.0, 0.3, 0.6])
def test_a_recorded_flat_field_makes_its_own_blank_even(loss: float) -> None:
    pixels = blank(loss)
    even = even_out(pixels, record_flat_field(pixels)).astype(float)
    middle, corner = even[220:260, 300:340].mean(), even[20:60, 20:60].mean()
    assert corner == pytest.approx(middle, rel=0.06)


@pytest.mark.parametrize(
    ("pixels", "reason"),
    [
        (lambda: np.zeros((480, 640, 3), np.uint8), "dark"),
        (lambda: np.full((480, 640, 3), 255, np.uint8), "clipped"),
        (lambda: camera_on("simulated:seed=2,cells=30").render(0), "texture"),
    ],
)
def test_what_is_no_blank_area_is_refused(
    pixels: Callable[[], np.ndarray], reason: str
) -> None:
    with pytest.raises(ConfigError, match=reason):
        record_flat_field(pixels())


def test_even_light_is_left_alone() -> None:
    field = camera_on("simulated:seed=2,cells=30").render(40)
    assert estimate_flat_field(field) is None
    assert even_out(field, None) is field


def test_uneven_coloured_light_is_estimated_from_the_plasma() -> None:
    field = camera_on("simulated:seed=2,cells=30").render(40)
    shaded = (field * light(0.4, 0.2)).astype(np.uint8)
    flat = estimate_flat_field(shaded)
    assert flat is not None
    corner = flat.light[0, 0]
    assert corner[0] == pytest.approx(0.6, abs=0.12)
    assert corner[2] < corner[0] - 0.05


def test_the_vignette_of_an_ordinary_lens_is_taken_out() -> None:
    field = camera_on("simulated:seed=2,cells=30").render(40)
    y, x = np.mgrid[-1 : 1 : field.shape[0] * 1j, -1 : 1 : field.shape[1] * 1j]
    dimmed = (field * (1 - 0.08 * (x**2 + y**2))[..., None]).astype(np.uint8)
    flat = estimate_flat_field(dimmed)
    assert flat is not None
    assert flat.light[0, 0] == pytest.approx(np.full(3, 0.84), abs=0.05)


def test_a_cell_that_covers_much_of_its_picture_is_no_faint_vignette() -> None:
    y, x = np.mgrid[-1:1:120j, -1:1:120j]
    level = np.where(x**2 + y**2 < 0.75**2, 150.0, 240.0 - 20 * (x**2 + y**2))
    tile = np.repeat(level[..., None], 3, axis=2).astype(np.uint8)
    assert estimate_flat_field(tile) is None


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 255))
def test_no_size_or_level_makes_the_estimate_fail(
    height: int, width: int, level: int
) -> None:
    pixels = np.full((height, width, 3), level, np.uint8)
    assert even_out(pixels, estimate_flat_field(pixels)).shape == pixels.shape
