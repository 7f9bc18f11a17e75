"""Bad light, colour, focus and noise, done to a picture. Imported by other tools."""

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np

from leukoscope_edge.arrays import F64, U8

Harm = Callable[[U8], U8]
Gains = tuple[float, float, float]


def shade(pixels: U8, loss: tuple[float, float, float]) -> U8:
    """Let the light fall from left to right and towards the corners, by channel."""
    height, width = pixels.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    far = np.clip(0.6 * (x + 1) / 2 + 0.4 * (x**2 + y**2) / 2, 0, 1)
    return _clipped(pixels * (1 - far[..., None] * np.array(loss)))


def tint(pixels: U8, gains: tuple[float, float, float]) -> U8:
    """Multiply the channels."""
    return _clipped(pixels * np.array(gains))


def two_tone(pixels: U8, left: Gains, right: Gains, lean: float = 0.0) -> U8:
    """Let the light change its colour from one side to the other.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        left: Factors of R, G and B on the left.
        right: The same on the right.
        lean: How much the change also runs from top to bottom, 0..1.
    """
    height, width = pixels.shape[:2]
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    share = (((1 - lean) * x + lean * y)[..., None]).astype(np.float64)
    light = (1 - share) * np.array(left) + share * np.array(right)
    return _clipped(pixels * light)


def darken_corners(pixels: U8, loss: float) -> U8:
    """Let the light fall with the fourth power towards the corners."""
    height, width = pixels.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return _clipped(pixels * (1 - loss * ((x**2 + y**2) / 2) ** 2)[..., None])


def cast(pixels: U8, strength: float) -> U8:
    """Cast other colours over regions of about a third of the width."""
    coarse = np.random.default_rng(7).uniform(-1, 1, (3, 4, 3)).astype(np.float32)
    size = (pixels.shape[1], pixels.shape[0])
    smooth = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    return _clipped(pixels * (1 - strength / 2 + strength / 2 * smooth.astype(float)))


def bleach(pixels: U8, share: float) -> U8:
    """Take a share of the stain away: what a pale stain or a short one leaves."""
    plasma = np.percentile(pixels.reshape(-1, 3), 90, axis=0)
    return _clipped(plasma + (1 - share) * (pixels - plasma))


def bend(pixels: U8, gamma: float) -> U8:
    """Bend the tone curve."""
    return _clipped(255 * (pixels / 255) ** gamma)


def compress(pixels: U8, quality: int) -> U8:
    """Compress as JPEG and back."""
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def defocus(pixels: U8, sigma_px: float) -> U8:
    """Blur."""
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma_px), np.uint8)


def sharpen(pixels: U8, sigma_px: float = 2.0) -> U8:
    """Add what a blur takes away, as some cameras do unasked. None of HARMS."""
    fine = pixels.astype(np.float64)
    return _clipped(2 * fine - cv2.GaussianBlur(fine, (0, 0), sigma_px))


def make_noisy(pixels: U8, sigma: float) -> U8:
    """Add a sensor's noise, the same each time."""
    noise = np.random.default_rng(0).standard_normal(pixels.shape)
    return _clipped(pixels + sigma * noise)


def _clipped(levels: F64) -> U8:
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


PINK: Gains = (1.0, 0.72, 0.82)
BLUE_GREEN: Gains = (0.62, 0.92, 0.95)
BLUE: Gains = (0.65, 0.75, 1.0)

HARMS: dict[str, Harm] = {
    "none": lambda pixels: pixels,
    "light -60 %": partial(shade, loss=(0.6, 0.6, 0.6)),
    "light pink to blue": partial(shade, loss=(0.5, 0.3, 0.1)),
    "light blue to pink": partial(shade, loss=(0.1, 0.3, 0.5)),
    "pink left, blue-green right": partial(two_tone, left=PINK, right=BLUE_GREEN),
    "blue-green left, pink right": partial(two_tone, left=BLUE_GREEN, right=PINK),
    "pink top left, blue below": partial(two_tone, left=PINK, right=BLUE, lean=0.5),
    "corners -70 %": partial(darken_corners, loss=0.7),
    "casts by region": partial(cast, strength=0.3),
    "stain half bleached": partial(bleach, share=0.5),
    "pale stain, pink to blue-green": lambda pixels: two_tone(
        bleach(pixels, 0.5), PINK, BLUE_GREEN
    ),
    "red +30 %": partial(tint, gains=(1.3, 1.0, 1.0)),
    "red -30 %": partial(tint, gains=(0.7, 1.0, 1.0)),
    "green +30 %": partial(tint, gains=(1.0, 1.3, 1.0)),
    "green -30 %": partial(tint, gains=(1.0, 0.7, 1.0)),
    "blue +30 %": partial(tint, gains=(1.0, 1.0, 1.3)),
    "blue -30 %": partial(tint, gains=(1.0, 1.0, 0.7)),
    "gamma 0.6": partial(bend, gamma=0.6),
    "gamma 1.6": partial(bend, gamma=1.6),
    "JPEG 90": partial(compress, quality=90),
    "JPEG 75": partial(compress, quality=75),
    "JPEG 30": partial(compress, quality=30),
    "blur 2 px": partial(defocus, sigma_px=2),
    "blur 4 px": partial(defocus, sigma_px=4),
    "blur 6 px": partial(defocus, sigma_px=6),
    "noise 12": partial(make_noisy, sigma=12),
}
