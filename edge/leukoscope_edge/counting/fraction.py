"""The true fraction of blasts behind a count, when the model errs and people differ.

A cell of a person is called blast with chance q = f s + (1 - f) b: f the true fraction
of blasts, s this person's share of blasts that are called, b the share of their normal
cells called by mistake. Nobody knows s and b of a new person, only how they spread over
people. So the chance of a count given f is a binomial averaged over both spreads, here
on a grid, and every statement about f follows from that one table.

The confidence interval keeps its promise at every true fraction, zero included; the
posterior says how likely each fraction is to one who knows nothing but the slide.

Source: likelihood-ratio ordering, Feldman and Cousins 1998; the error of prevalence
estimates with uncertain sensitivity, Gelman and Carpenter 2020.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from leukoscope_edge.arrays import F64
from leukoscope_edge.counting.statistics import BetaSpread
from leukoscope_edge.outcome import Interval, Posterior

N_FRACTIONS = 401
N_RATES = 512
"""Grid points, even in the arcsine of the root, where a binomial is equally wide
everywhere; half a step is 0.001 of a radian against 0.02 for 500 cells."""
N_PEOPLE = 64
"""Quantiles that stand for a spread; twice as many move no interval by a step."""
MAX_CELLS = 5000
"""More cells are taken for so many: people then differ far more than chance does."""
LOGIT_RANGE, N_LOGITS = 60.0, 8001
"""The grid on which a beta distribution is summed."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CallModel:
    """What a model's calls say of the true fraction of blasts; equal only to itself.

    Attributes:
        true_calls: Spread over people of the share of blasts that are called blast.
        false_calls: Spread over people of the share of normal cells called blast.
        fractions: (F,) float64, rising from 0 to 1, the true fractions considered.
        rate_weights: (F, R) float64, rows sum to 1: over people, how likely each rate
            of blast calls is at each true fraction.
    """

    true_calls: BetaSpread
    false_calls: BetaSpread
    fractions: F64
    rate_weights: F64


@lru_cache(maxsize=8)
def call_model(true_calls: BetaSpread, false_calls: BetaSpread) -> CallModel:
    """Average over people once, for all counts to come."""
    angles = np.linspace(0, math.pi / 2, N_FRACTIONS)
    fractions = np.sin(angles) ** 2
    called, mistaken = people(true_calls), people(false_calls)
    # One fraction at a time: all at once would take 80 MB of a small device.
    rows = [
        _weights((f * called[:, None] + (1 - f) * mistaken).ravel()) for f in fractions
    ]
    return CallModel(
        true_calls=true_calls,
        false_calls=false_calls,
        fractions=fractions,
        rate_weights=np.stack(rows),
    )


@lru_cache(maxsize=8)
def chances(model: CallModel, n: int) -> F64:
    """Return (F, n + 1) float64: of 0..n calls among n cells, by true fraction."""
    return np.asarray(model.rate_weights @ _binomials(n), np.float64)


def people(spread: BetaSpread) -> F64:
    """Return (N_PEOPLE,) float64: equally likely rates that stand for a spread."""
    logits = np.linspace(-LOGIT_RANGE, LOGIT_RANGE, N_LOGITS)
    log_p = -np.logaddexp(0, -logits)
    log_density = spread.alpha * log_p + spread.beta * (log_p - logits)
    density = np.exp(log_density - log_density.max())
    cumulated = np.cumsum(density) - density / 2
    middles = (np.arange(N_PEOPLE) + 0.5) / N_PEOPLE
    at = np.interp(middles, cumulated / density.sum(), logits)
    return np.asarray(1 / (1 + np.exp(-at)), np.float64)


def confidence_interval(
    model: CallModel, k: int, n: int, confidence: float = 0.95
) -> Interval:
    """Return the interval of the true fraction after k of n cells were called blast.

    Over people it covers the truth with at least the confidence at every fraction,
    and not much more, because each end gives way where the other cannot.
    """
    k, n = _bounded(k, n)
    table = chances(model, n)
    support = table / np.maximum(table.max(axis=0), np.finfo(float).tiny)
    better = (table * (support > support[:, [k]])).sum(axis=1)
    held = np.flatnonzero(better < confidence)
    last = len(model.fractions) - 1
    low, high = held[0], held[-1]
    return Interval(
        low=0.0 if low == 0 else _between(model, low - 1, low),
        high=1.0 if high == last else _between(model, high, high + 1),
    )


def highest_missed(model: CallModel, k: int, n: int, confidence: float = 0.95) -> float:
    """Return the highest true fraction at which so few calls are no surprise.

    So few are held against the chance of as few in a healthy person, so that a person
    with fewer false calls than most gives no false comfort. With a model that never
    errs it is the upper end of the exact binomial interval.

    Source: the ratio of two tails (CLs), Read 2002.
    """
    k, n = _bounded(k, n)
    tail = chances(model, n)[:, : k + 1].sum(axis=1)
    held = np.flatnonzero(tail > (1 - confidence) / 2 * tail[0])
    return float(model.fractions[min(held[-1] + 1, len(model.fractions) - 1)])


def tails_at(model: CallModel, fraction: float, k: int, n: int) -> tuple[float, float]:
    """Return the chance of k or fewer, and of k or more, at a true fraction."""
    row = int(np.argmin(np.abs(model.fractions - fraction)))
    here = chances(model, n)[row]
    return float(here[: k + 1].sum()), float(here[k:].sum())


def posterior(model: CallModel, k: int, n: int, cut_off: float) -> Posterior:
    """Return how likely each true fraction is to one to whom all were alike before."""
    k, n = _bounded(k, n)
    f = model.fractions
    weights = chances(model, n)[:, k] * np.gradient(f)
    cumulated = np.cumsum(weights) - weights / 2
    cumulated /= weights.sum()
    low, median, high = (float(np.interp(p, cumulated, f)) for p in (0.025, 0.5, 0.975))
    return Posterior(
        median=median,
        interval=Interval(low=low, high=high),
        cut_off=cut_off,
        p_above=float(1 - np.interp(cut_off, f, cumulated)),
    )


def _bounded(k: int, n: int) -> tuple[int, int]:
    """Return a count of at most `MAX_CELLS` with the same fraction."""
    return (k, n) if n <= MAX_CELLS else (round(k / n * MAX_CELLS), MAX_CELLS)


def _between(model: CallModel, a: int, b: int) -> float:
    return float(model.fractions[a] + model.fractions[b]) / 2


def _rates() -> F64:
    return np.asarray(np.sin(np.linspace(0, math.pi / 2, N_RATES)) ** 2, np.float64)


def _weights(rates: F64) -> F64:
    """Share each rate out between its two neighbours on the grid.

    Args:
        rates: (P,) float64 in 0..1, of P equally likely people.

    Returns:
        (R,) float64, sums to 1.
    """
    at = np.arcsin(np.sqrt(np.clip(rates, 0, 1))) / (math.pi / 2) * (N_RATES - 1)
    below = np.minimum(at.astype(np.int64), N_RATES - 2)
    upper_share = at - below
    weights = np.bincount(below, 1 - upper_share, N_RATES)
    weights += np.bincount(below + 1, upper_share, N_RATES)
    return np.asarray(weights / len(rates), np.float64)


def _binomials(n: int) -> F64:
    """Return (R, n + 1) float64: the chance of 0..n of n at each rate."""
    k = np.arange(n + 1)
    log_factorials = np.array([math.lgamma(i + 1) for i in range(n + 1)])
    log_choose = log_factorials[n] - log_factorials - log_factorials[::-1]
    rates = _rates()[:, None]
    chances = np.zeros((N_RATES, n + 1))
    inner = rates[1:-1]
    chances[1:-1] = np.exp(log_choose + k * np.log(inner) + (n - k) * np.log1p(-inner))
    chances[0, 0] = chances[-1, n] = 1.0
    return chances
