"""The three drivers, without their hardware.

picamera2 exists on a Raspberry Pi only. The stand-in here has the names and parameters
of picamera2 0.3.38, read in its wheel, and no other. The CSI driver runs the real
GStreamer, on a test picture instead of a sensor.
"""

import contextlib
import shutil
import sys
import types
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from leukoscope_edge.camera_settings import (
    CsiSettings,
    PicameraSettings,
    V4l2Settings,
)
from leukoscope_edge.capture.csi import CsiDriver, nvargus_pipeline
from leukoscope_edge.capture.driver import awake_s
from leukoscope_edge.capture.driver_process import open_driver
from leukoscope_edge.capture.source import camera_settings
from leukoscope_edge.capture.v4l2 import V4l2Driver, find_camera, properties
from leukoscope_edge.errors import ConfigError, SourceError

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


CSI = CsiSettings(device="1", width_px=64, height_px=48, exposure_us=5000, gain=4.0)


def test_csi_locks_by_a_range_of_one_value_in_nanoseconds() -> None:
    pipeline = nvargus_pipeline(CSI)
    for words in (
        "nvarguscamerasrc sensor-id=1",
        'exposuretimerange="5000000 5000000"',
        'gainrange="4 4"',
        'ispdigitalgainrange="1 1"',
        "aelock=true awblock=true",
        "video/x-raw(memory:NVMM),width=64,height=48,format=NV12,framerate=15/1",
    ):
        assert words in pipeline
    assert "aelock" not in nvargus_pipeline(replace(CSI, exposure_us=None))


@pytest.mark.skipif(
    shutil.which("gst-launch-1.0") is None,
    reason="GStreamer is not installed: apt install gstreamer1.0-tools "
    "gstreamer1.0-plugins-base",
)
def test_csi_reads_whole_pictures_from_the_real_gstreamer() -> None:
    size = f"width={CSI.width_px},height={CSI.height_px}"
    pipeline = (
        "videotestsrc pattern=solid-color foreground-color=0xFFC86432 is-live=true "
        f"num-buffers=3 ! video/x-raw,{size},format=BGRx,framerate=15/1"
    )
    with CsiDriver(CSI, pipeline) as driver:
        shot = driver.read()
        assert shot.pixels.shape == (48, 64, 3)
        assert tuple(shot.pixels[20, 20]) == (0xC8, 0x64, 0x32)
        with pytest.raises(SourceError, match="GStreamer ended"):
            for _ in range(4):
                driver.read()


def test_settings_come_from_a_file_or_a_device_path(tmp_path: Path) -> None:
    file = tmp_path / "camera.toml"
    file.write_text('kind = "csi"\ndevice = "0"\nexposure_us = 4000\n')
    assert camera_settings(str(file)).exposure_us == 4000
    assert camera_settings("/dev/video7").device == "/dev/video7"
    with pytest.raises(SourceError, match="'device' must be a path in /dev"):
        camera_settings("../video7")
    file.write_text('kind = "csi"\n')
    with pytest.raises(ConfigError, match=r"camera\.toml: missing key 'device'"):
        camera_settings(str(file))
