import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from leukoscope_edge.counting.fraction import (
    CallModel,
    call_model,
    chances,
    confidence_interval,
    highest_missed,
    limit_of_detection,
    people,
    posterior,
)
from leukoscope_edge.counting.statistics import BetaSpread, binomial_interval

NEVER_ERRS = call_model(
    BetaSpread(alpha=1e6, beta=1e-3), BetaSpread(alpha=1e-3, beta=1e6)
)
GOOD = call_model(BetaSpread(alpha=90, beta=10), BetaSpread(alpha=1, beta=99))
WEAK = call_model(BetaSpread(alpha=2.7, beta=0.73), BetaSpread(alpha=2.4, beta=9.2))
counts = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(("alpha", "beta"), [(2.4, 9.2), (0.3, 28.7), (90, 10)])
def test_quantiles_of_people_agree_with_scipy(alpha: float, beta: float) -> None:
    found = people(BetaSpread(alpha=alpha, beta=beta))
    middles = (np.arange(len(found)) + 0.5) / len(found)
    assert np.allclose(found, stats.beta(alpha, beta).ppf(middles), atol=1e-4)


@pytest.mark.parametrize("n", [1, 50, 500])
def test_chances_without_blasts_and_of_blasts_alone_are_beta_binomial(n: int) -> None:
    table = chances(WEAK, n)
    assert np.allclose(table.sum(axis=1), 1)
    k = np.arange(n + 1)
    assert np.allclose(table[0], stats.betabinom(n, 2.4, 9.2).pmf(k), atol=0.003)
    assert np.allclose(table[-1], stats.betabinom(n, 2.7, 0.73).pmf(k), atol=0.02)


@given(counts)
@settings(max_examples=25, deadline=None)
def test_without_errors_the_missed_level_is_the_exact_upper_end(
    pair: tuple[int, int],
) -> None:
    k, n = pair
    exact = binomial_interval(k, n).high
    assert highest_missed(NEVER_ERRS, k, n) == pytest.approx(exact, abs=0.009)


@given(counts)
@settings(max_examples=25, deadline=None)
def test_without_errors_the_posterior_is_a_beta_distribution(
    pair: tuple[int, int],
) -> None:
    k, n = pair
    found = posterior(NEVER_ERRS, k, n, 0.05)
    exact = stats.beta(k + 1, n - k + 1)
    assert found.interval.low == pytest.approx(exact.ppf(0.025), abs=0.01)
    assert found.interval.high == pytest.approx(exact.ppf(0.975), abs=0.01)
    assert found.p_above == pytest.approx(exact.sf(0.05), abs=0.02)


@pytest.mark.parametrize("model", [GOOD, WEAK])
@pytest.mark.parametrize("blasts", [0.0, 0.01, 0.05, 0.2, 0.8])
def test_the_interval_holds_the_truth_in_95_of_100_people(
    model: CallModel, blasts: float
) -> None:
    n, n_people = 200, 4000
    random = np.random.default_rng(3)
    called, mistaken = (
        random.beta(s.alpha, s.beta, n_people)
        for s in (model.true_calls, model.false_calls)
    )
    k = random.binomial(n, blasts * called + (1 - blasts) * mistaken)
    intervals = {int(i): confidence_interval(model, int(i), n) for i in set(k)}
    held = [intervals[int(i)].low <= blasts <= intervals[int(i)].high for i in k]
    assert 0.94 <= np.mean(held) <= 0.975


def test_more_calls_never_lower_what_could_be_missed() -> None:
    missed = [highest_missed(WEAK, k, 100) for k in range(101)]
    assert missed == sorted(missed)


def test_a_person_with_unusually_few_false_calls_gives_no_false_comfort() -> None:
    assert highest_missed(WEAK, 0, 200) > binomial_interval(0, 200).high


def test_a_good_model_detects_fewer_blasts_in_more_cells() -> None:
    found = [limit_of_detection(GOOD, n) for n in (50, 200, 500)]
    assert None not in found
    assert found == sorted(found, reverse=True)  # type: ignore[type-var]


def test_a_weak_model_has_no_limit_of_detection() -> None:
    assert limit_of_detection(WEAK, 500) is None


def test_many_thousand_cells_are_answered_too() -> None:
    few, many = (confidence_interval(GOOD, n // 10, n) for n in (5000, 60_000))
    assert few == many
