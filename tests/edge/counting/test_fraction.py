import numpy as np
import pytest
import scipy  # its `stats`, which take half a second, are loaded on use
from hypothesis import given, settings
from hypothesis import strategies as st

from leukoscope_edge.counting import BetaSpread, binomial_interval
from leukoscope_edge.counting.fraction import (
    N_RATES,
    CallModel,
    call_model,
    chances,
    confidence_interval,
    highest_missed,
    people,
    posterior,
)

NEVER_ERRS = call_model(
    BetaSpread(alpha=1e6, beta=1e-3), BetaSpread(alpha=1e-3, beta=1e6)
)
GOOD = call_model(BetaSpread(alpha=90, beta=10), BetaSpread(alpha=1, beta=99))
WEAK = call_model(BetaSpread(alpha=2.7, beta=0.73), BetaSpread(alpha=2.4, beta=9.2))
RATES = np.sin(np.linspace(0, np.pi / 2, N_RATES)) ** 2
counts = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(("alpha", "beta"), [(2.4, 9.2), (0.3, 28.7), (90, 10)])
def test_quantiles_of_people_agree_with_scipy(alpha: float, beta: float) -> None:
    found = people(BetaSpread(alpha=alpha, beta=beta))
    middles = (np.arange(len(found)) + 0.5) / len(found)
    assert np.allclose(found, scipy.stats.beta(alpha, beta).ppf(middles), atol=1e-4)


@pytest.mark.parametrize("n", [1, 50, 500])
def test_chances_without_blasts_and_of_blasts_alone_are_beta_binomial(n: int) -> None:
    table = chances(WEAK, n)
    assert np.allclose(table.sum(axis=1), 1)
    k = np.arange(n + 1)
    assert np.allclose(table[0], scipy.stats.betabinom(n, 2.4, 9.2).pmf(k), atol=0.003)
    assert np.allclose(table[-1], scipy.stats.betabinom(n, 2.7, 0.73).pmf(k), atol=0.02)


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
    exact = scipy.stats.beta(k + 1, n - k + 1)
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


@pytest.mark.parametrize("k", [0, 1, 7, 39, 40])
@pytest.mark.parametrize("model", [NEVER_ERRS, GOOD, WEAK])
def test_the_interval_ends_between_a_fraction_that_is_held_and_one_that_is_not(
    model: CallModel, k: int
) -> None:
    held = [i for i in range(len(model.fractions)) if is_held(model, i, k, 40)]
    edges = [0.0, *(model.fractions[1:] + model.fractions[:-1]) / 2, 1.0]
    found = confidence_interval(model, k, 40)
    assert found.low == pytest.approx(edges[held[0]])
    assert found.high == pytest.approx(edges[held[-1] + 1])


def is_held(model: CallModel, i: int, k: int, n: int) -> bool:
    """Whether k is among the 95 % of counts that best fit a fraction."""
    table = chances(model, n)
    support = table[i] / table.max(axis=0)
    return float(table[i][support > support[k]].sum()) < 0.95


@pytest.mark.parametrize(
    ("k", "missed"),
    [
        (0, 0.4),  # half of 1 is too much for the chance of no call at the third
        (1, 1.0),  # no count is more
    ],
)
def test_what_could_be_missed_is_held_against_a_healthy_person(
    k: int, missed: float
) -> None:
    rates = np.array([0.0, 0.2, 0.55, 1.0])
    weights = np.eye(N_RATES)[np.searchsorted(RATES, rates)]
    fractions = np.array([0.0, 0.2, 0.4, 1.0])
    fewer = CallModel(
        true_calls=GOOD.true_calls,
        false_calls=GOOD.false_calls,
        fractions=fractions,
        rate_weights=weights,
    )
    assert highest_missed(fewer, k, 1, confidence=0.0) == missed


def test_fractions_and_chances_are_exact_at_both_ends() -> None:
    model = call_model(
        BetaSpread(alpha=2e6, beta=1e-3), BetaSpread(alpha=1e-3, beta=2e6)
    )
    table = chances(model, 5)
    assert (model.fractions[0], model.fractions[-1]) == (0.0, 1.0)
    assert table[0] == pytest.approx([1, 0, 0, 0, 0, 0], abs=1e-5)
    assert table[-1] == pytest.approx([0, 0, 0, 0, 0, 1], abs=1e-5)
    middle = scipy.stats.binom(5, float(model.fractions[100])).pmf(np.arange(6))
    assert table[100] == pytest.approx(middle, abs=1e-3)


def test_more_calls_never_lower_what_could_be_missed() -> None:
    missed = [highest_missed(WEAK, k, 100) for k in range(101)]
    assert missed == sorted(missed)


def test_a_person_with_unusually_few_false_calls_gives_no_false_comfort() -> None:
    assert highest_missed(WEAK, 0, 200) > binomial_interval(0, 200).high


def test_many_thousand_cells_are_answered_too() -> None:
    few, many = (confidence_interval(GOOD, n // 10, n) for n in (5000, 60_000))
    assert few == many
