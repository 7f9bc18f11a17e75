"""A camera whose frames carry a calibration: their scale, and even light."""

from dataclasses import replace

from leukoscope_edge.capture.camera import Camera
from leukoscope_edge.capture.mapped import ChangedCamera
from leukoscope_edge.errors import ConfigError
from leukoscope_edge.types import Frame
from leukoscope_edge.vision import even_out
from leukoscope_edge.vision.scale import Calibration


def with_calibration(camera: Camera, calibration: Calibration) -> Camera:
    """Return a camera that gives another's frames, evened by the recorded flat field.

    Its `read` raises ConfigError where a frame does not fit the calibration.
    """

    def even(frame: Frame) -> Frame:
        height, width = frame.pixels.shape[:2]
        why_not = calibration.mismatch(width, height)
        if why_not is not None:
            raise ConfigError(f"{frame.name}: {why_not}: calibrate again")
        return replace(frame, pixels=even_out(frame.pixels, calibration.flat))

    return ChangedCamera(camera, even, scale_um_per_px=calibration.um_per_px)
