"""The seam between a camera's own process and the hardware: one picture at a time.

A driver runs in a child process (`capture/driver_process.py`), may block for ever and
may crash; nobody else touches hardware.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from leukoscope_edge.types import U8


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One picture, with what the sensor says of it.

    Attributes:
        pixels: (H, W, 3) uint8 RGB.
        time_s: Monotonic time of exposure, or of arrival where the driver does not say.
        exposure_us: What the sensor really used, None where it does not say.
    """

    pixels: U8
    time_s: float
    exposure_us: float | None = None


class Driver(Protocol):
    """An opened camera, used as a context manager."""

    def read(self) -> Shot:
        """Wait for the next picture.

        Raises:
            SourceError: The camera gave none; it must be opened anew.
        """
        ...

    def __enter__(self) -> "Driver": ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


OpenDriver = Callable[[], Driver]
