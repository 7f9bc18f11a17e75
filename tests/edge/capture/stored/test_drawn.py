"""What people and programs add to a picture, and what only looks like it."""

import cv2
import numpy as np
import pytest

from leukoscope_edge.arrays import U8
from leukoscope_edge.capture.stored.drawn import drawn_on
from leukoscope_edge.messages import Message

PLASMA, NUCLEUS = (210, 190, 215), (60, 10, 110)


def field(height: int = 600, width: int = 400) -> U8:
    """Plasma with a sensor's noise and a soft dark nucleus off the middle."""
    pixels = np.full((height, width, 3), PLASMA, np.uint8)
    cv2.circle(pixels, (width // 4, height // 3), 40, NUCLEUS, -1)
    soft = cv2.GaussianBlur(pixels, (0, 0), 2)
    noise = np.random.default_rng(0).integers(-2, 3, pixels.shape)
    return np.asarray((soft + noise).clip(0, 255), np.uint8)


def said(pixels: U8) -> str:
    found = drawn_on(pixels)
    return found.id if isinstance(found, Message) else ""


def test_a_picture_as_it_was_taken_has_nothing_added() -> None:
    assert said(field()) == ""
    assert said(field(8, 8)) == ""
    assert said(field(70, 2100)) == ""


@pytest.mark.parametrize(
    ("colour", "is_drawn"),
    [
        ((255, 0, 0), True),
        ((0, 255, 0), True),
        ((255, 0, 255), True),
        ((240, 0, 0), True),
        ((239, 0, 0), False),
        ((250, 40, 110), False),  # eosin
        (NUCLEUS, False),
        ((0, 0, 0), True),
        ((24, 24, 24), True),
        ((25, 24, 24), False),
        ((255, 255, 255), False),
    ],
)
def test_a_line_in_a_pure_colour_or_black_is_drawn(
    colour: tuple[int, int, int], *, is_drawn: bool
) -> None:
    pixels = field()
    pixels[300, 150:249] = colour  # a pixel too few
    assert said(pixels) == ""
    pixels[300, 249] = colour
    assert said(pixels) == ("file-drawn" if is_drawn else "")


def test_a_line_at_the_end_of_a_strip_is_drawn() -> None:
    pixels = field(1400, 900)
    pixels[767, 200:500] = 0
    assert said(pixels) == "file-drawn"


def test_a_scale_bar_or_a_date_may_stand_near_the_edge() -> None:
    for place in (np.s_[560:566, 250:390], np.s_[20:180, 5:12], np.s_[0:90, 300]):
        pixels = field()
        pixels[place] = 0
        assert said(pixels) == ""


def test_black_that_reaches_the_edge_is_where_nothing_was_seen() -> None:
    pixels = field()
    pixels[:, :60] = pixels[540:] = 0  # bars
    pixels[250:260, :300] = 0  # the pointer of an eyepiece
    assert said(pixels) == ""


def test_soft_black_is_dirt_or_pigment() -> None:
    pixels = field()
    cv2.circle(pixels, (200, 300), 60, (0, 0, 0), -1)
    assert said(pixels) == "file-drawn"
    soft = cv2.GaussianBlur(pixels, (0, 0), 4) + (field() - np.array(PLASMA)) % 3
    assert said(np.asarray(soft.clip(0, 255), np.uint8)) == ""


@pytest.mark.parametrize(
    ("colour", "is_framed"),
    [
        ((240, 240, 240), True),
        ((32, 32, 32), True),
        ((0, 120, 215), True),
        ((255, 255, 255), False),  # too much light
        ((10, 10, 10), False),  # a covered part of the sensor
    ],
)
def test_the_frame_of_a_window_has_no_noise(
    colour: tuple[int, int, int], *, is_framed: bool
) -> None:
    pixels = field()
    pixels[:40] = colour
    assert said(pixels) == ("file-framed" if is_framed else "")


def test_a_picture_that_was_drawn_has_no_noise_anywhere() -> None:
    pixels = np.full((200, 200, 3), PLASMA, np.uint8)
    cv2.circle(pixels, (90, 90), 30, NUCLEUS, -1)
    assert said(pixels) == ""


def test_a_picture_of_one_colour_has_no_frame() -> None:
    assert drawn_on(np.full((480, 640, 3), (180, 200, 210), np.uint8)) is None


def test_a_small_square_of_one_colour_is_no_frame() -> None:
    pixels = field(1600, 1600)
    pixels[320:384, 320:384] = (200, 180, 190)
    assert said(pixels) == ""
    pixels[320:480, 320:448] = (200, 180, 190)
    assert said(pixels) == "file-framed"


def test_two_pictures_side_by_side_have_a_seam() -> None:
    paler = np.asarray(field() // 4 * 3, np.uint8)
    assert said(np.hstack([field(), paler])) == "file-joined"
    assert said(np.hstack([field(), field()])) == ""


@pytest.mark.parametrize(
    ("how", "step"),
    [
        (cv2.INTER_NEAREST, 14),
        (cv2.INTER_LINEAR, 30),
        (cv2.INTER_CUBIC, 30),
    ],
)
def test_a_picture_that_was_enlarged_has_no_seam(how: int, step: int) -> None:
    """With the edge of a fold across it, and two rows of a program's own."""
    pixels = field()
    pixels[:, 200:] -= step
    pixels[:, 201:] -= step
    pixels[:, :2] //= 2
    pixels[:2] //= 2
    for turned in (pixels, pixels.swapaxes(0, 1)):
        small = np.ascontiguousarray(turned)
        large = cv2.resize(small, None, fx=2, fy=2, interpolation=how)
        assert said(np.asarray(large, np.uint8)) == ""


def test_two_pictures_that_were_enlarged_first_have_a_seam() -> None:
    large = cv2.resize(field(), None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    both = np.hstack([large, large // 4 * 3]).astype(np.uint8)
    assert said(both) == "file-joined"


def test_light_that_a_camera_clips_early_is_no_frame() -> None:
    light = np.asarray((field() * 1.25).clip(0, 240), np.uint8)
    light[:100] = light.max(axis=(0, 1))
    assert said(light) == ""
    painted = field()
    painted[:100] = 240
    assert said(painted) == "file-framed"


def test_plasma_of_few_levels_is_no_frame() -> None:
    pixels = field()
    pixels[96:160, 192:256] = PLASMA
    pixels[10, 10] = 255
    assert said(pixels) == ""


def test_a_white_page_or_a_soft_join_is_not_seen() -> None:
    page = cv2.copyMakeBorder(
        field(), 60, 60, 60, 60, cv2.BORDER_CONSTANT, value=(255, 255, 255)
    )
    assert said(np.asarray(page, np.uint8)) == ""
    share = np.clip((np.arange(800) - 396) / 8, 0, 1)[None, :, None]
    pair = np.hstack([field(), field()])
    soft = pair * (1 - share) + pair * 0.75 * share
    assert said(soft.astype(np.uint8)) == ""
