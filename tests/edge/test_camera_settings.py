"""Each kind of camera has its own locks, and no others."""

from dataclasses import asdict, replace
from typing import Any

import pytest

from leukoscope_edge.camera_settings import (
    KINDS,
    CameraSettings,
    CsiSettings,
    PicameraSettings,
    V4l2Settings,
    settings_of,
)
from leukoscope_edge.config import parse_toml
from leukoscope_edge.errors import ConfigError

PI = PicameraSettings(device="0", exposure_us=8000, red_gain=1.9, blue_gain=1.4)
USB = V4l2Settings(device="/dev/video9", exposure_us=8000, white_balance_k=5000)
CSI = CsiSettings(device="1", exposure_us=8000)
ALL = (PI, USB, CSI)


@pytest.mark.parametrize("settings", ALL, ids=KINDS)
@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"width_px": 66}, "width_px"),
        ({"height_px": 0}, "height_px"),
        ({"frames_per_s": 0}, "frames_per_s"),
        ({"exposure_us": 0}, "exposure_us"),
        ({"gain": 0.5}, "gain"),
        ({"device": "left"}, "device"),
    ],
)
def test_impossible_settings_are_refused_by_name(
    settings: CameraSettings, changes: dict[str, Any], word: str
) -> None:
    with pytest.raises(ValueError, match=word):
        replace(settings, **changes)


@pytest.mark.parametrize(
    ("settings", "changes", "word"),
    [
        (PI, {"red_gain": None}, "blue_gain"),
        (PI, {"blue_gain": 99.0}, "blue_gain"),
        (PI, {"device": "/dev/video9"}, "port number"),
        (USB, {"white_balance_k": 100}, "white_balance_k"),
        (USB, {"device": "0"}, "path in /dev"),
        (CSI, {"device": "/dev/video9"}, "port number"),
    ],
)
def test_each_kind_refuses_what_it_cannot_have(
    settings: CameraSettings, changes: dict[str, Any], word: str
) -> None:
    with pytest.raises(ValueError, match=word):
        replace(settings, **changes)


@pytest.mark.parametrize("settings", ALL, ids=KINDS)
def test_a_camera_is_locked_once_light_and_colour_are(settings: CameraSettings) -> None:
    automatic = replace(settings, exposure_us=None)
    assert settings.is_locked
    assert not automatic.is_locked
    assert automatic.with_locks().is_locked
    assert settings.with_locks() == settings


@pytest.mark.parametrize(
    "loose",
    [replace(PI, red_gain=None, blue_gain=None), replace(USB, white_balance_k=None)],
)
def test_a_colour_that_follows_the_picture_is_no_lock(loose: CameraSettings) -> None:
    assert not loose.is_locked
    assert loose.with_locks().is_locked


@pytest.mark.parametrize("settings", ALL, ids=KINDS)
def test_settings_go_to_the_camera_s_process_and_come_back(
    settings: CameraSettings,
) -> None:
    assert settings_of(asdict(settings)) == settings


def read(text: str) -> CameraSettings:
    return parse_toml(text.encode(), tuple(KINDS.values()), where="camera.toml")


def test_a_file_names_its_kind() -> None:
    assert read('kind = "csi"\ndevice = "1"\nexposure_us = 8000') == CSI


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "missing key 'kind'"),
        ('kind = "webcam"', "'kind' must be one of 'picamera2', 'v4l2', 'csi'"),
        ("kind = []", "'kind' must be one of"),
        ('kind = "csi"', "missing key 'device'"),
        ('kind = "v4l2"\ndevice = "/dev/video9"\nred_gain = 1.8', "unknown key 'red_"),
        ('kind = "csi"\ndevice = "0"\nwhite_balance_k = 5000', "unknown key 'white_"),
    ],
)
def test_a_lock_that_a_kind_does_not_have_is_refused_by_name(
    text: str, why: str
) -> None:
    with pytest.raises(ConfigError, match=why):
        read(text)
