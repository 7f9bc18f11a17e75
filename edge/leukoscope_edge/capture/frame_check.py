"""Is this a picture of now, whole, and of the kind that was asked for?

OpenCV hands out the last picture for ever when a camera dies, USB loses half of one,
and a driver comes back with another size. Such a picture must never be judged. How
good a true picture is, `leukoscope_edge.vision.quality` says.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from leukoscope_edge.arrays import U8
from leukoscope_edge.camera_settings import CameraSettings
from leukoscope_edge.capture.driver import Shot
from leukoscope_edge.messages import Message, message

MAX_AGE_S = 1.0
"""A hand moves a stage by a whole field in a second: older is another place."""
MAX_EARLY_S = 0.1
"""Clocks of a driver and of ours may differ by a step; no picture is of the future."""
N_REMEMBERED, SAMPLE_PX = 4, 4
"""Pictures, and each so many pixels: a ring of buffers has two to four places."""
MIN_NOISY = 100
"""Values that are not clipped, in either picture; of fewer nothing is said."""
MAX_STILL_FRACTION = 1e-3
"""Of the values that are not clipped. A sensor's noise changes most of them from one
picture to the next; a driver's counter in a corner changes fewer."""
BLACK_LEVEL = 8
"""Of 255: a covered sensor's noise stays below, the darkest lamp stays above."""
MAX_FLAT_FRACTION = 1 / 16
"""Of the rows. A sensor's noise lets no row be of one colour; lost USB packets do."""
WHITE = 255
"""Of a clipped pixel, in each channel."""
EXPOSURE_TOLERANCE = 0.05
"""Sensors count exposure in lines, so that it never fits exactly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadPicture:
    """Why a picture is not handed on.

    Attributes:
        reason: For a person; what stands behind "the picture".
        blames_driver: Opening the camera anew may help.
    """

    reason: Message
    blames_driver: bool = True


class FrameCheck:
    """Looks at the pictures of one opened camera, in order."""

    def __init__(self, settings: CameraSettings) -> None:
        """Remember what was asked for."""
        self._settings = settings
        self._shape = (settings.height_px, settings.width_px, 3)
        self._seen: deque[U8] = deque(maxlen=N_REMEMBERED)
        self._last: U8 | None = None

    def check(self, shot: Shot, now_s: float) -> BadPicture | None:
        """Return what is wrong with a picture, None where nothing is.

        Args:
            shot: The picture.
            now_s: Monotonic time.
        """
        pixels = shot.pixels
        if pixels.shape != self._shape or pixels.dtype != np.uint8:
            return BadPicture(reason=self._wrong_form(pixels))
        was_seen = self._remember(pixels)
        age_s = now_s - shot.time_s
        if not -MAX_EARLY_S <= age_s <= MAX_AGE_S:  # so that no number at all is bad
            return BadPicture(reason=message("picture-old", n=f"{age_s:.1f}"))
        if is_blown(pixels):  # far too bright, and the same each time: not frozen
            return self._exposure(shot.exposure_us)
        if was_seen:
            return BadPicture(reason=message("picture-frozen"))
        if is_black(pixels):
            return BadPicture(reason=message("picture-black"), blames_driver=False)
        if is_torn(pixels):
            return BadPicture(reason=message("picture-torn"))
        return self._exposure(shot.exposure_us)

    def _remember(self, pixels: U8) -> bool:
        """Remember a picture; say whether it is one of the last few again."""
        sampled = pixels[::SAMPLE_PX, ::SAMPLE_PX].copy()
        was_seen = any(is_same(sampled, before) for before in self._seen)
        is_last = self._last is not None and np.array_equal(pixels, self._last)
        self._seen.append(sampled)
        self._last = pixels
        return was_seen or is_last

    def _wrong_form(self, pixels: np.ndarray) -> Message:
        found = " x ".join(map(str, pixels.shape)) + f" {pixels.dtype}"
        wanted = " x ".join(map(str, self._shape))
        return message("picture-form", found=found, expected=wanted)

    def _exposure(self, found_us: float | None) -> BadPicture | None:
        wanted_us = self._settings.exposure_us
        if wanted_us is None or found_us is None:
            return None
        if abs(found_us - wanted_us) <= EXPOSURE_TOLERANCE * wanted_us:
            return None
        exposed = message("picture-exposed", n=f"{found_us:.0f}", m=wanted_us)
        return BadPicture(reason=exposed)


def is_same(pixels: U8, before: U8) -> bool:
    """Say whether two pictures are one, but for what no sensor's noise is.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        before: The same.
    """
    n_noisy = int(((pixels < WHITE) | (before < WHITE)).sum())
    if n_noisy < MIN_NOISY:  # so bright that noise could not be seen
        return False
    return int((pixels != before).sum()) <= MAX_STILL_FRACTION * n_noisy


def is_black(pixels: U8) -> bool:
    """Say whether nothing but a dark sensor's noise is there.

    Args:
        pixels: (H, W, 3) uint8 RGB.
    """
    return float(np.percentile(pixels[::8, ::8], 99)) < BLACK_LEVEL


def is_blown(pixels: U8) -> bool:
    """Say whether every pixel is clipped; the quality gate tells the technician.

    Args:
        pixels: (H, W, 3) uint8 RGB.
    """
    return bool(pixels.min() == WHITE)


def is_torn(pixels: U8) -> bool:
    """Say whether more rows are of one single colour than chance allows.

    White rows do not count: a lamp far too bright makes them, and no lost packet.

    Args:
        pixels: (H, W, 3) uint8 RGB.
    """
    rows = pixels[(pixels[:, 0] == pixels[:, -1]).all(axis=1)]  # few, and all that may
    is_flat = (rows == rows[:, :1]).all(axis=(1, 2))
    n_flat = int((is_flat & (rows[:, 0] < WHITE).any(axis=1)).sum())
    return n_flat > MAX_FLAT_FRACTION * len(pixels)
