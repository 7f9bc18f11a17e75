"""Jetson's camera ports: the real GStreamer, on a test picture instead of a sensor."""

import shutil
from dataclasses import replace

import pytest

from leukoscope_edge.camera_settings import (
    CsiSettings,
)
from leukoscope_edge.capture.csi import CsiDriver, nvargus_pipeline
from leukoscope_edge.errors import SourceError

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
