"""How a camera is set: which one, what size, and the locks on light and colour.

Automatic exposure and white balance follow the slide: a violet field turns the whole
picture yellow, and a stain can no longer be compared. A calibrated camera is therefore
locked in everything. None means automatic, which is for finding a first picture only.
"""

from dataclasses import dataclass
from typing import Literal

WIDTH_RANGE_PX = (32, 4096)
"""From the smallest picture that can be judged to the widest sensor in use."""
EXPOSURE_RANGE_US = (10, 1_000_000)
"""Shorter than any lamp needs; longer than any hand-moved stage can stand."""
GAIN_RANGE = (1.0, 64.0)
COLOUR_GAIN_RANGE = (0.1, 8.0)
"""About twice what white light needs on the sensors of Raspberry Pi cameras."""

CameraKind = Literal["picamera2", "v4l2", "csi"]
"""Each is the name of its driver's module in `capture`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSettings:
    """One camera and its locks.

    Attributes:
        kind: Which driver.
        device: For v4l2 the stable path, `/dev/v4l/by-id/...-index0`; for the others
            the number of the camera port.
        width_px: Width of a frame, a multiple of 4 (rows are passed on unpadded).
        height_px: Height of a frame.
        frames_per_s: Frames a second.
        exposure_us: Exposure in microseconds, None for automatic.
        gain: Amplification of the sensor; 1 is none. A v4l2 camera takes it as it is,
            in its own units.
        red_gain: Amplification of red against green, None for automatic (picamera2).
        blue_gain: The same for blue.
        white_balance_k: Fixed colour temperature in kelvin, None for automatic (v4l2).
        lens_position: Fixed focus: dioptres on picamera2, the driver's steps on v4l2;
            None where the lens does not move.
    """

    kind: CameraKind
    device: str
    width_px: int = 1280
    height_px: int = 720
    frames_per_s: int = 15
    exposure_us: int | None = None
    gain: float = 1.0
    red_gain: float | None = None
    blue_gain: float | None = None
    white_balance_k: int | None = None
    lens_position: float | None = None

    def __post_init__(self) -> None:
        _check_range("width_px", self.width_px, WIDTH_RANGE_PX)
        _check_range("height_px", self.height_px, WIDTH_RANGE_PX)
        _check_range("frames_per_s", self.frames_per_s, (1, 120))
        _check_range("exposure_us", self.exposure_us, EXPOSURE_RANGE_US)
        _check_range("gain", self.gain, GAIN_RANGE)
        _check_range("red_gain", self.red_gain, COLOUR_GAIN_RANGE)
        _check_range("blue_gain", self.blue_gain, COLOUR_GAIN_RANGE)
        _check_range("white_balance_k", self.white_balance_k, (2000, 10_000))
        if self.width_px % 4:
            raise ValueError(f"'width_px' must be a multiple of 4, got {self.width_px}")
        if (self.red_gain is None) != (self.blue_gain is None):
            raise ValueError("'red_gain' and 'blue_gain' are given together or not")
        if self.kind == "v4l2" and not self.device.startswith("/dev/"):
            raise ValueError(f"'device' must be a path in /dev, got {self.device!r}")
        if self.kind != "v4l2" and not self.device.isdecimal():
            raise ValueError(f"'device' must be a port number, got {self.device!r}")

    @property
    def is_locked(self) -> bool:
        """Whether neither exposure nor colour follows the picture.

        A CSI camera locks its colour together with its exposure.
        """
        colour = (self.red_gain, self.white_balance_k)
        has_colour = self.kind == "csi" or any(c is not None for c in colour)
        return self.exposure_us is not None and has_colour


def _check_range(name: str, value: float | None, limits: tuple[float, float]) -> None:
    low, high = limits
    if value is not None and not low <= value <= high:
        raise ValueError(f"{name!r} must be in {low}..{high}, got {value}")
