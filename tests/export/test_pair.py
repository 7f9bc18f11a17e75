import numpy as np
import pytest

from leukoscope_edge.inference import DecisionEntry
from leukoscope_export.pair import MAX_F1_LOSS, Pair, fit_pair
from leukoscope_train.evaluation import probabilities
from leukoscope_train.evaluation.metrics import weighted_f1


def study(quick_noise: float) -> tuple[Pair, np.ndarray, np.ndarray, np.ndarray]:
    """Eight people, a deep network that knows and a quick one that knows less."""
    random = np.random.default_rng(0)
    people = np.repeat([f"p{i}" for i in range(8)], 150)
    labels = np.repeat(np.arange(8) % 2, 150)
    truth = np.where(labels == 1, 2.0, -2.0)
    deep = truth + random.normal(0, 1.2, len(truth))
    quick = truth + random.normal(0, quick_noise, len(truth))
    return fit_pair(quick, deep, labels, people), quick, deep, labels


@pytest.mark.parametrize("quick_noise", [0.8, 1.5, 3.0])
def test_the_pair_loses_no_more_than_it_may(quick_noise: float) -> None:
    pair, _, deep, labels = study(quick_noise)
    alone = weighted_f1(labels, deep >= 0)
    together = weighted_f1(labels, pair.margins >= 0)
    assert pair.f1_loss == pytest.approx(alone - together)
    assert pair.f1_loss <= MAX_F1_LOSS or pair.asked_deep > 0.5


def test_a_better_quick_network_asks_the_deep_one_less_often() -> None:
    assert study(0.8)[0].asked_deep < study(3.0)[0].asked_deep


def is_between(p: np.ndarray, decision: DecisionEntry) -> np.ndarray:
    return (p > decision.normal_to) & (p < decision.blast_from)


def test_the_card_of_a_pair_leaves_the_quick_network_as_unsure_as_the_pair() -> None:
    pair, quick, deep, _ = study(1.5)
    card, own = pair.calibration.decision, pair.quick
    assert own.normal_to <= card.normal_to
    assert own.blast_from >= card.blast_from
    unsure = is_between(probabilities(quick, own.temperature), own)
    scaled = quick * card.temperature / own.temperature
    joined = np.where(unsure, deep, scaled)
    # The band may be wider than the measured one, never narrower.
    assert unsure.mean() >= pair.asked_deep - 0.01
    same = np.isclose(joined, pair.margins, rtol=1e-3, atol=1e-3)
    assert same.mean() > 0.8
