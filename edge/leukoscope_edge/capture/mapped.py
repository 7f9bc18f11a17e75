"""A camera whose frames go through a function on their way."""

from collections.abc import Callable

from leukoscope_edge.capture.camera import Camera
from leukoscope_edge.types import Domain, Fault, Frame


class ChangedCamera:
    """Gives what a function makes of another camera's frames; faults stay faults."""

    def __init__(
        self,
        camera: Camera,
        change: Callable[[Frame], Frame],
        *,
        scale_um_per_px: float | None,
    ) -> None:
        """Take the camera, what becomes of each frame, and the scale that holds."""
        self._camera = camera
        self._change = change
        self.scale_um_per_px = scale_um_per_px

    @property
    def domain(self) -> Domain:
        """Whether it shows real blood or a simulation."""
        return self._camera.domain

    @property
    def n_frames(self) -> int | None:
        """How many frames will come, or None where nobody knows."""
        return self._camera.n_frames

    def read(self) -> Frame | Fault | None:
        """Return the next frame, changed; a fault; or None at the end."""
        item = self._camera.read()
        return self._change(item) if isinstance(item, Frame) else item

    def __enter__(self) -> "ChangedCamera":
        self._camera.__enter__()
        return self

    def __exit__(self, *why: object) -> None:
        self._camera.__exit__(*why)
