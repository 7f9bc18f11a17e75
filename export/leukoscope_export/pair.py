"""A quick and a deep network as a pair: where may the quick one's word stand?

From out-of-fold margins of both on the same cells. The quick network judges alone
outside a band of its own probability; the narrowest band is taken in which the pair
loses at most half a point of weighted F1 to the deep network alone.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from leukoscope_edge.arrays import F64, BoolArray
from leukoscope_edge.inference import DecisionEntry
from leukoscope_train.data import I64, Strings
from leukoscope_train.evaluation import (
    CallCalibration,
    calibrate_calls,
    fit_temperature,
    metrics,
    person_weights,
    probabilities,
)

MAX_F1_LOSS = 0.005
"""Half a point of weighted F1 against the deep network alone (project target)."""
BANDS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.49)
"""Half-widths of the band around one half that are tried, narrowest first."""
MAX_EDGE = 0.9999
"""The card's points have four decimals and lie below 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What a pair's card says, and how it was measured.

    Attributes:
        calibration: Of the pair: one temperature and the operating points.
        quick: The quick network's own temperature and band.
        margins: (N,) the pair's margins at the calibration's temperature.
        asked_deep: Share of the cells that the deep network judged.
        f1_loss: Weighted F1 of the deep network alone minus the pair's.
    """

    calibration: CallCalibration
    quick: DecisionEntry
    margins: F64
    asked_deep: float
    f1_loss: float


def fit_pair(quick: F64, deep: F64, labels: I64, people: Strings) -> Pair:
    """Choose the band and calibrate the pair.

    Args:
        quick: (N,) out-of-fold margins of the quick network.
        deep: (N,) out-of-fold margins of the deep network, on the same cells.
        labels: (N,) labels.
        people: (N,) person of every cell.
    """
    weights = person_weights(labels, people)
    t_quick, t_deep = (fit_temperature(m, labels, weights) for m in (quick, deep))
    alone, own = deep / t_deep, quick / t_quick
    for half_width in BANDS:
        unsure = np.abs(probabilities(own, 1.0) - 0.5) < half_width
        joined = np.asarray(np.where(unsure, alone, own), np.float64)
        loss = _f1(alone, labels) - _f1(joined, labels)
        if loss <= MAX_F1_LOSS:
            break
    return _pair(joined, unsure, loss, (t_quick, t_deep, half_width), labels, people)


def _pair(
    joined: F64,
    unsure: BoolArray,
    loss: float,
    fitted: tuple[float, float, float],
    labels: I64,
    people: Strings,
) -> Pair:
    t_quick, t_deep, half_width = fitted
    calibration = calibrate_calls(joined, labels, people)
    own = calibration.decision
    edge = min(_stretched(0.5 + half_width, own.temperature), MAX_EDGE)
    quick = DecisionEntry(
        temperature=round(t_quick * own.temperature, 4),
        normal_to=round(min(1 - edge, own.normal_to), 4),
        blast_from=round(max(edge, own.blast_from), 4),
    )
    deep = replace(own, temperature=round(t_deep * own.temperature, 4))
    return Pair(
        calibration=replace(calibration, decision=deep),
        quick=quick,
        margins=joined * t_deep,
        asked_deep=float(unsure.mean()),
        f1_loss=loss,
    )


def _stretched(p: float, temperature: float) -> float:
    """Return a probability after another temperature was put on its margin."""
    margin = math.log(p / (1 - p)) / temperature
    return 1 / (1 + math.exp(-margin))


def _f1(margins: F64, labels: I64) -> float:
    return metrics.weighted_f1(labels, margins >= 0)
