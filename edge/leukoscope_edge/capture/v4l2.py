"""USB cameras through Video4Linux, by the path that stays the same.

`/dev/video0` is whichever camera woke up first; `/dev/v4l/by-id/...` names the camera
itself, and comes back under the same name after it was unplugged.
"""

import time
from pathlib import Path

import cv2
import numpy as np

from leukoscope_edge.camera_settings import V4l2Settings
from leukoscope_edge.capture.driver import Driver, Shot
from leukoscope_edge.capture.v4l2_controls import set_colours_to_default
from leukoscope_edge.errors import SourceError
from leukoscope_edge.messages import message

STABLE_NAMES = Path("/dev/v4l/by-id")
FIRST_STREAM = "*-video-index0"
"""Index 1 and up of a USB camera are its metadata, not pictures."""
EXPOSURE_MANUAL = 1
"""V4L2_EXPOSURE_MANUAL."""
EXPOSURE_STEP_US = 100
"""V4L2_CID_EXPOSURE_ABSOLUTE counts in steps of 100 microseconds."""


class V4l2Driver:
    """One camera by its path."""

    def __init__(self, settings: V4l2Settings) -> None:
        """Open the camera, set its colours to default and every lock; see it obeyed.

        Raises:
            SourceError: It is absent, or does not do what was asked.
        """
        self._device = settings.device
        if not Path(settings.device).exists():
            raise SourceError(message("camera-unplugged", camera=settings.device))
        self._capture = cv2.VideoCapture(settings.device, cv2.CAP_V4L2)
        if not self._capture.isOpened():
            raise SourceError(message("camera-in-use", camera=settings.device))
        try:
            set_colours_to_default(settings.device)
            self._set(settings)
        except SourceError:
            self._capture.release()
            raise

    def _set(self, settings: V4l2Settings) -> None:
        for name, number, value in properties(settings):
            self._capture.set(number, value)
            if (found := self._capture.get(number)) != value:
                raise SourceError(
                    message(
                        "camera-setting",
                        camera=settings.device,
                        name=name,
                        found=f"{found:g}",
                        expected=f"{value:g}",
                    )
                )

    def read(self) -> Shot:
        """Wait for the next picture."""
        found, pixels = self._capture.read()
        if not found or pixels is None or pixels.size == 0:
            raise SourceError(message("camera-no-answer", camera=self._device))
        rgb = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)
        return Shot(pixels=rgb, time_s=time.monotonic())

    def __enter__(self) -> "V4l2Driver":
        return self

    def __exit__(self, *_: object) -> None:
        self._capture.release()


def properties(settings: V4l2Settings) -> list[tuple[str, int, float]]:
    """Return what to set, in order: name, OpenCV's number, value.

    The size comes first (it decides what else there is), each lock's switch before
    its value.
    """
    wanted: list[tuple[str, int, float]] = [
        ("width", cv2.CAP_PROP_FRAME_WIDTH, settings.width_px),
        ("height", cv2.CAP_PROP_FRAME_HEIGHT, settings.height_px),
        ("frame rate", cv2.CAP_PROP_FPS, settings.frames_per_s),
    ]
    if settings.exposure_us is not None:
        steps = max(1, round(settings.exposure_us / EXPOSURE_STEP_US))
        wanted += [
            ("exposure lock", cv2.CAP_PROP_AUTO_EXPOSURE, EXPOSURE_MANUAL),
            ("exposure", cv2.CAP_PROP_EXPOSURE, steps),
            ("gain", cv2.CAP_PROP_GAIN, settings.gain),
        ]
    if settings.white_balance_k is not None:
        wanted += [
            ("white balance lock", cv2.CAP_PROP_AUTO_WB, 0),
            ("white balance", cv2.CAP_PROP_WB_TEMPERATURE, settings.white_balance_k),
        ]
    if settings.lens_position is not None:
        wanted += [
            ("focus lock", cv2.CAP_PROP_AUTOFOCUS, 0),
            ("focus", cv2.CAP_PROP_FOCUS, settings.lens_position),
        ]
    return wanted


def find_camera(folder: Path = STABLE_NAMES) -> str:
    """Return the stable path of the only USB camera.

    Raises:
        SourceError: There is none, or there are several to choose from.
    """
    found = sorted(str(p) for p in folder.glob(FIRST_STREAM))
    if len(found) == 1:
        return found[0]
    if not found:
        raise SourceError(message("usb-camera-none"))
    raise SourceError(message("usb-camera-which", cameras=", ".join(found)))


def open_driver(settings: V4l2Settings) -> Driver:
    """Open a camera of this kind.

    Raises:
        SourceError: It cannot be opened or set as asked.
    """
    return V4l2Driver(settings)
