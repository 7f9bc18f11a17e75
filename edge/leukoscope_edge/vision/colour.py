"""The colour of the plasma, white balance on it, and what is darker than it."""

import cv2
import numpy as np

from leukoscope_edge.arrays import F32, U8, BoolArray
from leukoscope_edge.vision.otsu import counts_of, median_of, otsu3

PLASMA_LEVEL = 230.0
"""Grey level that the plasma is moved to: bright, with room before clipping."""
PLASMA_PERCENTILES = (60.0, 95.0)
"""Between the red cells below and glare above lies the plasma, in a monolayer."""
MIN_PLASMA_LEVEL = 1.0
"""Below this a channel is dead and is left alone."""


def plasma_colour(pixels: U8) -> F32:
    """Return the (3,) float32 RGB of the plasma, the bright empty background.

    Args:
        pixels: (H, W, 3) uint8 RGB.
    """
    channels = cv2.split(np.ascontiguousarray(pixels[::4, ::4]))
    red, green, blue = (channel.astype(np.uint16) for channel in channels)
    brightness = (red + green + blue).ravel()
    below = np.bincount(brightness).cumsum()
    ranks = [round(p / 100 * (brightness.size - 1)) for p in PLASMA_PERCENTILES]
    low, high = np.searchsorted(below, ranks, side="right")
    is_plasma = ((brightness >= low) & (brightness <= high)).reshape(red.shape)
    medians = [
        median_of(counts_of(np.asarray(c, np.uint8), is_plasma)) for c in channels
    ]
    return np.array(medians, np.float32)


def white_balance(pixels: U8) -> U8:
    """Move the plasma to neutral light grey.

    Args:
        pixels: (H, W, 3) uint8 RGB.

    Returns:
        (H, W, 3) uint8 RGB.

    Source: plasma as the white reference, Tek et al., arXiv 1607.04032.
    """
    gains = PLASMA_LEVEL / np.maximum(plasma_colour(pixels), MIN_PLASMA_LEVEL)
    # Three even channels: four times as fast as a table of three.
    channels = zip(cv2.split(pixels), gains.tolist(), strict=True)
    balanced = [cv2.convertScaleAbs(channel, alpha=gain) for channel, gain in channels]
    return np.asarray(cv2.merge(balanced), np.uint8)


def foreground_of(pixels: U8) -> BoolArray:
    """Return what is not plasma, (H, W) bool, by three-class Otsu on the darkest.

    Args:
        pixels: (H, W, 3) uint8 RGB, white-balanced.
    """
    dark = darkness_of(pixels)
    level, _ = otsu3(dark)
    return np.asarray(dark > level, np.bool_)


def darkness_of(pixels: U8) -> U8:
    """Return what the darkest channel lacks of white, (H, W) uint8."""
    red, green, blue = cv2.split(pixels)
    return np.asarray(255 - cv2.min(cv2.min(red, green), blue), np.uint8)
