"""Light and colour are locked, on every curve and lamp."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from tests.edge.capture.scripted_camera import SETTINGS, scripted

from leukoscope_edge.arrays import U8
from leukoscope_edge.camera_settings import (
    PicameraSettings,
)
from leukoscope_edge.capture import LiveCamera
from leukoscope_edge.capture.exposure import lock_light, settled_picture
from leukoscope_edge.errors import SourceError

FULL_SCALE_US = 12_750
"""Exposure at which a lamp as bright as usual fills the scale."""


@pytest.mark.parametrize("curve", [1 / 2.2, 0.6, 0.8, 0.95, 1.0])
@pytest.mark.parametrize("blue", [0.5, 0.7, 1.0])
def test_every_curve_and_lamp_settles(curve: float, blue: float) -> None:
    """Light over level as a power, the lamp from an eighth to eight times as bright."""
    for lamp in np.geomspace(1 / 8, 8, 60):

        def look(settings: PicameraSettings, lamp: float = float(lamp)) -> U8:
            light = lamp * (settings.exposure_us or 0) / FULL_SCALE_US
            gains = (settings.red_gain or 1.0, 1.0, blue * (settings.blue_gain or 1.0))
            level = 255 * (light * np.array(gains)) ** curve
            return np.full((48, 64, 3), np.clip(level, 0, 255), np.uint8)

        start = dataclasses.replace(SETTINGS, exposure_us=None, frames_per_s=1)
        lock_light(start, look)  # raises where it does not settle


def test_light_and_colour_are_locked_by_a_real_process(tmp_path: Path) -> None:
    def look(settings: PicameraSettings) -> U8:
        with LiveCamera(
            settings, scale_um_per_px=None, command=scripted(tmp_path)
        ) as camera:
            return settled_picture(camera)

    settings = dataclasses.replace(SETTINGS, exposure_us=None)
    locked = lock_light(settings, look)
    # Brightest channel and colour may each be 6 of 210 levels off.
    assert locked.exposure_us == pytest.approx(10_500, rel=0.07)
    assert locked.red_gain == pytest.approx(1.0, rel=0.05)
    assert locked.blue_gain == pytest.approx(2.0, rel=0.05)


@pytest.mark.parametrize("frames_per_s", [1, 10, 15, 120])
def test_a_dark_lamp_is_said_to_be_dark_and_no_exposure_outlasts_its_frame(
    frames_per_s: int,
) -> None:
    """As libcamera does, the camera cuts an exposure to its frame's time."""
    frame_us, asked_us = 1_000_000 / frames_per_s, []

    def look(settings: PicameraSettings) -> U8:
        asked_us.append(settings.exposure_us or 0)
        level = 100 * min(1.0, asked_us[-1] / frame_us)
        return np.full((48, 64, 3), level, np.uint8)

    start = dataclasses.replace(SETTINGS, exposure_us=None, frames_per_s=frames_per_s)
    with pytest.raises(SourceError, match=r"too dark .*: turn it"):
        lock_light(start, look)
    assert max(asked_us) == int(0.98 * frame_us)
