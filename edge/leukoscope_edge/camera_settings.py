"""How a camera is set: which one, what size, and the locks on light and colour.

Automatic exposure and white balance follow the slide: a violet field turns the whole
picture yellow, and a stain can no longer be compared. A calibrated camera is therefore
locked in everything. None means automatic, which is for finding a first picture only.
Each kind of camera has a type of its own, with the locks that it has and no others.
What all have:

    device        where it is: a path, or the number of a camera port
    width_px      width of a frame, a multiple of 4 (rows are passed on unpadded)
    height_px     height of a frame
    frames_per_s  frames a second
    exposure_us   exposure in microseconds, None for automatic
    gain          amplification of the sensor; 1 is none
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

WIDTH_RANGE_PX = (32, 4096)
"""From the smallest picture that can be judged to the widest sensor in use."""
EXPOSURE_RANGE_US = (10, 1_000_000)
"""Shorter than any lamp needs; longer than any hand-moved stage can stand."""
GAIN_RANGE = (1.0, 64.0)
COLOUR_GAIN_RANGE = (0.1, 8.0)
"""About twice what white light needs on the sensors of Raspberry Pi cameras."""
WHITE_BALANCE_RANGE_K = (2000, 10_000)
FIRST_EXPOSURE_US = 5000
FIRST_COLOUR_GAIN = 1.8
"""Near white for daylight and white LED on Raspberry Pi cameras."""
FIXED_WHITE_BALANCE_K = 5000
"""A USB camera only takes a temperature; any fixed one does, software does the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PicameraSettings:
    """A camera of a Raspberry Pi, on its ribbon.

    Attributes:
        device: Number of the camera port.
        red_gain: Amplification of red against green, None for automatic.
        blue_gain: The same for blue.
        lens_position: Fixed focus in dioptres; None where the lens does not move.
    """

    kind: Literal["picamera2"] = "picamera2"
    device: str
    width_px: int = 1280
    height_px: int = 720
    frames_per_s: int = 15
    exposure_us: int | None = None
    gain: float = 1.0
    red_gain: float | None = None
    blue_gain: float | None = None
    lens_position: float | None = None

    def __post_init__(self) -> None:
        _require_common(self)
        _require_port(self.device)
        _require_range("red_gain", self.red_gain, COLOUR_GAIN_RANGE)
        _require_range("blue_gain", self.blue_gain, COLOUR_GAIN_RANGE)
        if (self.red_gain is None) != (self.blue_gain is None):
            raise ValueError("'red_gain' and 'blue_gain' are given together or not")

    @property
    def is_locked(self) -> bool:
        """Whether neither exposure nor colour follows the picture."""
        return self.exposure_us is not None and self.red_gain is not None

    def with_locks(self) -> "PicameraSettings":
        """Return the same with every lock set, where none is with a first value."""
        exposure_us = self.exposure_us or FIRST_EXPOSURE_US
        if self.red_gain is not None:
            return replace(self, exposure_us=exposure_us)
        gain = FIRST_COLOUR_GAIN
        return replace(self, exposure_us=exposure_us, red_gain=gain, blue_gain=gain)

    @property
    def is_plugged_in(self) -> bool:
        """Not to be told without opening it: yes."""
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class V4l2Settings:
    """A USB camera.

    Attributes:
        device: Its stable path, `/dev/v4l/by-id/...-index0`.
        gain: The camera takes it as it is, in its own units.
        white_balance_k: Fixed colour temperature in kelvin, None for automatic.
        lens_position: Fixed focus in the driver's steps; None where the lens does not
            move.
    """

    kind: Literal["v4l2"] = "v4l2"
    device: str
    width_px: int = 1280
    height_px: int = 720
    frames_per_s: int = 15
    exposure_us: int | None = None
    gain: float = 1.0
    white_balance_k: int | None = None
    lens_position: float | None = None

    def __post_init__(self) -> None:
        _require_common(self)
        _require_range("white_balance_k", self.white_balance_k, WHITE_BALANCE_RANGE_K)
        if not self.device.startswith("/dev/"):
            raise ValueError(f"'device' must be a path in /dev, got {self.device!r}")

    @property
    def is_locked(self) -> bool:
        """Whether neither exposure nor colour follows the picture."""
        return self.exposure_us is not None and self.white_balance_k is not None

    def with_locks(self) -> "V4l2Settings":
        """Return the same with every lock set, where none is with a first value."""
        return replace(
            self,
            exposure_us=self.exposure_us or FIRST_EXPOSURE_US,
            white_balance_k=self.white_balance_k or FIXED_WHITE_BALANCE_K,
        )

    @property
    def is_plugged_in(self) -> bool:
        """Whether its path is there."""
        return Path(self.device).exists()


@dataclass(frozen=True, slots=True, kw_only=True)
class CsiSettings:
    """A camera on a Jetson's ribbon.

    Attributes:
        device: Number of the camera port.
    """

    kind: Literal["csi"] = "csi"
    device: str
    width_px: int = 1280
    height_px: int = 720
    frames_per_s: int = 15
    exposure_us: int | None = None
    gain: float = 1.0

    def __post_init__(self) -> None:
        _require_common(self)
        _require_port(self.device)

    @property
    def is_locked(self) -> bool:
        """Whether exposure is locked; its colour is, together with it."""
        return self.exposure_us is not None

    def with_locks(self) -> "CsiSettings":
        """Return the same with every lock set, where none is with a first value."""
        return replace(self, exposure_us=self.exposure_us or FIRST_EXPOSURE_US)

    @property
    def is_plugged_in(self) -> bool:
        """Not to be told without opening it: yes."""
        return True


CameraSettings: TypeAlias = PicameraSettings | V4l2Settings | CsiSettings
KINDS: dict[str, type[CameraSettings]] = {
    "picamera2": PicameraSettings,
    "v4l2": V4l2Settings,
    "csi": CsiSettings,
}
"""By the name of the driver's module in `capture`."""


def settings_of(table: dict[str, Any]) -> CameraSettings:
    """Return the settings whose fields stand in a table, as `dataclasses.asdict` does.

    Raises:
        KeyError: There is no such kind.
        TypeError: The kind has no such field, or lacks one.
        ValueError: A value is impossible.
    """
    return KINDS[table["kind"]](**table)


def _require_common(settings: CameraSettings) -> None:
    _require_range("width_px", settings.width_px, WIDTH_RANGE_PX)
    _require_range("height_px", settings.height_px, WIDTH_RANGE_PX)
    _require_range("frames_per_s", settings.frames_per_s, (1, 120))
    _require_range("exposure_us", settings.exposure_us, EXPOSURE_RANGE_US)
    _require_range("gain", settings.gain, GAIN_RANGE)
    if settings.width_px % 4:
        raise ValueError(f"'width_px' must be a multiple of 4, got {settings.width_px}")


def _require_port(device: str) -> None:
    if not device.isdecimal():
        raise ValueError(f"'device' must be a port number, got {device!r}")


def _require_range(name: str, value: float | None, limits: tuple[float, float]) -> None:
    low, high = limits
    if value is not None and not low <= value <= high:
        raise ValueError(f"{name!r} must be in {low}..{high}, got {value}")
