"""The seam between a camera's own process and the hardware: one picture at a time.

A driver runs in a child process (`capture/driver_process.py`), may block for ever and
may crash; nobody else touches hardware.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from leukoscope_edge.arrays import U8


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


def awake_s(since_boot_s: float, asleep_s: float | None = None) -> float:
    """Return the monotonic time of a moment on the clock that counts sleep as well.

    libcamera's SensorTimestamp is CLOCK_BOOTTIME: after a lid was closed for an hour it
    is an hour ahead, and no picture would ever be too old.

    Args:
        since_boot_s: CLOCK_BOOTTIME.
        asleep_s: How long the machine slept since it was switched on; None: ask it.
    """
    if asleep_s is None:
        asleep_s = time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()
    return since_boot_s - asleep_s


class Driver(Protocol):
    """An opened camera, used as a context manager."""

    def read(self) -> Shot:
        """Wait for the next picture.

        Raises:
            SourceError: The camera gave none; it must be opened anew.
        """
        ...

    def __enter__(self) -> "Driver": ...

    def __exit__(self, *_: object) -> None: ...


OpenDriver = Callable[[], Driver]
