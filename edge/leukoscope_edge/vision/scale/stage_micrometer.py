"""What a pixel measures: from a stage micrometer, bound to camera and objective.

The red cells' diameter only ever raises an alarm: anaemia shifts it by 15 %, exactly in
the children that are screened.
"""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from leukoscope_edge.arrays import F32, F64, U8
from leukoscope_edge.errors import ConfigError
from leukoscope_edge.vision.flatfield import GRID_PX, FlatField
from leukoscope_edge.vision.scale.red_cells import RED_CELL_UM, measure_red_cells

SCALE_RANGE_UM_PER_PX = (0.01, 2.0)
"""From a 100x objective on the finest sensor to a 10x one on the coarsest."""
RED_CELL_ALARM = 0.12
"""Relative difference from RED_CELL_UM beyond which someone should look, of red cells
that lie alone."""
TOUCHING_ALARM = 0.3
"""The same where nearly all touch: a scale of half or double is beyond it, and at the
right one 1 of 60 fields of wbc-fields is (`test_stage_micrometer.py`)."""
LINES_SIDE_PX = 1024
"""Longer side at which lines are searched."""
MIN_LINES = 4
"""Across the picture: fewer give no spacing worth having."""
PEAK_SHARE = 0.4
"""Of the strongest spatial frequency's power: the lowest one that has it is the
spacing; thin lines have strong harmonics, long lines at every tenth weaker ones."""
MIN_ALONG = 0.7
"""Share of the power at the spacing's frequency that lies in one direction, within ten
degrees: lines have nearly all there, cells have it all around."""
COS_TEN_DEGREES = 0.985
MIN_LINE_LEVELS = 1.0
"""Standard deviation, tapered: a blank picture has less."""
NO_LINES = "stage micrometer: no even lines found: focus on them, or mark two points"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What one camera on one objective at one resolution measures.

    Attributes:
        camera: Name of the camera, as the device's profile gives it.
        objective: Name of the objective, as on its barrel.
        width_px: Width of its frames.
        height_px: Height of its frames.
        um_per_px: Micrometres per pixel.
        source: How it was measured.
        flat_light: GRID_PX[1] x GRID_PX[0] x 3 numbers, the recorded flat field row by
            row; empty where none was recorded.
    """

    camera: str
    objective: str
    width_px: int
    height_px: int
    um_per_px: float
    source: Literal["two points", "line spacing"]
    flat_light: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        low, high = SCALE_RANGE_UM_PER_PX
        if not low <= self.um_per_px <= high:
            raise ValueError(
                f"'um_per_px' must lie in {low}..{high}, got {self.um_per_px}"
            )
        if not (self.camera and self.objective):
            raise ValueError("'camera' and 'objective' must be named")
        if self.width_px < 1 or self.height_px < 1:
            raise ValueError("'width_px' and 'height_px' must be positive")
        if len(self.flat_light) not in (0, GRID_PX[0] * GRID_PX[1] * 3):
            raise ValueError(f"'flat_light' holds {len(self.flat_light)} numbers")
        if any(not 0 <= v <= 1 for v in self.flat_light):
            raise ValueError("'flat_light' must lie in 0..1")

    @property
    def flat(self) -> FlatField | None:
        """The recorded flat field."""
        if not self.flat_light:
            return None
        light = np.array(self.flat_light, np.float32)
        return FlatField(light.reshape(GRID_PX[1], GRID_PX[0], 3))

    def mismatch(self, width_px: int, height_px: int) -> str | None:
        """Return why this calibration does not fit a frame, None where it does."""
        if (width_px, height_px) != (self.width_px, self.height_px):
            return (
                f"calibrated at {self.width_px} x {self.height_px} pixels, and the "
                f"picture has {width_px} x {height_px}"
            )
        return None


def scale_from_two_points(
    first_px: tuple[float, float], second_px: tuple[float, float], distance_um: float
) -> float:
    """Return micrometres per pixel from two points whose distance is known.

    Args:
        first_px: (x, y) of one end.
        second_px: (x, y) of the other.
        distance_um: What the stage micrometer says.

    Raises:
        ConfigError: The points coincide, or the distance is not positive.
    """
    away_px = float(np.hypot(*np.subtract(first_px, second_px)))
    if not (away_px >= 1 and distance_um > 0):
        raise ConfigError(
            f"two points: {away_px:.1f} px and {distance_um} µm apart: "
            "mark two lines that lie far from each other"
        )
    return float(distance_um / away_px)


def scale_from_lines(pixels: U8, spacing_um: float) -> float:
    """Return micrometres per pixel from the even lines of a stage micrometer.

    The lines may lie in any direction. Their spacing is the lowest strong spatial
    frequency of the picture.

    Args:
        pixels: (H, W, 3) uint8 RGB of the micrometer.
        spacing_um: Between two neighbouring lines.

    Raises:
        ConfigError: No even lines are found, or the spacing is not positive.
    """
    if not spacing_um > 0:
        raise ConfigError(f"line spacing must be positive, got {spacing_um} µm")
    factor = max(1.0, max(pixels.shape[:2]) / LINES_SIDE_PX)
    size = tuple(max(1, round(side / factor)) for side in pixels.shape[1::-1])
    green = cv2.resize(pixels[..., 1], size, interpolation=cv2.INTER_AREA)
    spacing_px = _spacing_px(green.astype(np.float32)) * factor
    return float(spacing_um / spacing_px)


def _spacing_px(channel: F32) -> float:
    height, width = channel.shape
    side = 2 ** int(np.ceil(np.log2(2 * max(height, width))))
    taper = np.outer(np.hanning(height), np.hanning(width))
    even = (channel - cv2.GaussianBlur(channel, (0, 0), max(height, width) / 8)) * taper
    if float(even.std()) < MIN_LINE_LEVELS:
        raise ConfigError(NO_LINES)
    power = np.abs(np.fft.rfft2(even, (side, side))) ** 2
    down: F64 = np.fft.fftfreq(side).astype(np.float64)[:, None]
    across: F64 = np.fft.rfftfreq(side).astype(np.float64)[None, :]
    frequency = np.hypot(down, across)
    power[frequency < MIN_LINES / max(height, width)] = 0
    y, x = _across_lines(even.astype(np.float32))
    is_across = np.abs(down * y + across * x) >= COS_TEN_DEGREES * frequency
    strong = (power >= PEAK_SHARE * (power * is_across).max()) & is_across
    lowest = float(frequency[strong].min())
    near = np.abs(frequency / max(lowest, 1e-9) - 1) < 0.2
    if lowest == 0 or _share_along(power * near, down, across) < MIN_ALONG:
        raise ConfigError(NO_LINES)
    near &= strong
    return float(power[near].sum() / (power[near] * frequency[near]).sum())


def _across_lines(even: F32) -> tuple[float, float]:
    """Return the direction, down and across, in which most edges face.

    Lines are longer than the band that they make is high, so that the band's own
    height is no spacing.

    Source: the structure tensor (Bigun and Granlund 1987).
    """
    down, across = (cv2.Sobel(even, cv2.CV_32F, *d) for d in ((0, 1), (1, 0)))
    angle = 0.5 * np.arctan2(
        2 * float((down * across).sum()), float((across**2 - down**2).sum())
    )
    return float(np.sin(angle)), float(np.cos(angle))


def _share_along(power: F64, down: F64, across: F64) -> float:
    """Return the share of the power that lies in the direction of the strongest."""
    row, column = np.unravel_index(int(power.argmax()), power.shape)
    peak = np.array([down[row, 0], across[0, column]])
    cosine = np.abs(down * peak[0] + across * peak[1]) / np.maximum(
        np.hypot(down, across) * np.hypot(*peak), 1e-12
    )
    return float(power[cosine > COS_TEN_DEGREES].sum() / power.sum())


def check_red_cells(pixels: U8, um_per_px: float) -> str | None:
    """Return a warning, None where red cells measure what they should.

    A warning, never a ruler: it may be the wrong objective, or it may be the patient.

    Args:
        pixels: (H, W, 3) uint8 RGB of a blood field.
        um_per_px: The calibration in use.
    """
    cells = measure_red_cells(pixels)
    if cells is None:
        return "red cells could not be measured: try a thinner field of blood, in focus"
    measured_um = cells.diameter_px * um_per_px
    tolerance = RED_CELL_ALARM if cells.are_alone else TOUCHING_ALARM
    if abs(measured_um / RED_CELL_UM - 1) <= tolerance:
        return None
    return (
        f"red cells measure {measured_um:.1f} µm, expected {RED_CELL_UM} µm within "
        f"{tolerance:.0%}: wrong objective, or an anaemia; calibrate again to tell"
    )
