"""The gate in front of segmentation: is this frame good enough to judge?

Each measure is a number, a band in which it is good, and one instruction for the
technician where it is not. It decides about frames, never about cells. The bands are
wide: they shut out frames in which cells would be missed, not frames that are ugly.
Those marked "measured" were set so that all frames of four sets (real fields, two sets
of real crops, the simulated slide) pass, but for five smeared crops.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from leukoscope_edge.arrays import F32, U8
from leukoscope_edge.messages import Message, message
from leukoscope_edge.vision.colour import (
    darkness_of,
    plasma_colour,
    white_balance,
)
from leukoscope_edge.vision.flatfield import estimate_flat_field, even_out
from leukoscope_edge.vision.otsu import counts_of, otsu3_of, percentile_of
from leukoscope_edge.vision.scale.eyepiece import outside_of, window_of
from leukoscope_edge.vision.view import as_uint8

Number = TypeVar("Number", bound=np.generic)
MIN_PLASMA_LEVEL = 60.0
"""Grey level of the brightest channel: darker light leaves the stain under noise."""
MAX_CLIPPED_FRACTION = 0.9
"""Of the pixels: crops of cells on white have 0.71 and can be judged."""
MIN_CONTRAST_LEVELS = 6.0
"""Standard deviation of green: a blank, covered or uniform view has less."""
MIN_SIDE_PX = 32
"""No white cell can be judged in a smaller picture."""
MIN_COLOUR_RATIO = 0.4
"""The plasma's weakest channel over its strongest. Measured: yellow rapid stain has
0.53, a frame that nuclei fill 0.35; below this there is no plasma to be seen, or the
white balance multiplies noise."""
MIN_COLOUR_RATIO_IN_MARROW = 0.3
"""Of 1,075 tiles of marrow, where nuclei crowd, the lowest has 0.347; a person sees
stained nuclei in all of them."""
MIN_FOCUS = 0.13
"""Share of the sharpness that a second blur takes away; measured."""
MAX_SMEAR_RATIO = 1.9
"""Gradient energy of the sharpest direction over that of the dullest; measured."""
TYPICAL_PERCENTILE, TYPICAL_SHARE = 99.0, 1.3
"""A smear dulls all edges of a direction, and not the steepest hundredth alone, as a
scale bar has, or noise. Without both a ratio is smaller by so much; measured."""
MAX_COVERED_FRACTION = 0.93
"""Of the pixels: a monolayer shows plasma between the cells; measured."""
MIN_STAIN_LEVELS = 20.0
"""Of cells under plasma in the darkest channel; measured."""
NUCLEUS_PERCENTILE, NUCLEUS_SHARE = 99.5, 0.6
"""A nucleus covers half a hundredth of a field. Half bleached, under any light, those
of wbc-fields are 38 levels more violet than what surrounds them, and count as 22."""
SURROUNDINGS = 2.7
"""Of the longer side: light changes its colour over more, nuclei over less."""
MEASURE_SIDE_PX = 320
"""Longer side, about, at which a frame is measured: a blur that is lost here is not
seen by segmentation either."""
REBLUR_PX = 5
"""Side of the second blur. Source: Crete et al., SPIE 6492, 2007."""
STEEP_PERCENTILE = 95.0
"""The steepest twentieth of a field: rims of cells, edges of nuclei."""
N_STEPS = 511
"""Two differences of uint8 added are a whole number from 0 to 510."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One measured property of a frame and the band in which it is good."""

    name: str
    value: float
    low: float
    high: float
    instruction: Message

    @property
    def is_good(self) -> bool:
        """Whether the value lies in the band."""
        return self.low <= self.value <= self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityReport:
    """All measures of a frame, the gravest first."""

    measures: tuple[Measure, ...]

    @property
    def instruction(self) -> Message | None:
        """What the technician should do, None where the frame is good."""
        return next((m.instruction for m in self.measures if not m.is_good), None)

    @property
    def focus(self) -> float:
        """How crisp the frame is, 0..1."""
        return next(m.value for m in self.measures if m.name == "focus")


def assess(
    pixels: npt.NDArray[np.generic], *, in_marrow: bool = False
) -> QualityReport:
    """Measure a frame.

    Args:
        pixels: (H, W, 3) uint8 RGB. Other numbers are measured as if rounded, and a
            frame that holds no numbers is refused. What lies outside an eyepiece's
            circle is not measured.
        in_marrow: The frame shows marrow: less plain plasma is enough.
    """
    small = _seen(_reduced(as_uint8(pixels)))
    return QualityReport(
        measures=(
            _numbers(pixels),
            _size(pixels.shape),
            *_light(small, in_marrow=in_marrow),
            *_sharpness_measures(small),
            *_film(small),
        )
    )


def _reduced(pixels: U8) -> U8:
    factor = max(1, round(max(pixels.shape[:2]) / MEASURE_SIDE_PX))
    size = tuple(max(1, side // factor) for side in pixels.shape[1::-1])
    if factor == 1:
        return pixels
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _seen(pixels: U8) -> U8:
    outside = outside_of(pixels)
    return pixels if outside is None else pixels[window_of(outside)]


def _numbers(pixels: npt.NDArray[np.generic]) -> Measure:
    is_whole = pixels.dtype.kind in "ub"
    return Measure(
        name="finite_fraction",
        value=1.0 if is_whole else float(np.isfinite(pixels.astype(np.float32)).mean()),
        low=1.0,
        high=1.0,
        instruction=message("no-numbers"),
    )


def _size(shape: tuple[int, ...]) -> Measure:
    return Measure(
        name="side_px",
        value=float(min(shape[:2])),
        low=MIN_SIDE_PX,
        high=inf,
        instruction=message("too-small"),
    )


def _light(pixels: U8, *, in_marrow: bool) -> tuple[Measure, ...]:
    plasma = plasma_colour(pixels)
    least_ratio = MIN_COLOUR_RATIO_IN_MARROW if in_marrow else MIN_COLOUR_RATIO
    return (
        Measure(
            name="plasma_level",
            value=float(plasma.max()),
            low=MIN_PLASMA_LEVEL,
            high=inf,
            instruction=message("too-dark"),
        ),
        Measure(
            name="contrast_levels",
            value=float(cv2.meanStdDev(pixels)[1][1, 0]),
            low=MIN_CONTRAST_LEVELS,
            high=inf,
            instruction=message("nothing-to-see"),
        ),
        Measure(
            name="clipped_fraction",
            value=_clipped_fraction(pixels),
            low=0.0,
            high=MAX_CLIPPED_FRACTION,
            instruction=message("too-bright"),
        ),
        Measure(
            name="plasma_colour_ratio",
            value=float(plasma.min() / max(float(plasma.max()), 1.0)),
            low=least_ratio,
            high=1.0,
            instruction=message("no-plasma"),
        ),
    )


def _clipped_fraction(pixels: U8) -> float:
    """Return of how many pixels every channel is full."""
    dark = darkness_of(pixels)
    return (dark.size - cv2.countNonZero(dark)) / dark.size


def _sharpness_measures(pixels: U8) -> tuple[Measure, ...]:
    green = np.ascontiguousarray(pixels[..., 1])
    return (
        Measure(
            name="smear_ratio",
            value=_smear_ratio(green),
            low=0.0,
            high=MAX_SMEAR_RATIO,
            instruction=message("smeared"),
        ),
        Measure(
            name="focus",
            value=focus(green),
            low=MIN_FOCUS,
            high=1.0,
            instruction=message("out-of-focus"),
        ),
    )


def _film(pixels: U8) -> tuple[Measure, ...]:
    balanced = white_balance(even_out(pixels, estimate_flat_field(pixels)))
    counts = counts_of(darkness_of(balanced))
    level, _ = otsu3_of(counts)
    return (
        Measure(
            name="stain_levels",
            value=_stain_levels(balanced, counts, level),
            low=MIN_STAIN_LEVELS,
            high=inf,
            instruction=message("too-pale"),
        ),
        Measure(
            name="covered_fraction",
            value=float(counts[level + 1 :].sum()) / float(counts.sum()),
            low=0.0,
            high=MAX_COVERED_FRACTION,
            instruction=message("too-thick"),
        ),
    )


def _stain_levels(balanced: U8, counts: F32, level: int) -> float:
    """Return by how much stain darkens: all cells, or a nucleus where those are pale.

    Under light of two colours much of the foreground is plasma; a nucleus stands out.

    Args:
        balanced: (H, W, 3) uint8 RGB.
        counts: (256,) float32, how often each darkness occurs in it.
        level: Of darkness; what is above is foreground.
    """
    levels, plasma = np.arange(256), counts[: level + 1]
    cells = counts[level + 1 :]
    if not (cells.any() and plasma.any()):
        return 0.0
    of_cells = float(
        np.average(levels[level + 1 :], weights=cells)
        - np.average(levels[: level + 1], weights=plasma)
    )
    if of_cells >= MIN_STAIN_LEVELS:
        return of_cells
    return max(of_cells, NUCLEUS_SHARE * _violet_of_nuclei(balanced))


def _violet_of_nuclei(balanced: U8) -> float:
    """Return how violet the most violet places are beside their surroundings."""
    _, green, blue = cv2.split(balanced.astype(np.float32))
    violet = blue - green
    side = round(max(violet.shape) / SURROUNDINGS)
    beside = violet - cv2.blur(violet, (side, side))
    most, middle = np.percentile(beside, [NUCLEUS_PERCENTILE, 50])
    return float(most - middle)


def focus(channel: U8) -> float:
    """Return how crisp a picture is, 0 (blurred) to 1, whatever it shows.

    A second blur takes much from a crisp picture and little from a blurred one. Only
    the steepest places count, so that an empty background does not dilute it.

    Args:
        channel: (H, W) uint8.
    """
    plane = channel.astype(np.float32)
    again = cv2.blur(plane, (REBLUR_PX, REBLUR_PX))
    before, after = _steepness(plane), _steepness(np.asarray(again, np.float32))
    if before.size == 0:
        return 0.0
    steps = before.astype(np.uint16)  # whole numbers, counted in a third of the time
    counts = cv2.calcHist([steps], [0], None, [N_STEPS], [0, N_STEPS])
    level = percentile_of(np.asarray(counts, np.float32).ravel(), STEEP_PERCENTILE)
    steep = before >= level
    total = float(before[steep].sum())
    return max(0.0, 1 - float(after[steep].sum()) / total) if total > 0 else 0.0


def _steepness(channel: F32) -> F32:
    if min(channel.shape) < 2:
        return np.zeros((0, 0), np.float32)
    inner = channel[1:, 1:]
    across = cv2.absdiff(inner, channel[1:, :-1])
    down = cv2.absdiff(inner, channel[:-1, 1:])
    return np.asarray(cv2.add(across, down), np.float32)


def _smear_ratio(channel: U8) -> float:
    """Return how much sharper a picture is along one direction than along another."""
    ratio = _ratio_of(_direction_energies(channel))
    if ratio <= MAX_SMEAR_RATIO:
        return ratio
    return min(ratio, TYPICAL_SHARE * _ratio_of(_typical_energies(channel)))


def _ratio_of(energies: Sequence[float]) -> float:
    return float(max(energies) / max(min(energies), 1e-6))


def _direction_energies(channel: U8) -> tuple[float, ...]:
    """Return the mean squared steps along four directions, diagonals per length."""
    return tuple(
        cv2.norm(to, back, cv2.NORM_L2SQR) / (length2 * to.size) if to.size else 0.0
        for to, back, length2 in _directions(channel)
    )


def _typical_energies(channel: U8) -> tuple[float, ...]:
    """Return the same of less noise, the steepest steps taken for less steep ones."""
    smooth = cv2.GaussianBlur(channel.astype(np.float32), (3, 3), 0)
    steps = [(np.abs(to - back), length2) for to, back, length2 in _directions(smooth)]
    every = np.concatenate([step.ravel() for step, _ in steps])
    steepest = float(np.percentile(every, TYPICAL_PERCENTILE)) if every.size else 0.0
    return tuple(
        cv2.norm(np.minimum(step, steepest), cv2.NORM_L2SQR) / (length2 * step.size)
        if step.size
        else 0.0
        for step, length2 in steps
    )


def _directions(
    channel: npt.NDArray[Number],
) -> tuple[tuple[npt.NDArray[Number], npt.NDArray[Number], int], ...]:
    """Return each pixel and the next along four directions; how far apart, squared."""
    return (
        (channel[:, 1:], channel[:, :-1], 1),
        (channel[1:], channel[:-1], 1),
        (channel[1:, 1:], channel[:-1, :-1], 2),
        (channel[1:, :-1], channel[:-1, 1:], 2),
    )


def sharpness(pixels: U8) -> float:
    """Return how sharp a crop is, to choose among sightings of the same cell.

    Args:
        pixels: (H, W, 3) uint8 RGB.

    Returns:
        Mean squared Laplacian over the variance of green, at least 0; larger is
        sharper, and brightness drops out.
    """
    green = pixels[..., 1].astype(np.float32)
    laplacian = cv2.Laplacian(green, cv2.CV_32F)
    return float((laplacian**2).mean() / max(float(green.var()), 1.0))
