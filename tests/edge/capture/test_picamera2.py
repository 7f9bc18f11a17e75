"""Raspberry Pi's cameras without the hardware.

picamera2 exists on a Raspberry Pi only. The stand-in here has the names and parameters
of picamera2 0.3.38, read in its wheel, and no other.
"""

import contextlib
import sys
import types
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from leukoscope_edge.camera_settings import (
    PicameraSettings,
)
from leukoscope_edge.capture.driver import awake_s
from leukoscope_edge.capture.driver_process import open_driver
from leukoscope_edge.errors import SourceError

PI = PicameraSettings(
    device="0",
    width_px=64,
    height_px=48,
    frames_per_s=20,
    exposure_us=8000,
    gain=2.0,
    red_gain=1.9,
    blue_gain=1.4,
    lens_position=2.5,
)


class FakeRequest:
    def __init__(self, camera: "FakePicamera2") -> None:
        self._camera = camera

    def make_array(self, name: str) -> np.ndarray:
        assert name == "main"
        main = self._camera.configuration["main"]
        assert main["format"] == "BGR888"  # libcamera's name for R, G, B in memory
        width, height = main["size"]
        return np.full((height, width, 3), (200, 100, 50), np.uint8)

    def get_metadata(self) -> dict[str, Any]:
        controls = self._camera.configuration["controls"]
        exposure = controls.get("ExposureTime", 1234)
        return {"SensorTimestamp": 5_000_000_000, "ExposureTime": exposure}


class FakePicamera2:
    """picamera2.Picamera2 as far as the driver uses it; order of calls is checked."""

    ports = 1
    opened: "FakePicamera2"

    def __init__(self, camera_num: int = 0) -> None:
        FakePicamera2.opened = self
        self.calls: list[str] = []
        self.configuration: dict[str, Any] = {}
        self.camera_controls = dict.fromkeys(
            (
                "FrameDurationLimits",
                "AeEnable",
                "ExposureTime",
                "AnalogueGain",
                "AwbEnable",
                "ColourGains",
                "AfMode",
                "LensPosition",
            ),
            (0, 1, 0),
        )

    @staticmethod
    def global_camera_info() -> list[dict[str, Any]]:
        return [{"Num": i} for i in range(FakePicamera2.ports)]

    def create_video_configuration(
        self, main: dict[str, Any], queue: bool, controls: dict[str, Any]
    ) -> dict[str, Any]:
        return {"main": main, "queue": queue, "controls": controls}

    def configure(self, camera_config: dict[str, Any]) -> None:
        self.calls.append("configure")
        self.configuration = camera_config

    def start(self) -> None:
        assert self.calls == ["configure"]
        self.calls.append("start")

    @contextlib.contextmanager
    def captured_request(self) -> Iterator[FakeRequest]:
        assert self.calls[-1] in ("start", "released")
        self.calls.append("captured")
        yield FakeRequest(self)
        self.calls.append("released")

    def stop(self) -> None:
        self.calls.append("stop")

    def close(self) -> None:
        self.calls.append("close")


@pytest.fixture
def pi(monkeypatch: pytest.MonkeyPatch) -> type[FakePicamera2]:
    module = types.ModuleType("picamera2")
    module.Picamera2 = FakePicamera2  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "picamera2", module)
    return FakePicamera2


def test_picamera2_is_locked_and_gives_pixels_and_exposure_of_one_request(
    pi: type[FakePicamera2],
) -> None:
    with open_driver(PI) as driver:
        shot = driver.read()
    assert pi.opened.configuration["controls"] == {
        "FrameDurationLimits": (50_000, 50_000),
        "AeEnable": False,
        "ExposureTime": 8000,
        "AnalogueGain": 2.0,
        "AwbEnable": False,
        "ColourGains": (1.9, 1.4),
        "AfMode": 0,
        "LensPosition": 2.5,
    }
    assert pi.opened.configuration["queue"] is False  # no picture from before the ask
    assert shot.pixels.shape == (48, 64, 3)
    assert tuple(shot.pixels[0, 0]) == (200, 100, 50)
    assert shot.time_s == pytest.approx(awake_s(5.0), abs=0.1)
    assert shot.exposure_us == 8000.0
    assert pi.opened.calls[-2:] == ["stop", "close"]


def test_picamera2_stays_automatic_where_nothing_is_locked(
    pi: type[FakePicamera2],
) -> None:
    with open_driver(PicameraSettings(device="0")) as driver:
        driver.read()
    assert set(pi.opened.configuration["controls"]) == {"FrameDurationLimits"}


def test_picamera2_without_a_lock_that_is_asked_for_is_refused_and_closed(
    pi: type[FakePicamera2], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        pi,
        "create_video_configuration",
        lambda self, **_: pytest.fail("configured all the same"),
    )
    original = pi.__init__

    def without_focus(self: FakePicamera2, camera_num: int = 0) -> None:
        original(self, camera_num)
        del self.camera_controls["LensPosition"]

    monkeypatch.setattr(pi, "__init__", without_focus)
    with pytest.raises(SourceError, match="it has no LensPosition"):
        open_driver(PI)
    assert pi.opened.calls == ["close"]


def test_a_camera_port_without_a_camera_is_refused(pi: type[FakePicamera2]) -> None:
    with pytest.raises(SourceError, match="no camera on port 3"):
        open_driver(replace(PI, device="3"))


def test_without_picamera2_the_cure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(SourceError, match="--system-site-packages"):
        open_driver(PI)
