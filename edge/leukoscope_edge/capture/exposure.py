"""Lock a camera's light and colour on an empty place of the slide.

The plasma is the reference: its brightest channel goes to one level, its three
channels to the same. From then on nothing is automatic, and a darker or yellower
picture means the lamp or the stain, not the camera.
"""

from collections.abc import Callable
from dataclasses import replace

from leukoscope_edge.arrays import F32, U8
from leukoscope_edge.camera_settings import (
    COLOUR_GAIN_RANGE,
    EXPOSURE_RANGE_US,
    FIRST_EXPOSURE_US,
    CameraSettings,
    PicameraSettings,
)
from leukoscope_edge.capture.live import LiveCamera
from leukoscope_edge.errors import SourceError
from leukoscope_edge.messages import Message, message
from leukoscope_edge.types import Frame
from leukoscope_edge.vision import plasma_colour

TARGET_LEVEL = 210.0
"""Of 255 for the plasma's brightest channel: bright, with room before clipping."""
TOLERANCE_LEVELS = 6.0
CLIPPED_LEVEL = 250.0
"""From here on the level no longer tells how much too bright it is."""
STEP_POWER = 1.25
"""Light over level. A camera's curve lies between straight and a power of 1/2.2;
with 1.25 the error at least halves in each round at both ends, and no step up ends in
the clipped levels that the halving before came from: with 1.5 one camera in 26 went up
and down for ever."""
MAX_FRAME_SHARE = 0.98
"""Of a frame's time that may be exposed: drivers cut a longer exposure to the frame's,
less some lines that are read out, and every picture then has another than was asked."""
MAX_ROUNDS = 12
SETTLING_FRAMES = 4
"""Sensors apply new settings up to three frames late."""
MAX_FAULTS = 20

Look = Callable[[CameraSettings], U8]


def lock_light(settings: CameraSettings, look: Look) -> CameraSettings:
    """Find and lock exposure and colour for the lamp as it is now.

    Args:
        settings: The camera; what it has of locks is the starting point.
        look: Opens the camera with some settings and returns (H, W, 3) uint8 RGB of
            an empty place between the cells.

    Returns:
        The settings with every lock set.

    Raises:
        SourceError: The camera gives no picture, or no exposure in its range makes
            the plasma bright enough and not too bright.
    """
    settings = settings.with_locks()
    for _ in range(MAX_ROUNDS):
        colour = plasma_colour(look(settings))
        better = adjusted(settings, colour)
        if better == settings:
            break
        settings = better
    else:
        raise SourceError(message("light-unsettled"))
    if abs(float(colour.max()) - TARGET_LEVEL) > TOLERANCE_LEVELS:
        raise SourceError(
            f"the lamp is too {'dark' if colour.max() < TARGET_LEVEL else 'bright'} "
            f"for the camera (exposure {settings.exposure_us} us): turn it"
        )
    return settings


def adjusted(settings: CameraSettings, plasma: F32) -> CameraSettings:
    """Return the settings moved towards the target; the same where they reached it.

    Args:
        settings: Locked settings that made the picture.
        plasma: (3,) float32, its plasma's RGB, 0..255.
    """
    levels = [max(1.0, float(v)) for v in plasma]
    brightest = max(levels)
    if abs(brightest - TARGET_LEVEL) > TOLERANCE_LEVELS:
        factor = 0.5 if brightest >= CLIPPED_LEVEL else _step(TARGET_LEVEL, brightest)
        exposure_us = (settings.exposure_us or FIRST_EXPOSURE_US) * factor
        wanted_us = int(_clamp(round(exposure_us), _exposures_us(settings)))
        settings = replace(settings, exposure_us=wanted_us)
    if isinstance(settings, PicameraSettings):
        return _balanced(settings, *levels)
    return settings


def _balanced(
    settings: PicameraSettings, red: float, green: float, blue: float
) -> PicameraSettings:
    """Return settings whose red and blue come nearer to green, where they are fixed."""

    def moved(gain: float | None, level: float) -> float | None:
        if gain is None or abs(level - green) <= TOLERANCE_LEVELS:
            return gain
        return round(_clamp(gain * _step(green, level), COLOUR_GAIN_RANGE), 3)

    red_gain, blue_gain = settings.red_gain, settings.blue_gain
    return replace(
        settings, red_gain=moved(red_gain, red), blue_gain=moved(blue_gain, blue)
    )


def take_picture(settings: CameraSettings) -> U8:
    """Open the real camera with some settings and return a settled picture.

    Raises:
        SourceError: It gives none.
    """
    with LiveCamera(settings, scale_um_per_px=None) as camera:
        return settled_picture(camera)


def settled_picture(camera: LiveCamera) -> U8:
    """Return a picture that the camera took with its settings in force.

    Raises:
        SourceError: It gives none.
    """
    frames: list[Frame] = []
    reason: str | Message = ""
    for _ in range(MAX_FAULTS + SETTLING_FRAMES):
        item = camera.read()
        if isinstance(item, Frame):
            frames.append(item)
        elif item is not None:
            reason = item.reason
        if len(frames) == SETTLING_FRAMES:
            return frames[-1].pixels
    raise SourceError(reason)


def _exposures_us(settings: CameraSettings) -> tuple[float, float]:
    """Return the shortest and the longest exposure at a camera's frame rate."""
    low, high = EXPOSURE_RANGE_US
    return low, min(high, int(MAX_FRAME_SHARE * 1e6 / settings.frames_per_s))


def _step(wanted: float, found: float) -> float:
    return float((wanted / found) ** STEP_POWER)


def _clamp(value: float, limits: tuple[float, float]) -> float:
    return min(max(value, limits[0]), limits[1])
