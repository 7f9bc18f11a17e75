"""Figures of calls against the truth, and their intervals over people."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.train.drawn_cells import draw_cells

from leukoscope_train.evaluation import metrics


def test_metrics_agree_with_scikit_learn() -> None:
    from sklearn.metrics import f1_score, roc_auc_score

    random = np.random.default_rng(3)
    labels = random.integers(0, 2, 300)
    p = np.round(np.clip(0.3 * labels + random.random(300) * 0.7, 0, 1), 2)
    assert metrics.auroc(labels, p) == pytest.approx(roc_auc_score(labels, p))
    assert metrics.weighted_f1(labels, p >= 0.5) == pytest.approx(
        f1_score(labels, p >= 0.5, average="weighted")
    )


def test_intervals_resample_people_and_hold_the_figure() -> None:
    crops = draw_cells(20, 10)
    p = np.clip(0.5 + 0.3 * (crops.labels - 0.5), 0, 1)
    p[::7] = 1 - p[::7]
    found = metrics.bootstrap_intervals(
        lambda i: {"auroc": metrics.auroc(crops.labels[i], p[i])}, crops.people
    )
    low, high = found["auroc"]
    assert low < metrics.auroc(crops.labels, p) < high


def test_figures_of_nothing_are_no_numbers() -> None:
    empty, none = np.zeros(0, np.int64), np.zeros(0)
    found = metrics.all_figures(empty, none)
    finite = {name: value for name, value in found.items() if np.isfinite(value)}
    assert finite == {"f1_blast": 0.0, "f1_normal": 0.0}


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=2, max_size=60))
def test_figures_agree_with_scikit_learn(cells: list[tuple[bool, int]]) -> None:
    from sklearn import metrics as reference

    labels = np.array([int(label) for label, _ in cells], np.int64)
    p = np.array([score / 8 for _, score in cells])
    found = metrics.all_figures(labels, p)
    called = p >= 0.5
    assert found["accuracy"] == pytest.approx(reference.accuracy_score(labels, called))
    f1 = reference.f1_score(
        labels, called, labels=[0, 1], average=None, zero_division=0
    )
    assert [found["f1_normal"], found["f1_blast"]] == pytest.approx(list(f1))
    if labels.any():
        expected = reference.average_precision_score(labels, p)
        assert found["auprc"] == pytest.approx(expected)


def test_the_surest_cells_are_judged_first() -> None:
    labels = np.array([1, 0, 1, 0])
    coverage, risk = metrics.risk_coverage(labels, np.array([0.9, 0.2, 0.45, 0.05]))
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert risk.tolist() == [0.0, 0.0, 0.0, 0.25]


def test_the_margin_is_the_log_odds_of_blast() -> None:
    logits = np.array([[2.0, 0.0, 1.0], [-900.0, 3.0, 3.0]], np.float32)
    blast, *others = np.exp(logits[0].astype(np.float64))
    margins = metrics.blast_margin(logits)
    assert margins[0] == pytest.approx(np.log(blast / sum(others)))
    assert margins[1] == pytest.approx(-903 - np.log(2))
