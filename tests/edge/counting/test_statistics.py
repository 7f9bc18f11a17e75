import numpy as np
import pytest
import scipy  # its `stats`, which take half a second, are loaded on use
from hypothesis import given
from hypothesis import strategies as st

from leukoscope_edge.counting.statistics import (
    BetaSpread,
    binomial_interval,
    chance_of_at_most,
    limit_of_blank,
)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_intervals_agree_with_scipy(counts: tuple[int, int]) -> None:
    k, n = counts
    found = binomial_interval(k, n)
    exact = scipy.stats.binomtest(k, n).proportion_ci(0.95, method="exact")
    assert found.low == pytest.approx(exact.low, abs=1e-9)
    assert found.high == pytest.approx(exact.high, abs=1e-9)


@pytest.mark.parametrize(("k", "n"), [(-1, 5), (6, 5), (0, 0)])
def test_impossible_counts_are_refused(k: int, n: int) -> None:
    with pytest.raises(ValueError, match="got k"):
        binomial_interval(k, n)


@pytest.mark.parametrize(
    ("k", "n", "p", "chance"),
    [
        (0, 5, 0.0, 1.0),
        (0, 5, 1.0, 0.0),
        (4, 5, 1.0, 0.0),
        (5, 5, 1.0, 1.0),
        (5, 5, 0.5, 1.0),
        (4, 5, 0.5, 31 / 32),
        (0, 5, 0.5, 1 / 32),
    ],
)
def test_the_chance_of_so_few_is_exact_at_both_ends(
    k: int, n: int, p: float, chance: float
) -> None:
    assert chance_of_at_most(k, n, p) == pytest.approx(chance)


@pytest.mark.parametrize("n", [1, 20, 50, 200])
@pytest.mark.parametrize(("alpha", "beta"), [(2.0, 18.0), (0.5, 9.5), (50.0, 940.0)])
def test_the_limit_of_blank_agrees_with_scipy(
    n: int, alpha: float, beta: float
) -> None:
    found = limit_of_blank(BetaSpread(alpha=alpha, beta=beta), n)
    assert found == int(scipy.stats.betabinom(n, alpha, beta).ppf(0.95))


def test_people_who_differ_raise_the_limit_of_blank() -> None:
    alike = limit_of_blank(BetaSpread(alpha=100, beta=900), 200)
    differing = limit_of_blank(BetaSpread(alpha=1, beta=9), 200)
    assert differing > 1.5 * alike


def test_the_limit_of_blank_holds_in_95_of_100_healthy_people() -> None:
    random = np.random.default_rng(0)
    limit = limit_of_blank(BetaSpread(alpha=2, beta=18), 100)
    seen = random.binomial(100, random.beta(2, 18, 20_000))
    assert 0.94 < (seen <= limit).mean() < 0.98
