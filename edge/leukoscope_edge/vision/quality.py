"""The gate in front of segmentation: is this frame good enough to judge?

Each measure is a number, a band in which it is good, and one instruction for the
technician where it is not. It decides about frames, never about cells.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from leukoscope_edge.types import U8
from leukoscope_edge.vision.calibration import plasma_colour

MIN_PLASMA_LEVEL = 60.0
"""Grey level of the brightest channel: darker light leaves the stain under noise."""
MAX_CLIPPED_FRACTION = 0.6
"""Of the pixels: an empty over-exposed field has lost its plasma colour."""
MIN_CONTRAST_LEVELS = 6.0
"""Standard deviation of green: a blank, covered or uniform view has less."""
MIN_SIDE_PX = 32
"""No white cell can be judged in a smaller picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One measured property of a frame and the band in which it is good."""

    name: str
    value: float
    low: float
    high: float
    instruction: str

    @property
    def is_good(self) -> bool:
        """Whether the value lies in the band."""
        return self.low <= self.value <= self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityReport:
    """All measures of a frame, the gravest first."""

    measures: tuple[Measure, ...]

    @property
    def instruction(self) -> str | None:
        """What the technician should do, None where the frame is good."""
        return next((m.instruction for m in self.measures if not m.is_good), None)


def assess(pixels: U8) -> QualityReport:
    """Measure a frame.

    Args:
        pixels: (H, W, 3) uint8 RGB.
    """
    inf = float("inf")
    size = Measure(
        name="side_px",
        value=float(min(pixels.shape[:2])),
        low=MIN_SIDE_PX,
        high=inf,
        instruction="the picture is too small to hold a cell: use a larger one",
    )
    light = Measure(
        name="plasma_level",
        value=float(plasma_colour(pixels).max()),
        low=MIN_PLASMA_LEVEL,
        high=inf,
        instruction="too dark: raise the lamp or the exposure",
    )
    contrast = Measure(
        name="contrast_levels",
        value=float(pixels[..., 1].std()),
        low=MIN_CONTRAST_LEVELS,
        high=inf,
        instruction="nothing to see: move to the film, check focus and lens cap",
    )
    clipped = Measure(
        name="clipped_fraction",
        value=float((pixels.min(axis=2) == 255).mean()),
        low=0.0,
        high=MAX_CLIPPED_FRACTION,
        instruction="too bright: lower the lamp or the exposure",
    )
    return QualityReport(measures=(size, light, contrast, clipped))


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
