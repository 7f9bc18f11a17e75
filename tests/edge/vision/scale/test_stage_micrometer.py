from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.simulated import camera_on

from leukoscope_edge.capture.stored import decode_image
from leukoscope_edge.errors import ConfigError
from leukoscope_edge.vision.scale.stage_micrometer import (
    Calibration,
    check_red_cells,
    scale_from_lines,
    scale_from_two_points,
)

OWN = Calibration(
    camera="cam",
    objective="100x",
    width_px=640,
    height_px=480,
    um_per_px=0.1,
    source="two points",
)


def lines(spacing_px: float, angle: float, width_px: float = 4) -> np.ndarray:
    """A stage micrometer: every tenth line is longer."""
    y, x = np.mgrid[:480, :640]
    along = x * np.cos(angle) + y * np.sin(angle)
    across = y * np.cos(angle) - x * np.sin(angle)
    number = np.round(along / spacing_px)
    long = np.where(number % 10 == 0, 200, 110)
    is_line = (np.abs(along - number * spacing_px) < width_px / 2) & (
        np.abs(across - across.mean()) < long
    )
    grey = cv2.GaussianBlur(np.where(is_line, 60.0, 210.0), (0, 0), 1)
    return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize("spacing_px", [23.0, 40.0, 55.5])
@pytest.mark.parametrize("angle", [0.0, 0.3, np.pi / 2])
def test_lines_in_any_direction_are_measured(spacing_px: float, angle: float) -> None:
    scale = scale_from_lines(lines(spacing_px, angle), 10.0)
    assert scale == pytest.approx(10 / spacing_px, rel=0.005)


@pytest.mark.parametrize(
    "pixels",
    [
        lambda: np.full((480, 640, 3), 200, np.uint8),
        lambda: np.zeros((1, 1, 3), np.uint8),
        lambda: camera_on("simulated:seed=2,cells=30").render(0),
    ],
    ids=["blank", "1x1", "blood"],
)
def test_no_spacing_is_read_where_no_lines_are(
    pixels: Callable[[], np.ndarray],
) -> None:
    with pytest.raises(ConfigError, match="no even lines"):
        scale_from_lines(pixels(), 10.0)


@given(st.floats(1, 500), st.floats(0, 6.28), st.floats(1, 1000))
def test_two_points_give_their_distance(
    away_px: float, angle: float, distance_um: float
) -> None:
    end = (50 + 1.01 * away_px * np.cos(angle), 50 + 1.01 * away_px * np.sin(angle))
    scale = scale_from_two_points((50, 50), end, distance_um)
    assert scale * 1.01 * away_px == pytest.approx(distance_um)


def test_one_point_is_no_ruler() -> None:
    with pytest.raises(ConfigError, match="far from each other"):
        scale_from_two_points((5, 5), (5, 5), 10)


@pytest.mark.parametrize(
    ("size", "reason"), [((640, 480), None), ((1280, 960), "1280 x 960")]
)
def test_a_calibration_fits_only_what_it_was_made_for(
    size: tuple[int, int], reason: str | None
) -> None:
    why_not = OWN.mismatch(*size)
    assert why_not is None if reason is None else reason in str(why_not)


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.25])
def test_red_cells_alarm_only_where_they_are_far_off(factor: float) -> None:
    camera = camera_on("simulated:seed=3,cells=30")
    pixels = camera.render(0)
    warning = check_red_cells(pixels, camera.scale_um_per_px * factor)
    assert (warning is None) is (factor == 1.0)


def test_red_cells_that_touch_warn_of_half_and_double_the_scale(
    real_data: Path,
) -> None:
    """By its cells a pixel of these fields measures about 0.08 um."""
    names = sorted((real_data / "wbc-fields" / "images").iterdir())[:60:2]
    fields = [decode_image(name.read_bytes()) for name in names]
    n_warnings = {
        um_per_px: sum(
            "measure " in (check_red_cells(f, um_per_px) or "") for f in fields
        )
        for um_per_px in (0.04, 0.08, 0.16)
    }
    assert n_warnings[0.04] >= 28
    assert n_warnings[0.08] <= 2
    assert n_warnings[0.16] >= 28


def test_a_blank_field_says_that_nothing_could_be_measured() -> None:
    warning = check_red_cells(np.full((200, 200, 3), 200, np.uint8), 0.1)
    assert "could not be measured" in str(warning)
