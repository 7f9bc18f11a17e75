"""Temperatures and operating points of a pair, from laboratories left out."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from leukoscope_edge.inference.card import DecisionEntry
from leukoscope_edge.types import F32, F64, BoolArray
from leukoscope_train.calibrate import fit_temperature, probabilities
from leukoscope_train.cells import I64, Strings
from leukoscope_train.metrics import person_weights

FALSE_CALLS = 0.02
"""Largest share of any left-out laboratory's mature cells that is called blast."""
MISSED = 0.05
"""Share of left-out blasts that may be called normal."""
MISSED_BY_QUICK = 0.01
FALSE_BY_QUICK = 0.005
"""What the quick network may get wrong by its own word, of the same cells."""
NARROWEST = 0.001
"""Probabilities nearer than this to 0 or 1 are no operating points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairPoints:
    """What a pair's card says of when it calls.

    Attributes:
        deep: The card's temperature and points.
        quick: The quick network's own.
        p: (N,) the pair's probability of blast.
        asked_deep: (N,) whether the deep network judged.
    """

    deep: DecisionEntry
    quick: DecisionEntry
    p: F64
    asked_deep: BoolArray


def fit_points(
    deep: F64,
    quick: F64,
    blast: I64,
    mature: BoolArray,
    laboratories: Strings,
    decides: BoolArray,
) -> PairPoints:
    """Fit both temperatures, the quick network's band and the card's points.

    Args:
        deep: (N,) margins of the deep network.
        quick: (N,) margins of the quick network.
        blast: (N,) 1 for blasts.
        mature: (N,) whether a cell is of a kind that healthy blood shows.
        laboratories: (N,) who judged.
        decides: (N,) whether the points are chosen with the cell.
    """
    counts = decides & (mature | (blast == 1))
    weights = person_weights(blast[counts], laboratories[counts])
    t_deep, t_quick = (
        fit_temperature(m[counts], blast[counts], weights) for m in (deep, quick)
    )
    p_deep, p_quick = probabilities(deep, t_deep), probabilities(quick, t_quick)
    blasts, normals = counts & (blast == 1), counts & mature
    low = float(np.quantile(p_quick[blasts], MISSED_BY_QUICK))
    high = worst_quantile(p_quick, normals, laboratories, FALSE_BY_QUICK)
    low, high = min(low, 0.5), max(high, 0.5)
    asked = (p_quick > low) & (p_quick < high)
    p = np.where(asked, p_deep, p_quick)
    blast_from = worst_quantile(p, normals, laboratories, FALSE_CALLS)
    normal_to = float(np.quantile(p[blasts], MISSED))
    normal_to = min(normal_to, blast_from)
    blast_from = max(blast_from, normal_to)
    own = _entry(t_deep, normal_to, blast_from)
    return PairPoints(
        deep=own,
        quick=_entry(t_quick, min(low, own.normal_to), max(high, own.blast_from)),
        p=np.asarray(p, np.float64),
        asked_deep=np.asarray(asked, np.bool_),
    )


def worst_quantile(
    p: F64, normals: BoolArray, laboratories: Strings, share: float
) -> float:
    """Return the probability that no laboratory's share of normal cells exceeds."""
    return max(
        float(np.quantile(p[normals & (laboratories == name)], 1 - share))
        for name in np.unique(laboratories[normals])
    )


def _entry(temperature: float, normal_to: float, blast_from: float) -> DecisionEntry:
    low, high = np.clip([normal_to, blast_from], NARROWEST, 1 - NARROWEST)
    return DecisionEntry(
        temperature=round(temperature, 4),
        normal_to=round(float(low), 4),
        blast_from=round(float(high), 4),
    )


def kinds_temperature(logits: F32, targets: I64) -> float:
    """Return the temperature of the kinds other than blast among themselves.

    Args:
        logits: (N, K), the blast's first, of cells that are no blasts.
        targets: (N,) place of each cell's kind.
    """
    others = logits[:, 1:].astype(np.float64)

    def loss(log_temperature: float) -> float:
        z = others / np.exp(log_temperature)
        z -= z.max(axis=1, keepdims=True)
        own = z[np.arange(len(z)), targets - 1]
        return float(np.mean(np.log(np.exp(z).sum(axis=1)) - own))

    found = minimize_scalar(loss, bounds=(-2, 3), method="bounded")
    return round(float(np.exp(found.x)), 4)
