"""Are a picture's colours in their order, or exchanged, inverted, or made alike?

A Romanowsky stain lets blue through and holds green back, most of all in nuclei; light
shines through the plasma, which is the brightest. Programs and cameras that exchange
two colours, or invert all, break that in every frame of a source.

Measured in the darkest violet of wbc-fields, marrow, Taleqani and wbc-crops-120
(natural logarithms of plasma over nucleus): red 0.48 to 0.89, green 0.72 to 1.70, blue
0.02 to 0.56. The commonest level of green is 194 to 251, and 4 to 61 in negatives.
Blue is 0.05 to 0.33 of green, and red 0.38 to 0.91; in negatives blue is 0.39 and more,
or red 1.39. A picture that was toned to one colour, or whose colours were spread out
each for itself, has all three alike.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from leukoscope_edge.arrays import F64, U8
from leukoscope_edge.vision.otsu import percentile_of

Order = Literal["right", "red-blue", "red-green", "green-blue", "inverted", "toned"]

MAX_EVERY_PX = 4
N_SAMPLED = 120 * 160
"""Pixels of a frame that are looked at where it has so many: a picture of one cell, of
128 x 128 pixels, is looked at whole."""
BLACK = 8
"""What is darker is no part of the picture: a bar, or the outside of an eyepiece."""
PLASMA_PERCENTILE = 92.0
MIN_DENSITY = 1.2
"""Of all three channels: nuclei, and no red cells."""
MIN_NUCLEUS_PX = 200
EXCHANGED = 0.75
"""A channel that lets more through than the one that should, by this ratio."""
MAX_BLUE = 0.36
"""Of green, in a nucleus of any laboratory that was measured."""
TONED = 0.5
"""Blue over green above which no stain is left."""
MAX_DARK_MODE = 100.0
SMOOTH_LEVELS = 9
MIN_FRAMES = 3


Density = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameColours:
    """What was measured in one frame.

    Attributes:
        mode: The commonest level of green, 0..255.
        above: From there to the 99th percentile.
        below: From there to the first percentile.
        density: Of nuclei, red, green and blue; None where there are too few.
        negative: The same of the frame's negative.
    """

    mode: float
    above: float
    below: float
    density: Density | None
    negative: Density | None


def measure_colours(pixels: U8) -> FrameColours:
    """Measure one frame.

    Args:
        pixels: (H, W, 3) uint8 RGB.
    """
    height, width = pixels.shape[:2]
    step = min(MAX_EVERY_PX, max(1, math.isqrt(height * width // N_SAMPLED)))
    every = _channels(pixels[::step, ::step])
    brightest = cv2.max(cv2.max(every[0], every[1]), every[2])
    lit = every.compress(brightest.ravel() > BLACK, axis=1)
    green = np.bincount(lit[1] if lit.size else every[1], minlength=256)
    mode = float(np.convolve(green, np.ones(SMOOTH_LEVELS), "same").argmax())
    return FrameColours(
        mode=mode,
        above=percentile_of(green, 99) - mode,
        below=mode - percentile_of(green, 1),
        density=_density(lit),
        negative=_density(255 - every) if mode < MAX_DARK_MODE else None,
    )


def _channels(pixels: U8) -> U8:
    """Return (3, N) of (H, W, 3) pixels."""
    channels = cv2.split(np.ascontiguousarray(pixels))
    return np.stack([channel.ravel() for channel in channels])


def _density(flat: U8) -> Density | None:
    """Return the mean density of nuclei in (3, N) pixels, None where too few."""
    if flat.shape[1] < MIN_NUCLEUS_PX:
        return None
    levels = [_density_of_levels(channel) for channel in flat]
    total = np.zeros(flat.shape[1])
    for of_level, channel in zip(levels, flat, strict=True):
        total += of_level.take(channel)
    nuclei = flat.compress(total > MIN_DENSITY, axis=1)
    if nuclei.shape[1] < MIN_NUCLEUS_PX:
        return None
    red, green, blue = (
        float(of_level.take(channel).mean())
        for of_level, channel in zip(levels, nuclei, strict=True)
    )
    return red, green, blue


def _density_of_levels(channel: U8) -> F64:
    """Return the density under a channel's plasma of each of 256 levels, at least 0."""
    counts = np.bincount(channel, minlength=256)
    plasma = percentile_of(counts, PLASMA_PERCENTILE)
    return np.asarray(np.log((plasma + 1) / np.arange(1.0, 257.0)).clip(0), np.float64)


def order_of(frames: Sequence[FrameColours]) -> Order:
    """Return how the colours of a source stand; "right" where too little tells.

    Args:
        frames: All of one source.
    """
    if len(frames) < MIN_FRAMES:
        return "right"
    mode, above, below = np.median([(f.mode, f.above, f.below) for f in frames], axis=0)
    negatives = [f.negative for f in frames if f.negative is not None]
    densities = [f.density for f in frames if f.density is not None]
    if mode < MAX_DARK_MODE:
        is_stain = len(negatives) >= MIN_FRAMES and _by(negatives) == "right"
        is_negative = above > below and is_stain and not _is_stain(densities)
        return "inverted" if is_negative else "right"
    return _by(densities) if len(densities) >= MIN_FRAMES else "right"


def _is_stain(densities: Sequence[Density]) -> bool:
    """Say whether nuclei are as a stain makes them; what they fill is dark, too."""
    if len(densities) < MIN_FRAMES:
        return False
    red, green, blue = _median_of(densities)
    return red < green and blue < MAX_BLUE * green


def _by(densities: Sequence[Density]) -> Order:
    red, green, blue = _median_of(densities)
    if green < EXCHANGED * blue:
        return "green-blue"
    if red < EXCHANGED * blue:
        return "red-blue"
    if green < EXCHANGED * red:
        return "red-green"
    return "toned" if blue > TONED * green else "right"


def _median_of(densities: Sequence[Density]) -> Density:
    red, green, blue = (float(v) for v in np.median(np.array(densities), axis=0))
    return red, green, blue
