"""The newest shot passes from the thread that reads to the one that answers."""

import json

import numpy as np
import pytest

from leukoscope_edge.camera_settings import (
    CsiSettings,
    PicameraSettings,
    V4l2Settings,
    settings_of,
)
from leukoscope_edge.capture.driver import Shot
from leukoscope_edge.capture.driver_process import Newest, command, open_driver
from leukoscope_edge.errors import SourceError


def shot(level: int) -> Shot:
    return Shot(pixels=np.full((2, 2, 3), level, np.uint8), time_s=float(level))


def test_nothing_is_there_before_the_first_shot() -> None:
    assert Newest().take(timeout_s=0) is None


def test_the_newest_shot_is_taken_once() -> None:
    newest, last = Newest(), shot(2)
    newest.put(shot(1))
    newest.put(last)
    assert newest.take(timeout_s=0) is last
    assert newest.take(timeout_s=0) is None


def test_a_shot_from_before_the_failure_is_handed_out_first() -> None:
    newest, last = Newest(), shot(1)
    newest.put(last)
    newest.fail("it was unplugged")
    assert newest.take(timeout_s=0) is last
    assert newest.take(timeout_s=0) == "it was unplugged"
    assert newest.take(timeout_s=0) == "it was unplugged"  # for as long as one asks


@pytest.mark.parametrize(
    "settings",
    [
        PicameraSettings(device="0", exposure_us=8000, red_gain=1.9, blue_gain=1.4),
        V4l2Settings(device="/dev/v4l/by-id/usb-a-video-index0"),
        CsiSettings(device="1"),
    ],
)
def test_the_process_reads_the_settings_that_its_command_names(
    settings: PicameraSettings | V4l2Settings | CsiSettings,
) -> None:
    *program, text = command(settings)
    assert any("driver_process" in word for word in program)
    assert settings_of(json.loads(text)) == settings


def test_the_driver_is_the_module_of_the_settings_kind() -> None:
    gone = V4l2Settings(device="/dev/v4l/by-id/usb-gone-video-index0")
    with pytest.raises(SourceError, match="usb-gone-video-index0 is not plugged in"):
        open_driver(gone)
