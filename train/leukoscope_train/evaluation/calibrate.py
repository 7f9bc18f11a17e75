"""From out-of-fold margins to the numbers of the card.

Every cell's margin comes from a network that never saw its person. Weights give each
class, and in it each person, the same say, so that one person with a thousand cells
does not set the temperature for all.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import betaln

from leukoscope_edge.arrays import F64
from leukoscope_edge.inference import DecisionEntry, SpreadEntry
from leukoscope_train.data import BLAST, I64, NORMAL, Strings
from leukoscope_train.errors import DataError
from leukoscope_train.evaluation.metrics import person_weights

ERROR_LIMITS = (0.05, 0.06, 0.08, 0.10, 0.12, 0.15, 0.20, 0.25, 0.30)
"""Largest person-weighted shares of normal cells called blast and of blasts called
normal, out of fold; the first that leaves few enough cells unclear is taken. 5 % is
the safety limit on false negatives of the ISLH review rules, applied to cells."""
MAX_UNCLEAR = 0.15
"""Person-weighted share of unclear cells. A slide with more than a fifth of them has
no result, so that a weak network held to 5 % would never give one."""
LOG_RANGE = (-5.0, 7.0)
"""Of the logarithms of a spread's two parameters: where people do not differ at all the
likelihood has no maximum, and the fit stops at these ends."""
LOG_TEMPERATURES = (math.log(0.051), math.log(19.5))
"""A card takes temperatures from 0.05 to 20."""
NARROWEST = 0.01
"""Probabilities nearer than this to 0 or 1 are no operating points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCalibration:
    """The card's numbers that come from out-of-fold margins."""

    decision: DecisionEntry
    false_calls: SpreadEntry
    true_calls: SpreadEntry


def probabilities(margins: F64, temperature: float) -> F64:
    """Return the calibrated probability of blast of margins, as the device does."""
    return np.asarray(0.5 * (1 + np.tanh(margins / temperature / 2)), np.float64)


def fit_temperature(margins: F64, labels: I64, weights: F64) -> float:
    """Return the temperature that minimises the weighted negative log likelihood.

    Source: Guo et al. 2017.
    """
    from scipy.optimize import minimize_scalar

    sign = np.where(labels == BLAST, 1.0, -1.0)

    def loss(log_temperature: float) -> float:
        z = sign * margins / math.exp(log_temperature)
        return float(np.average(np.logaddexp(0, -z), weights=weights))

    found = minimize_scalar(loss, bounds=LOG_TEMPERATURES, method="bounded")
    return float(math.exp(found.x))


def weighted_quantile(values: F64, weights: F64, share: float) -> float:
    """Return the value below which lies a share of the weight."""
    order = np.argsort(values)
    mass = np.cumsum(weights[order]) / weights.sum()
    index = int(np.searchsorted(mass, share))
    return float(values[order][min(index, len(values) - 1)])


def fit_decision(margins: F64, labels: I64, people: Strings) -> DecisionEntry:
    """Fit the temperature and both operating points.

    Between the operating points the device abstains. Where the two error limits
    leave no band between them, both points are at their middle and nothing is unclear.
    """
    weights = person_weights(labels, people)
    temperature = fit_temperature(margins, labels, weights)
    p = probabilities(margins, temperature)
    for limit in ERROR_LIMITS:
        low, high = _operating_points(p, labels, weights, limit)
        unclear = float(np.average((p > low) & (p < high), weights=weights))
        if unclear <= MAX_UNCLEAR:
            break
    return DecisionEntry(
        temperature=round(temperature, 4),
        normal_to=round(low, 4),
        blast_from=round(high, 4),
    )


def _operating_points(
    p: F64, labels: I64, weights: F64, limit: float
) -> tuple[float, float]:
    normal, blast = labels == NORMAL, labels == BLAST
    blast_from = weighted_quantile(p[normal], weights[normal], 1 - limit)
    normal_to = weighted_quantile(p[blast], weights[blast], limit)
    if normal_to > blast_from:
        normal_to = blast_from = (normal_to + blast_from) / 2
    low, high = np.clip([normal_to, blast_from], NARROWEST, 1 - NARROWEST)
    return float(low), float(high)


def fit_spread(n_called: I64, n_cells: I64) -> SpreadEntry:
    """Fit a beta distribution over people to counts, by maximum likelihood.

    Args:
        n_called: (P,) cells called blast of each person.
        n_cells: (P,) cells called at all of each person.

    Raises:
        DataError: Fewer than two people have cells.
    """
    from scipy.optimize import minimize

    has = n_cells > 0
    if has.sum() < 2:
        raise DataError("a spread over people needs two people with called cells")
    called, total = n_called[has].astype(float), n_cells[has].astype(float)

    def loss(logs: F64) -> float:
        alpha, beta = np.exp(np.clip(logs, *LOG_RANGE))
        terms = betaln(called + alpha, total - called + beta) - betaln(alpha, beta)
        # Half a pseudo-person keeps the fit finite where people hardly differ.
        return float(-terms.sum() + 0.5 * np.log1p((alpha + beta) / 200))

    start = np.log([0.5, 2.0] if called.sum() < total.sum() / 2 else [2.0, 0.5])
    found = minimize(loss, start, method="Nelder-Mead")
    alpha, beta = np.exp(np.clip(found.x, *LOG_RANGE))
    return SpreadEntry(
        alpha=round(float(alpha), 4),
        beta=round(float(beta), 4),
        n_people=int(has.sum()),
    )


def calls_per_person(
    p_blast: F64, chosen_people: Strings, decision: DecisionEntry
) -> tuple[I64, I64]:
    """Return (P,) cells called blast and (P,) cells called at all, by person."""
    names = np.unique(chosen_people)
    usable = (p_blast >= decision.blast_from) | (p_blast <= decision.normal_to)
    called = p_blast >= decision.blast_from
    return (
        np.array([int(called[chosen_people == n].sum()) for n in names], np.int64),
        np.array([int(usable[chosen_people == n].sum()) for n in names], np.int64),
    )


def calibrate_calls(margins: F64, labels: I64, people: Strings) -> CallCalibration:
    """Fit everything that the card takes from out-of-fold margins."""
    decision = fit_decision(margins, labels, people)
    p = probabilities(margins, decision.temperature)
    spreads = []
    for label in (NORMAL, BLAST):
        here = labels == label
        spreads.append(fit_spread(*calls_per_person(p[here], people[here], decision)))
    return CallCalibration(
        decision=decision, false_calls=spreads[0], true_calls=spreads[1]
    )
