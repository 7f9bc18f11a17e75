"""A camera whose frames carry a calibration: their scale, and even light."""

from dataclasses import replace
from types import TracebackType

from leukoscope_edge.capture.camera import Camera
from leukoscope_edge.errors import ConfigError
from leukoscope_edge.types import Domain, Fault, Frame
from leukoscope_edge.vision.flatfield import even_out
from leukoscope_edge.vision.ruler import Calibration


class CalibratedCamera:
    """Gives another camera's frames, evened by the recorded flat field."""

    def __init__(self, camera: Camera, calibration: Calibration) -> None:
        """Take an opened camera and what was measured on it."""
        self._camera = camera
        self._calibration = calibration

    @property
    def domain(self) -> Domain:
        """Whether it shows real blood or a simulation."""
        return self._camera.domain

    @property
    def scale_um_per_px(self) -> float | None:
        """The calibration's scale."""
        return self._calibration.um_per_px

    @property
    def n_frames(self) -> int | None:
        """How many frames will come, or None where nobody knows."""
        return self._camera.n_frames

    def read(self) -> Frame | Fault | None:
        """Return the next frame, evened; a fault; or None at the end.

        Raises:
            ConfigError: The frame does not fit the calibration.
        """
        item = self._camera.read()
        if not isinstance(item, Frame):
            return item
        height, width = item.pixels.shape[:2]
        why_not = self._calibration.mismatch(width, height)
        if why_not is not None:
            raise ConfigError(f"{item.name}: {why_not}: calibrate again")
        return replace(item, pixels=even_out(item.pixels, self._calibration.flat))

    def __enter__(self) -> "CalibratedCamera":
        self._camera.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._camera.__exit__(kind, error, trace)
