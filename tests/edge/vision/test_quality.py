from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tests.simulated import camera_on

from leukoscope_edge.capture.stored import decode_image
from leukoscope_edge.vision.quality import Measure, assess


@pytest.fixture(scope="module")
def field() -> np.ndarray:
    return camera_on("simulated:seed=2,cells=30").render(40)


def failed(pixels: np.ndarray) -> str:
    """The name of the gravest measure that is out of its band."""
    return next((m.name for m in assess(pixels).measures if not m.is_good), "")


def bad_measures(pixels: np.ndarray) -> list[str]:
    return [m.name for m in assess(pixels).measures if not m.is_good]


def test_a_good_field_passes(field: np.ndarray) -> None:
    assert assess(field).instruction is None


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        ("focus", lambda p: cv2.GaussianBlur(p, (0, 0), 9)),
        ("smear_ratio", lambda p: smeared(p)),
        ("plasma_level", lambda p: (p * 0.2).astype(np.uint8)),
        ("contrast_levels", lambda p: np.full_like(p, 180)),
        ("plasma_colour_ratio", lambda p: (p * [1, 1, 0.2]).astype(np.uint8)),
        ("stain_levels", lambda p: (225 + 0.22 * (p - 225.0)).astype(np.uint8)),
        ("side_px", lambda p: np.ascontiguousarray(p[:20, :20])),
    ],
)
def test_each_fault_is_named_first(name: str, harm, field: np.ndarray) -> None:
    assert failed(harm(field)) == name


def with_scale_bar(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape[:2]
    drawn, y, x = pixels.copy(), int(0.95 * height), int(0.78 * width)
    drawn[y : y + height // 80, x : int(0.97 * width)] = 0
    return drawn


def smeared(pixels: np.ndarray) -> np.ndarray:
    return cv2.blur(pixels, (41, 1))


def test_a_scale_bar_is_no_smear_and_hides_none(field: np.ndarray) -> None:
    """Its few steps are far steeper than those of cells, and of one direction."""
    assert failed(with_scale_bar(field)) != "smear_ratio"
    assert failed(with_scale_bar(smeared(field))) == "smear_ratio"


def test_noise_is_no_smear(field: np.ndarray) -> None:
    """Its steps are as steep aslant, over a longer way."""
    noise = np.random.default_rng(1).normal(0, 60, field.shape)
    noisy = np.clip(field + noise, 0, 255).astype(np.uint8)
    assert failed(noisy) != "smear_ratio"


@pytest.mark.parametrize(
    ("green", "in_blood", "in_marrow"),
    [(0.5, True, True), (0.37, False, True), (0.25, False, False)],
)
def test_less_plain_plasma_is_enough_in_marrow(
    green: float, in_blood: bool, in_marrow: bool, field: np.ndarray
) -> None:
    pixels = (field * [1, green, 1]).astype(np.uint8)
    passes = [assess(pixels, in_marrow=m).instruction is None for m in (False, True)]
    assert passes == [in_blood, in_marrow]


def test_values_that_are_no_numbers_are_refused(field: np.ndarray) -> None:
    pixels = field.astype(np.float32)
    pixels[0, 0, 0] = np.nan
    assert failed(pixels) == "finite_fraction"


@pytest.mark.parametrize(
    ("value", "is_good"), [(0.9, False), (1.0, True), (2.0, True), (2.1, False)]
)
def test_a_band_includes_its_ends(value: float, is_good: bool) -> None:
    measure = Measure(name="x", value=value, low=1.0, high=2.0, instruction="do")
    assert measure.is_good is is_good


@settings(max_examples=30, deadline=None)
@given(
    hnp.arrays(
        st.sampled_from([np.uint8, np.float32]),
        st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3)),
    )
)
def test_no_picture_makes_the_gate_fail(pixels: np.ndarray) -> None:
    with np.errstate(all="ignore"):
        report = assess(pixels)
    assert len({m.name for m in report.measures}) == len(report.measures)


@pytest.mark.real
def test_no_ordinary_field_is_refused(real_data: Path) -> None:
    paths = sorted((real_data / "wbc-fields" / "images").iterdir())[::12]
    refused = [
        p.name for p in paths if assess(decode_image(p.read_bytes())).instruction
    ]
    assert refused == []


def test_a_pale_nucleus_under_light_of_two_colours_is_judged() -> None:
    across = np.linspace(0, 1, 320)[None, :, None]
    light = (1 - across) * np.array([1, 0.72, 0.82]) + across * np.array([0.62, 0.9, 1])
    field = np.full((240, 320, 3), 215.0)
    for x, y in ((60, 60), (200, 150), (270, 60)):
        cv2.circle(field, (x, y), 22, (205, 195, 200), cv2.FILLED)
    bare = np.clip(field * light, 0, 255).astype(np.uint8)
    cv2.circle(field, (130, 110), 24, (165, 145, 205), cv2.FILLED)
    stained = np.clip(field * light, 0, 255).astype(np.uint8)
    assert "stain_levels" in bad_measures(bare)
    assert "stain_levels" not in bad_measures(stained)
