"""What a cheap microscope does to a field, seen on drawn edges and flat ground."""

from typing import Any

import numpy as np
import pytest

from leukoscope_edge.arrays import F32, U8
from leukoscope_train.data import optics
from leukoscope_train.data.optics import degrade

SEEDS = range(5)


def dots() -> U8:
    """Dark squares of 8 px on a bright field, (64, 96, 3) uint8."""
    pixels = np.full((64, 96, 3), 225, np.uint8)
    for y in range(8, 64, 24):
        for x in range(8, 96, 24):
            pixels[y : y + 8, x : x + 8] = (90, 50, 120)
    return pixels


def shown(pixels: U8, seed: int, scale_um_per_px: float = 0.1) -> U8:
    return degrade(pixels, scale_um_per_px, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_field_keeps_its_size_and_is_not_written_to(seed: int) -> None:
    pixels = dots()
    found = shown(pixels, seed)
    assert (found.shape, found.dtype) == (pixels.shape, np.uint8)
    assert np.array_equal(pixels, dots())


def test_the_same_chance_shows_the_same_field_and_another_another() -> None:
    assert np.array_equal(shown(dots(), 1), shown(dots(), 1))
    assert not np.array_equal(shown(dots(), 1), shown(dots(), 2))


@pytest.mark.parametrize("seed", SEEDS)
def test_contrast_is_never_gained(seed: int) -> None:
    def contrast(pixels: U8) -> float:
        return float(np.ptp(np.percentile(pixels[..., 1], [2, 98])))

    assert contrast(shown(dots(), seed)) < contrast(dots())


def test_defocus_spreads_a_point_and_keeps_its_light() -> None:
    level = np.zeros((41, 41, 3), np.float32)
    level[20, 20] = 1000.0
    sharp, soft = (optics._defocused(level, radius_px) for radius_px in (0.5, 5.0))
    assert soft.max() < sharp.max() / 5
    assert soft.sum() == pytest.approx(level.sum(), rel=1e-3)
    assert soft[20, 20 + 8].max() < 0.03 * soft.max()  # beyond the disc


def test_red_and_blue_move_apart_and_green_stays() -> None:
    level = np.zeros((21, 21, 3), np.float32)
    level[10, 10] = 100.0
    moved = optics._shifted(level, 4.0, np.random.default_rng(1))
    y, x = np.mgrid[:21, :21]
    red, green, blue = (
        np.array([(y * m).sum(), (x * m).sum()]) / m.sum()
        for m in (moved[..., c] for c in range(3))
    )
    assert green == pytest.approx([10, 10], abs=1e-3)
    assert (red + blue) / 2 == pytest.approx(green, abs=0.1)
    assert 0.5 < np.hypot(*(red - green)) <= 4.0


@pytest.mark.parametrize("seed", SEEDS)
def test_light_turns_its_colour_across_the_field(seed: int) -> None:
    light = optics._two_colours((30, 50, 3), np.random.default_rng(seed))
    assert light.shape == (30, 50, 3)
    assert np.ptp(light / light[:, :, 1:2]) > 0.01


class Told:
    """Chance that draws what it is told, as `Generator.uniform` would."""

    def __init__(self, *draws: object) -> None:
        self._draws = iter(draws)

    def uniform(self, *_: object) -> Any:
        return next(self._draws)


@pytest.mark.parametrize(
    ("ends", "least", "most"),
    [
        (([0.35] * 3, [0.0] * 3), 0.614, 0.861),  # darkest corner
        (([0.0] * 3, [0.35] * 3), 0.789, 1.036),  # brightest corner
    ],
)
def test_only_the_corners_of_a_diagonal_turn_pass_the_tint(
    ends: tuple[list[float], list[float]], least: float, most: float
) -> None:
    def light(angle: float) -> F32:
        return optics._two_colours((30, 30, 3), Told(angle, np.array(ends), 0.5))

    along, across = light(0.0), light(np.pi / 4)
    assert along.min() >= 1 - optics.MAX_TINT - 1e-6
    assert along.max() <= 1 + 1e-6
    assert (across.min(), across.max()) == pytest.approx((least, most), abs=1e-3)
    middle = across[:, 8:22][8:22]
    assert middle.min() >= 1 - optics.MAX_TINT
    assert middle.max() <= 1


@pytest.mark.parametrize("seed", SEEDS)
def test_stray_light_lifts_the_dark_and_leaves_the_brightest(seed: int) -> None:
    level = dots().astype(np.float32)
    flat = optics._flattened(level, np.random.default_rng(seed))
    assert flat[0, 0] == pytest.approx(level[0, 0], abs=1e-3)
    kept = (225 - flat[10, 10]) / (225 - level[10, 10])
    assert (kept >= optics.LEAST_CONTRAST).all()
    assert (kept < 1).all()
