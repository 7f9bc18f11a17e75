"""What a whole slide would show, by the spreads of a model's calls over people.

The rules are the device's own (`counting`); nothing is decided here. Also how many
people it takes to know such a spread.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leukoscope_edge.counting import (
    BLANK_CONFIDENCE,
    BetaSpread,
    CallModel,
    call_model,
    chances,
    limit_of_blank,
)
from leukoscope_edge.inference import SpreadEntry
from leukoscope_train.data import NORMAL
from leukoscope_train.evaluation.calibrate import CallCalibration, fit_spread
from leukoscope_train.evaluation.report import Figures

FOUND_SHARE = 0.95
"""Of patients, at the least fraction of blasts that counts as found (CLSI EP17)."""
SHOWN_FRACTIONS = (0.2, 0.4, 0.8, 1.0)
"""True fractions of blasts; 0.2 is the customary lower bound of a leukemia."""
HALF_WIDTH = 0.05
NORMAL_QUANTILE = 1.959964
"""Of a two-sided interval at 95 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideRow:
    """What slides of so many cells show.

    Attributes:
        n_cells: Usable cells counted.
        background: More blast calls than this are said to be blasts.
        found: Share of patients found, at each of `SHOWN_FRACTIONS`.
        least: Least fraction of blasts found in `FOUND_SHARE` of patients, or None.
    """

    n_cells: int
    background: int
    found: tuple[float, ...]
    least: float | None


def slide_row(model: CallModel, n_cells: int) -> SlideRow:
    """Return what slides of so many cells show by a model's calls."""
    background = limit_of_blank(model.false_calls, n_cells, BLANK_CONFIDENCE)
    above = chances(model, n_cells)[:, background + 1 :].sum(axis=1)
    reached = np.nonzero(above >= FOUND_SHARE)[0]
    return SlideRow(
        n_cells=n_cells,
        background=background,
        found=tuple(np.interp(SHOWN_FRACTIONS, model.fractions, above).tolist()),
        least=float(model.fractions[reached[0]]) if len(reached) else None,
    )


def slide_of(calibration: CallCalibration, n_cells: int) -> SlideRow:
    """Return what slides of so many cells would show by a run's own spreads."""
    true_calls, false_calls = calibration.true_calls, calibration.false_calls
    return slide_row(call_model(true_calls.spread, false_calls.spread), n_cells)


def false_alarms(spread: BetaSpread, n_cells: int, background: int) -> float:
    """Return the share of healthy people with more blast calls than a background.

    Args:
        spread: Of the false calls of these people.
        n_cells: Usable cells counted.
        background: Which a device assumes, perhaps from other people.
    """
    from scipy.stats import betabinom

    return float(betabinom.sf(background, n_cells, spread.alpha, spread.beta))


def false_calls_of(*sets: Sequence[Figures]) -> SpreadEntry:
    """Fit the spread of false calls to the healthy people of `report.by_person` rows.

    Raises:
        DataError: Fewer than two healthy people have called cells.
    """
    healthy = [row for rows in sets for row in rows if row["label"] == NORMAL]
    n_cells = np.array([row["n_cells"] for row in healthy], np.int64)
    blast = np.array([row["blast"] for row in healthy]) * n_cells
    normal = np.array([row["normal"] for row in healthy]) * n_cells
    called = np.rint(blast).astype(np.int64)
    return fit_spread(called, called + np.rint(normal).astype(np.int64))


def people_needed(spread: BetaSpread, half_width: float = HALF_WIDTH) -> int:
    """Return how many people fix the mean of a spread to within so much, at 95 %.

    The people are taken to have many cells each, so that they alone differ.
    """
    alpha, beta = spread.alpha, spread.beta
    variance = alpha * beta / ((alpha + beta) ** 2 * (alpha + beta + 1))
    return math.ceil(NORMAL_QUANTILE**2 * variance / half_width**2)


def people_for_share(share: float, half_width: float = HALF_WIDTH) -> int:
    """Return how many people fix a share of them to within so much, at 95 %."""
    return math.ceil(NORMAL_QUANTILE**2 * share * (1 - share) / half_width**2)
