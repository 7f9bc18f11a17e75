"""The one seam between the device and whatever makes frames."""

from collections.abc import Iterator
from typing import Protocol

from leukoscope_edge.types import Domain, Fault, Frame


class Camera(Protocol):
    """A source of frames, used as a context manager."""

    @property
    def domain(self) -> Domain:
        """Whether it shows real blood or a simulation."""
        ...

    @property
    def scale_um_per_px(self) -> float | None:
        """Micrometres per pixel where calibrated, else None."""
        ...

    @property
    def n_frames(self) -> int | None:
        """How many frames will come, or None where nobody knows."""
        ...

    def read(self) -> Frame | Fault | None:
        """Return the next frame, a fault in its place, or None at the end."""
        ...

    def __enter__(self) -> "Camera": ...

    def __exit__(self, *_: object) -> None: ...


def items_of(camera: Camera) -> Iterator[Frame | Fault]:
    """Yield what an opened camera shows, until its end."""
    while (item := camera.read()) is not None:
        yield item
