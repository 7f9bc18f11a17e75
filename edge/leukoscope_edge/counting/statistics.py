"""How sure a count is: exact intervals, and what healthy people's cells already show.

No SciPy: the binomial tail is summed exactly in the logarithm and inverted by
bisection; tests hold it against SciPy.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from leukoscope_edge.outcome import Interval

BISECTIONS = 60
"""Halvings of 0..1: past double precision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BetaSpread:
    """A beta distribution over people of the fraction of their cells called blast."""

    alpha: float
    beta: float


@lru_cache(maxsize=16)
def binomial_interval(k: int, n: int, confidence: float = 0.95) -> Interval:
    """Return the exact interval of a fraction, of which k of n were seen.

    Source: Clopper and Pearson 1934 (in haematology, Rümke 1985).

    Raises:
        ValueError: k does not lie in 0..n, or n is 0.
    """
    if not 0 <= k <= n or n == 0:
        raise ValueError(f"expected 0 <= k <= n and n > 0, got k = {k}, n = {n}")
    tail = (1 - confidence) / 2
    low = 0.0 if k == 0 else _solve(lambda p: _at_least(k, n, p) < tail)
    high = 1.0 if k == n else _solve(lambda p: 1 - _at_least(k + 1, n, p) > tail)
    return Interval(low=low, high=high)


def limit_of_blank(spread: BetaSpread, n: int, confidence: float = 0.95) -> int:
    """Return how many of n cells a healthy person shows as blast, at most.

    The count that 95 in 100 healthy people do not exceed, when each person's own
    false-call rate is drawn from the spread.

    Args:
        spread: Of the false calls of healthy people.
        n: Cells.
        confidence: Fraction of healthy people.

    Source: beta-binomial; limit of blank after CLSI EP17.
    """
    total = 0.0
    for k in range(n):
        total += math.exp(_log_beta_binomial(k, n, spread))
        if total >= confidence:
            return k
    return n


def chance_of_at_most(k: int, n: int, p: float) -> float:
    """Return the chance of k or fewer of n, each with chance p."""
    return 1 - _at_least(k + 1, n, p) if k < n else 1.0


def _log_beta_binomial(k: int, n: int, spread: BetaSpread) -> float:
    return (
        _log_choose(n, k)
        + _log_beta(k + spread.alpha, n - k + spread.beta)
        - _log_beta(spread.alpha, spread.beta)
    )


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


@lru_cache(maxsize=16384)
def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _at_least(k: int, n: int, p: float) -> float:
    """Return the probability of k or more of n."""
    if p <= 0:
        return float(k == 0)
    if p >= 1:
        return 1.0
    log_p, log_q = math.log(p), math.log1p(-p)
    return math.fsum(
        math.exp(_log_choose(n, i) + i * log_p + (n - i) * log_q)
        for i in range(k, n + 1)
    )


def _solve(is_below: Callable[[float], bool]) -> float:
    low, high = 0.0, 1.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if is_below(middle):
            low = middle
        else:
            high = middle
    return (low + high) / 2
