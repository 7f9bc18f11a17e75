"""What a whole slide would show, by the spreads of a model's calls over people.

The rules are the device's own (`counting`); nothing is decided here.
"""

from dataclasses import dataclass

import numpy as np

from leukoscope_edge.counting import (
    BLANK_CONFIDENCE,
    BetaSpread,
    CallModel,
    call_model,
    chances,
    highest_missed,
    limit_of_blank,
)
from leukoscope_train.evaluation.calibrate import CallCalibration

SHOWN_FRACTIONS = (0.2, 0.4, 0.8, 1.0)
"""True fractions of blasts; 0.2 is the customary lower bound of a leukemia."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideRow:
    """What slides of so many cells show.

    Attributes:
        n_cells: Usable cells counted.
        background: More blast calls than this are said to be blasts.
        found: Share of patients found, at each of `SHOWN_FRACTIONS`.
    """

    n_cells: int
    background: int
    found: tuple[float, ...]


def slide_row(model: CallModel, n_cells: int) -> SlideRow:
    """Return what slides of so many cells show by a model's calls."""
    background = limit_of_blank(model.false_calls, n_cells, BLANK_CONFIDENCE)
    above = chances(model, n_cells)[:, background + 1 :].sum(axis=1)
    return SlideRow(
        n_cells=n_cells,
        background=background,
        found=tuple(np.interp(SHOWN_FRACTIONS, model.fractions, above).tolist()),
    )


def slide_of(calibration: CallCalibration, n_cells: int) -> SlideRow:
    """Return what slides of so many cells would show by a run's own spreads."""
    true_calls, false_calls = calibration.true_calls, calibration.false_calls
    return slide_row(call_model(true_calls.spread, false_calls.spread), n_cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """What a bundle calls in a laboratory that is not that of its card.

    Attributes:
        called: Share of the blasts that are called blast.
        missed: Called normal; the others are unclear.
        unclear_normal: Share of healthy people's cells that are unclear.
    """

    called: float
    missed: float
    unclear_normal: float


def missed_elsewhere(
    model: CallModel, there: Elsewhere, n_called: int, n_cells: int
) -> tuple[float, float]:
    """Return which true fraction could be missed: as the device says, and elsewhere.

    Elsewhere people differ as they do on the card. Unclear cells are left out of a
    count; where more blasts are unclear than normal cells, that thins the blasts out.

    Args:
        model: By the card.
        there: What is called in the other laboratory.
        n_called: Called blast.
        n_cells: Usable cells.
    """
    sensitivity = there.called / (there.called + there.missed)
    spread = model.true_calls.alpha + model.true_calls.beta
    true_calls = BetaSpread(alpha=sensitivity * spread, beta=(1 - sensitivity) * spread)
    other = call_model(true_calls, model.false_calls)
    usable = highest_missed(other, n_called, n_cells)
    blasts = usable / (there.called + there.missed)
    normal = (1 - usable) / (1 - there.unclear_normal)
    said = highest_missed(model, n_called, n_cells)
    return said, blasts / (blasts + normal)
