"""Raspberry Pi cameras through picamera2, which the operating system brings along.

Pixels and metadata come from one request, so that the exposure stands beside the very
picture it made.
"""

from typing import Any

import numpy as np

from leukoscope_edge.camera_settings import PicameraSettings
from leukoscope_edge.capture.driver import Driver, Shot, awake_s
from leukoscope_edge.errors import SourceError
from leukoscope_edge.messages import message

RGB_IN_MEMORY = "BGR888"
"""libcamera names the bytes from the highest down: this one is R, G, B in numpy."""
AF_MANUAL = 0
"""libcamera `controls.AfModeEnum.Manual`."""


class PicameraDriver:
    """One camera port."""

    def __init__(self, settings: PicameraSettings) -> None:
        """Open and start the camera with every lock set.

        Raises:
            SourceError: picamera2 is missing, or the camera is or refuses.
        """
        self._camera = _open(int(settings.device))
        try:
            self._start(settings)
        except (RuntimeError, ValueError) as err:
            self._camera.close()
            raise SourceError(
                message("port-refuses", n=settings.device, why=str(err))
            ) from err

    def read(self) -> Shot:
        """Wait for the next request and take pixels and metadata from it.

        Raises:
            SourceError: The metadata lacks a field.
        """
        with self._camera.captured_request() as request:
            pixels = np.array(request.make_array("main"), np.uint8)
            metadata = request.get_metadata()
        try:
            return Shot(
                pixels=pixels,
                time_s=awake_s(metadata["SensorTimestamp"] / 1e9),
                exposure_us=float(metadata["ExposureTime"]),
            )
        except (KeyError, TypeError, ValueError) as err:
            raise SourceError(message("exposure-untold", why=repr(err))) from err

    def __enter__(self) -> "PicameraDriver":
        return self

    def __exit__(self, *_: object) -> None:
        self._camera.stop()
        self._camera.close()

    def _start(self, settings: PicameraSettings) -> None:
        configuration = self._camera.create_video_configuration(
            main={
                "size": (settings.width_px, settings.height_px),
                "format": RGB_IN_MEMORY,
            },
            queue=False,
            controls=controls(settings, set(self._camera.camera_controls)),
        )
        self._camera.configure(configuration)
        self._camera.start()


def controls(settings: PicameraSettings, known: set[str]) -> dict[str, Any]:
    """Return libcamera's controls for some settings.

    Args:
        settings: What is wanted.
        known: Names of the controls that this camera has.

    Raises:
        ValueError: The settings ask for a lock that this camera does not have.
    """
    frame_us = int(1e6 / settings.frames_per_s)
    wanted: dict[str, Any] = {"FrameDurationLimits": (frame_us, frame_us)}
    if settings.exposure_us is not None:
        wanted["AeEnable"] = False
        wanted["ExposureTime"] = settings.exposure_us
        wanted["AnalogueGain"] = settings.gain
    if settings.red_gain is not None:
        wanted["AwbEnable"] = False
        wanted["ColourGains"] = (settings.red_gain, settings.blue_gain)
    if settings.lens_position is not None:
        wanted["AfMode"] = AF_MANUAL
        wanted["LensPosition"] = settings.lens_position
    if missing := sorted(set(wanted) - known):
        raise ValueError(f"it has no {', '.join(missing)}")
    return wanted


def _open(port: int) -> Any:
    try:
        from picamera2 import Picamera2
    except ImportError as err:
        raise SourceError(message("picamera2-missing")) from err
    if port >= len(Picamera2.global_camera_info()):
        raise SourceError(message("port-empty", n=port))
    try:
        return Picamera2(port)
    except (RuntimeError, IndexError) as err:
        raise SourceError(message("port-closed", n=port, why=str(err))) from err


def open_driver(settings: PicameraSettings) -> Driver:
    """Open a camera of this kind.

    Raises:
        SourceError: It cannot be opened or set as asked.
    """
    return PicameraDriver(settings)
