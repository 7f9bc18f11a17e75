import time
from dataclasses import replace

import numpy as np
import pytest

from leukoscope_edge.camera_settings import CsiSettings
from leukoscope_edge.capture.driver import Shot, awake_s
from leukoscope_edge.capture.frame_check import FrameCheck, is_black, is_torn
from leukoscope_edge.i18n import language_codes, languages
from leukoscope_edge.messages import message

SETTINGS = CsiSettings(device="0", width_px=64, height_px=64, exposure_us=1000)


def noise(low: int = 100, high: int = 120, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.integers(low, high, (64, 64, 3), np.uint8)


def flat_rows(n: int) -> np.ndarray:
    pixels = noise()
    pixels[:n] = (0, 135, 0)
    return pixels


@pytest.mark.parametrize(("level", "expected"), [(0, True), (7, True), (8, False)])
def test_black_is_what_a_dark_sensor_shows(level: int, expected: bool) -> None:
    assert is_black(np.full((64, 64, 3), level, np.uint8)) is expected


@pytest.mark.parametrize(
    ("n_rows", "expected"), [(0, False), (4, False), (5, True), (64, True)]
)
def test_torn_is_more_than_a_sixteenth_of_the_rows(n_rows: int, expected: bool) -> None:
    assert is_torn(flat_rows(n_rows)) is expected


@pytest.mark.parametrize(
    ("colour", "expected"),
    [((255, 0, 0), True), ((0, 255, 255), True), ((255,) * 3, False)],
)
def test_rows_of_a_colour_that_is_clipped_in_part_are_torn_and_white_ones_not(
    colour: tuple[int, ...], expected: bool
) -> None:
    pixels = noise()
    pixels[:9] = colour
    assert is_torn(pixels) is expected


def test_a_few_lit_cells_in_a_dark_field_are_not_black() -> None:
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[:8] = 60
    assert not is_black(pixels)


@pytest.mark.parametrize(
    ("age_s", "is_late"),
    [
        (0.0, False),
        (1.0, False),
        (1.1, True),
        (-0.05, False),
        (-0.2, True),
        (-3600.0, True),
        (float("nan"), True),
        (float("inf"), True),
    ],
)
def test_a_picture_may_be_a_second_old_and_of_no_other_time(
    age_s: float, is_late: bool
) -> None:
    bad = FrameCheck(SETTINGS).check(Shot(pixels=noise(), time_s=0.0), age_s)
    assert (bad is not None) is is_late


@pytest.mark.parametrize(
    ("exposure_us", "is_bad"),
    [(None, False), (1000, False), (1050, False), (1051, True), (949, True)],
)
def test_the_exposure_must_be_the_locked_one(
    exposure_us: float | None, is_bad: bool
) -> None:
    shot = Shot(pixels=noise(), time_s=0.0, exposure_us=exposure_us)
    assert (FrameCheck(SETTINGS).check(shot, 0.0) is not None) is is_bad


def test_the_same_picture_twice_is_frozen_and_another_is_not() -> None:
    gate = FrameCheck(SETTINGS)
    seeds = [0, 0, 1, 0]
    shots = [Shot(pixels=noise(seed=s), time_s=0.0) for s in seeds]
    bad = [gate.check(s, 0.0) for s in shots]
    assert [b is not None for b in bad] == [False, True, False, True]


@pytest.mark.parametrize("n", [2, 3, 4])
def test_pictures_that_come_round_again_are_frozen(n: int) -> None:
    gate = FrameCheck(SETTINGS)
    bad = [
        gate.check(Shot(pixels=noise(seed=i % n), time_s=0.0), 0.0)
        for i in range(3 * n)
    ]
    assert [b is not None for b in bad] == [False] * n + [True] * 2 * n


def test_a_picture_that_changes_in_one_corner_alone_is_frozen() -> None:
    settings = replace(SETTINGS, width_px=640, height_px=480)
    random = np.random.default_rng(0)
    gate = FrameCheck(settings)
    still = random.integers(100, 120, (480, 640, 3), np.uint8)
    for i in range(4):
        pixels = still.copy()
        pixels[:8, :8] = i  # a driver's counter
        bad = gate.check(Shot(pixels=pixels, time_s=0.0), 0.0)
        assert (bad is not None) is (i > 0)


def test_a_resting_slide_under_a_lamp_that_clips_is_not_frozen() -> None:
    """Most of a bright field is white, and the cells alone have noise."""
    settings = replace(SETTINGS, width_px=640, height_px=480)
    gate = FrameCheck(settings)
    for seed in range(4):
        pixels = np.full((480, 640, 3), 255, np.uint8)
        random = np.random.default_rng(seed)
        pixels[100:160, 100:160] = 150 + random.integers(0, 4, (60, 60, 3))
        assert gate.check(Shot(pixels=pixels, time_s=0.0), 0.0) is None


@pytest.mark.parametrize(("asleep_s", "expected_s"), [(0.0, 100.0), (60.0, 40.0)])
def test_time_asleep_is_no_time_of_a_picture(
    asleep_s: float, expected_s: float
) -> None:
    assert awake_s(100.0, asleep_s) == expected_s
    assert awake_s(time.clock_gettime(time.CLOCK_BOOTTIME)) == pytest.approx(
        time.monotonic(), abs=5.0
    )


def test_a_picture_of_other_numbers_is_of_the_wrong_form() -> None:
    shot = Shot(pixels=noise().astype(np.uint16), time_s=0.0)
    bad = FrameCheck(SETTINGS).check(shot, 0.0)
    assert bad is not None
    assert bad.reason.id == "picture-form"


def test_one_clipped_pixel_lets_no_frozen_picture_through() -> None:
    gate, pixels = FrameCheck(SETTINGS), noise()
    pixels[0, 0] = 255
    bad = [gate.check(Shot(pixels=pixels, time_s=0.0), 0.0) for _ in range(2)]
    assert [b and b.reason.id for b in bad] == [None, "picture-frozen"]


def test_the_very_same_picture_is_frozen_however_bright_it_is() -> None:
    gate, pixels = FrameCheck(SETTINGS), np.full((64, 64, 3), 255, np.uint8)
    pixels[5, 5] = 254
    bad = [gate.check(Shot(pixels=pixels, time_s=0.0), 0.0) for _ in range(2)]
    assert [b and b.reason.id for b in bad] == [None, "picture-frozen"]


def test_a_picture_that_came_too_late_is_no_new_one_later() -> None:
    gate, pixels = FrameCheck(SETTINGS), noise()
    bad = [gate.check(Shot(pixels=pixels, time_s=t), 5.0) for t in (0.0, 5.0)]
    assert [b and b.reason.id for b in bad] == ["picture-old", "picture-frozen"]


def test_a_covered_camera_is_not_blamed_on_its_driver() -> None:
    bad = FrameCheck(SETTINGS).check(Shot(pixels=noise(0, 4), time_s=0.0), 0.0)
    assert bad is not None
    assert not bad.blames_driver


def test_a_picture_that_is_all_clipped_is_too_bright_and_not_frozen() -> None:
    gate = FrameCheck(SETTINGS)
    white = np.full((SETTINGS.height_px, SETTINGS.width_px, 3), 255, np.uint8)
    for now_s in (0.0, 0.1):
        shot = Shot(pixels=white, time_s=now_s, exposure_us=None)
        assert gate.check(shot, now_s) is None


def test_a_picture_that_is_nearly_all_clipped_is_too_bright_and_not_torn() -> None:
    gate = FrameCheck(SETTINGS)
    for now_s in (0.0, 0.1):
        pixels = np.full((SETTINGS.height_px, SETTINGS.width_px, 3), 255, np.uint8)
        pixels[int(10 * now_s), 5] = 254
        shot = Shot(pixels=pixels, time_s=now_s, exposure_us=None)
        assert gate.check(shot, now_s) is None


@pytest.mark.parametrize("code", language_codes()[1:])
def test_the_wrong_form_of_a_picture_is_read_in_every_language(code: str) -> None:
    shot = Shot(pixels=np.zeros((2, 3), np.uint8), time_s=0.0)
    bad = FrameCheck(SETTINGS).check(shot, 0.0)
    assert bad is not None
    told = message("picture", why=bad.reason)
    for said in (told.said(languages()[code]), languages()[code](told.said())):
        assert "2 x 3 uint8" in said
        assert "expected" not in said
