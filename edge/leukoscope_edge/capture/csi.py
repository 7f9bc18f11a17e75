"""Jetson's camera ports through GStreamer, whose program writes raw pictures to a pipe.

OpenCV from PyPI is built without GStreamer, and the camera service behind
`nvarguscamerasrc` (Argus) wedges. So `gst-launch-1.0`, which every JetPack has, runs as
a process of its own and can be killed.
"""

import math
import shlex
import subprocess
import time
from collections.abc import Sequence

import numpy as np

from leukoscope_edge.camera_settings import CsiSettings
from leukoscope_edge.capture.driver import Driver, Shot
from leukoscope_edge.errors import SourceError
from leukoscope_edge.messages import message

PROGRAM = ("gst-launch-1.0", "--quiet")
TO_PIPE = (
    "videoconvert ! video/x-raw,format=RGB ! "
    "queue leaky=downstream max-size-buffers=1 ! fdsink fd=1 sync=false"
)
"""The tail of every pipeline: RGB, and where nobody reads, the older picture goes."""
GOODBYE_S = 2.0


class CsiDriver:
    """One camera port, as a stream of raw RGB pictures."""

    def __init__(self, settings: CsiSettings, pipeline: str) -> None:
        """Start the pipeline.

        Args:
            settings: Say the size of its pictures.
            pipeline: GStreamer's words for a source, up to raw video.

        Raises:
            SourceError: GStreamer is missing.
        """
        self._shape = (settings.height_px, settings.width_px, 3)
        command: Sequence[str] = [*PROGRAM, *shlex.split(f"{pipeline} ! {TO_PIPE}")]
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
            )
        except FileNotFoundError as err:
            raise SourceError(message("gstreamer-missing", program=PROGRAM[0])) from err

    def read(self) -> Shot:
        """Wait for the next picture."""
        stream, n_bytes = self._process.stdout, math.prod(self._shape)
        data = stream.read(n_bytes) if stream else b""
        if len(data) < n_bytes:
            raise SourceError(message("gstreamer-ended"))
        pixels = np.frombuffer(data, np.uint8).reshape(self._shape)
        return Shot(pixels=pixels, time_s=time.monotonic())

    def __enter__(self) -> "CsiDriver":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(GOODBYE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
        if self._process.stdout is not None:
            self._process.stdout.close()


def nvargus_pipeline(settings: CsiSettings) -> str:
    """Return the source part of the pipeline for a Jetson's camera port.

    Exposure is in nanoseconds; a range of one value is the lock. White balance has no
    gains here: it is automatic until the exposure is locked, then stays as it is.
    """
    source = [f"nvarguscamerasrc sensor-id={settings.device}"]
    if settings.exposure_us is not None:
        ns = settings.exposure_us * 1000
        source += [
            f'exposuretimerange="{ns} {ns}"',
            f'gainrange="{settings.gain:g} {settings.gain:g}"',
            'ispdigitalgainrange="1 1"',
            "aelock=true",
            "awblock=true",
        ]
    size = f"width={settings.width_px},height={settings.height_px}"
    return (
        " ".join(source)
        + f" ! video/x-raw(memory:NVMM),{size},format=NV12,"
        + f"framerate={settings.frames_per_s}/1 ! nvvidconv ! "
        + f"video/x-raw,{size},format=BGRx"
    )


def open_driver(settings: CsiSettings) -> Driver:
    """Open a camera of this kind.

    Raises:
        SourceError: It cannot be opened or set as asked.
    """
    return CsiDriver(settings, nvargus_pipeline(settings))
