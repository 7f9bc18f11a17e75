"""What a pixel measures, as the cells of all frames of one source bear witness.

One microscope with one objective has one scale, so that frames are pooled. Three
witnesses, none of whom is believed against the others: red cells that look round
(`circles`), red cells and bodies by thresholds (`red_cells`), and round nuclei. Where
they contradict each other, or say what no objective and camera give, the scale is not
known. It is never a calibration: anaemia shifts red cells by 15 %. It decides nothing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leukoscope_edge.arrays import F64, U8
from leukoscope_edge.vision.otsu import counts_of, otsu3_of
from leukoscope_edge.vision.scale.circles import Circle, find_circles
from leukoscope_edge.vision.scale.pixel_shape import stretches_of
from leukoscope_edge.vision.scale.red_cells import RED_CELL_UM, scale_from_cells
from leukoscope_edge.vision.view import view_of

PLAUSIBLE_UM_PER_PX = (0.03, 0.6)
"""From a 100x objective on the finest sensor to a 10x one on a coarse camera."""
TRIED_UM_PER_PX = (0.05, 0.08, 0.13, 0.2, 0.33)
"""Scales to search at, each 1.6 times the last, where none is known."""
ROUND_VIOLET_UM = 11.3
"""Diameter of what looks round and violet, nuclei and cells that they fill, their
median by size: 9.6 to 13.1 µm on five sets that show red cells too."""
MIN_VIOLET = 0.7
"""Density in red and green less twice that in blue: round red cells of five sets have
up to 0.56, nuclei 1.0 and more."""
MIN_DENSITY = 0.06
"""In green: paler circles are plasma between cells."""
MODE_WIDTH = 0.08
"""Of a logarithm, in which diameters count as alike."""
NEAR_MODE = 0.2
"""Of a logarithm: what is further from the commonest diameter is something else."""
MIN_RED_CIRCLES, MIN_NUCLEI, MIN_FRAMES = 4, 3, 3
MIN_PER_FRAME = 0.6
"""Round red cells in a frame: of fewer, most are something else."""
RED_ERROR, NUCLEUS_ERROR, BODY_ERROR = 0.07, 0.18, 0.4
"""Standard deviations of the logarithm of what a witness says, people and stains
included."""
MAX_DISPUTE = 2.5
"""Standard deviations that two witnesses may lie apart."""
Z_95 = 1.96
MAX_MISMATCH = 0.15
"""Relative; anaemia stays within it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSizes:
    """What was measured in one frame.

    Attributes:
        red_px: Diameters of round red cells.
        nuclei_px: Diameters of round nuclei.
        body_um_per_px: What the bodies by thresholds say; None where nothing.
        stretches: Width over height of red cells that lie alone, as logarithms.
    """

    red_px: tuple[float, ...]
    nuclei_px: tuple[float, ...]
    body_um_per_px: float | None
    stretches: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """One way of measuring a source.

    Attributes:
        name: Of what was measured.
        um_per_px: What it says.
        error: Standard deviation of its logarithm.
        n: How many objects, or frames, it rests on.
    """

    name: str
    um_per_px: float
    error: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceScale:
    """The scale of a source, as far as its cells tell.

    Attributes:
        um_per_px: Micrometres per pixel; None: not known.
        low: Lower end of the 95 % interval; 0 where not known.
        high: Its upper end.
        witnesses: All that spoke, the surest first.
        why_not: Why it is not known; "" where it is.
    """

    um_per_px: float | None
    low: float
    high: float
    witnesses: tuple[Witness, ...]
    why_not: str = ""

    def contradicts(self, given_um_per_px: float) -> float | None:
        """Return given over estimated scale where they contradict, else None.

        They do where the given scale lies outside the interval and is more than
        MAX_MISMATCH off. Red cells then measure that many times 7.5 µm.

        Args:
            given_um_per_px: The calibration in use.
        """
        if self.um_per_px is None:
            return None
        ratio = given_um_per_px / self.um_per_px
        is_close = abs(math.log(ratio)) <= math.log1p(MAX_MISMATCH)
        if is_close or self.low <= given_um_per_px <= self.high:
            return None
        return ratio


def measure_sizes(pixels: U8, *, with_bodies: bool = True) -> FrameSizes:
    """Measure what tells the scale of one frame.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        with_bodies: Bodies by thresholds, too: only frames together need them.
    """
    circles = [c for c in find_circles(pixels) if c.density[1] >= MIN_DENSITY]
    violet = [c for c in circles if _violet(c) >= MIN_VIOLET]
    red = [c for c in circles if _violet(c) < MIN_VIOLET]
    body_um_per_px, stretches = _by_bodies(pixels) if with_bodies else (None, ())
    return FrameSizes(
        red_px=tuple(c.diameter_px for c in red),
        nuclei_px=tuple(c.diameter_px for c in violet),
        body_um_per_px=body_um_per_px,
        stretches=stretches,
    )


def estimate_source_scale(frames: Sequence[FrameSizes]) -> SourceScale:
    """Estimate the scale of a source from its frames.

    Args:
        frames: Of one microscope with one objective; the more, the surer.
    """
    spoken = [w for w in (_red(frames), _nuclei(frames), _bodies(frames)) if w]
    witnesses = sorted(filter(_is_plausible, spoken), key=lambda w: w.error)
    if not witnesses:
        return _unknown(tuple(spoken), "nothing was found whose size is known")
    kept = [w for w in witnesses if _dispute(w, witnesses[0]) <= MAX_DISPUTE]
    if len(kept) < len(witnesses) / 2 or len(kept) == 1 < len(witnesses):
        return _unknown(tuple(witnesses), "what was measured contradicts itself")
    weights = np.array([w.error**-2 for w in kept])
    logs = np.log([w.um_per_px for w in kept])
    middle = float(np.average(logs, weights=weights))
    reach = Z_95 * float(weights.sum()) ** -0.5
    return SourceScale(
        um_per_px=math.exp(middle),
        low=math.exp(middle - reach),
        high=math.exp(middle + reach),
        witnesses=tuple(witnesses),
    )


def _unknown(witnesses: tuple[Witness, ...], why_not: str) -> SourceScale:
    return SourceScale(
        um_per_px=None, low=0.0, high=0.0, witnesses=witnesses, why_not=why_not
    )


def _is_plausible(witness: Witness) -> bool:
    """Say whether an objective and a camera give what a witness says, or nearly."""
    low, high = PLAUSIBLE_UM_PER_PX
    room = math.exp(Z_95 * witness.error)
    return low / room <= witness.um_per_px <= high * room


def _violet(circle: Circle) -> float:
    red, green, blue = circle.density
    return red + green - 2 * blue


def _by_bodies(pixels: U8) -> tuple[float | None, tuple[float, ...]]:
    """Return what red cells and bodies by thresholds say, None where they are mute.

    And how red cells are stretched.
    """
    view = view_of(pixels)
    low, _ = otsu3_of(counts_of(view.dark))
    _, high = otsu3_of(counts_of(view.violet))
    foreground = np.asarray(view.dark > low, np.bool_)
    nuclei = np.asarray(view.violet > high, np.bool_) & foreground
    estimate = scale_from_cells(foreground, nuclei)
    is_mute = estimate.source == "nothing"
    um_per_px = None if is_mute else estimate.um_per_px / view.factor
    return um_per_px, stretches_of(foreground, nuclei)


def _nuclei(frames: Sequence[FrameSizes]) -> Witness | None:
    diameters = [d for f in frames for d in f.nuclei_px]
    if len(diameters) < MIN_NUCLEI:
        return None
    middle = middle_by_size(diameters)
    spread = float(np.log(diameters).std()) / math.sqrt(len(diameters))
    return Witness(
        name="round nuclei",
        um_per_px=ROUND_VIOLET_UM / middle,
        error=math.hypot(NUCLEUS_ERROR, spread),
        n=len(diameters),
    )


def _red(frames: Sequence[FrameSizes]) -> Witness | None:
    """Return what the commonest diameter says, None where too few are alike."""
    logs = np.log(np.array([d for f in frames for d in f.red_px], np.float64))
    least = max(MIN_RED_CIRCLES, math.ceil(MIN_PER_FRAME * len(frames)))
    if len(logs) < least:
        return None
    near = alike(logs)
    if len(near) < least:
        return None
    return Witness(
        name="round red cells",
        um_per_px=RED_CELL_UM / math.exp(float(np.median(near))),
        error=math.hypot(RED_ERROR, float(near.std()) / math.sqrt(len(near))),
        n=len(near),
    )


def alike(logs: F64) -> F64:
    """Return the logarithms of diameters that are near the commonest one's."""
    if not len(logs):
        return logs
    away = (logs - logs[:, None]) / MODE_WIDTH
    # Specks and pale centres are many and small: a circle counts by its size.
    votes = (np.exp(-(away**2) / 2) * np.exp(logs)).sum(axis=1)
    return np.asarray(logs[np.abs(logs - logs[votes.argmax()]) <= NEAR_MODE])


def middle_by_size(diameters: Sequence[float]) -> float:
    """Return the median of some diameters, each counted by its size, not none.

    Platelets and lobes are many and small.
    """
    ordered = np.sort(diameters)
    shares = np.cumsum(ordered) / ordered.sum()
    return float(ordered[np.searchsorted(shares, 0.5)])


def _bodies(frames: Sequence[FrameSizes]) -> Witness | None:
    said = [f.body_um_per_px for f in frames if f.body_um_per_px]
    if len(said) < MIN_FRAMES:
        return None
    logs = np.log(said)
    low, middle, high = np.percentile(logs, [25, 50, 75])
    error = math.hypot(BODY_ERROR, float(high - low) / math.sqrt(len(said)))
    return Witness(
        name="bodies", um_per_px=math.exp(float(middle)), error=error, n=len(said)
    )


def _dispute(a: Witness, b: Witness) -> float:
    """Return how many standard deviations two witnesses lie apart."""
    return abs(math.log(a.um_per_px / b.um_per_px)) / math.hypot(a.error, b.error)
