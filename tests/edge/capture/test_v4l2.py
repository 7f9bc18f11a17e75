"""USB cameras: what is set in which order, and that none is guessed."""

from dataclasses import replace
from pathlib import Path

import cv2
import pytest

from leukoscope_edge.camera_settings import (
    V4l2Settings,
)
from leukoscope_edge.capture.v4l2 import V4l2Driver, find_camera, properties
from leukoscope_edge.errors import SourceError

USB = V4l2Settings(
    device="/dev/v4l/by-id/usb-Maker_Microscope_0001-video-index0",
    exposure_us=12_340,
    white_balance_k=5000,
    lens_position=30.0,
)


def test_v4l2_sets_each_switch_before_its_value() -> None:
    wanted = [(number, value) for _, number, value in properties(USB)]
    assert wanted == [
        (cv2.CAP_PROP_FRAME_WIDTH, 1280),
        (cv2.CAP_PROP_FRAME_HEIGHT, 720),
        (cv2.CAP_PROP_FPS, 15),
        (cv2.CAP_PROP_AUTO_EXPOSURE, 1),
        (cv2.CAP_PROP_EXPOSURE, 123),  # steps of 100 microseconds
        (cv2.CAP_PROP_GAIN, 1.0),
        (cv2.CAP_PROP_AUTO_WB, 0),
        (cv2.CAP_PROP_WB_TEMPERATURE, 5000),
        (cv2.CAP_PROP_AUTOFOCUS, 0),
        (cv2.CAP_PROP_FOCUS, 30.0),
    ]


def test_v4l2_leaves_alone_what_is_not_locked() -> None:
    plain = V4l2Settings(device="/dev/video9")
    assert [name for name, _, _ in properties(plain)] == [
        "width",
        "height",
        "frame rate",
    ]


def test_a_camera_that_is_not_plugged_in_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="0001-video-index0 is not plugged in"):
        V4l2Driver(USB)


def test_a_device_that_is_no_camera_is_refused() -> None:
    with pytest.raises(SourceError, match="/dev/null cannot be opened"):
        V4l2Driver(replace(USB, device="/dev/null"))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "no USB camera"),
        (["usb-A-video-index1"], "no USB camera"),
        (["usb-A-video-index0", "usb-B-video-index0"], "name one of these cameras"),
    ],
)
def test_no_camera_is_guessed(tmp_path: Path, names: list[str], message: str) -> None:
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(SourceError, match=message):
        find_camera(tmp_path)


def test_the_only_camera_is_found(tmp_path: Path) -> None:
    for name in ("usb-A-video-index0", "usb-A-video-index1"):
        (tmp_path / name).touch()
    assert find_camera(tmp_path) == str(tmp_path / "usb-A-video-index0")
