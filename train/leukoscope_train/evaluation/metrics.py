"""How well calls agree with the truth: plain functions of labels and probabilities.

Labels are 0 (normal) and 1 (blast). Where a class is absent the figure is NaN.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from leukoscope_edge.arrays import F32, F64
from leukoscope_train.data import BLAST, I64, NORMAL, Strings

ECE_BINS = 15
"""Bins of equal mass; the number of Guo et al. 2017."""
N_BOOTSTRAP = 1000
"""Resamplings of people for a 95 % interval."""

BoolArray = npt.NDArray[np.bool_]


def auroc(labels: I64, scores: F64) -> float:
    """Return the area under the ROC curve, ties counted half (Mann-Whitney)."""
    n_blast = int(labels.sum())
    n_normal = len(labels) - n_blast
    if n_blast == 0 or n_normal == 0:
        return float("nan")
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    mean_rank = last - (count - 1) / 2
    ranks = mean_rank[place]
    wins = ranks[labels == 1].sum() - n_blast * (n_blast + 1) / 2
    return float(wins / (n_blast * n_normal))


def blast_margin(logits: F32) -> F64:
    """Return (N,) blast's logit minus the log-sum-exp of all other kinds."""
    z = logits.astype(np.float64)
    top = z[:, 1:].max(axis=1, keepdims=True)
    others = top[:, 0] + np.log(np.exp(z[:, 1:] - top).sum(axis=1))
    return np.asarray(z[:, 0] - others, np.float64)


def sensitivity(labels: I64, called_blast: BoolArray) -> float:
    """Return the share of blasts called blast."""
    chosen = called_blast[labels == 1]
    return float(chosen.mean()) if len(chosen) else float("nan")


def specificity(labels: I64, called_blast: BoolArray) -> float:
    """Return the share of normal cells not called blast."""
    chosen = called_blast[labels == 0]
    return float(1 - chosen.mean()) if len(chosen) else float("nan")


def accuracy(labels: I64, called_blast: BoolArray) -> float:
    """Return the share of cells called rightly."""
    return float(np.mean(called_blast == (labels == 1))) if len(labels) else np.nan


def precision(labels: I64, called_blast: BoolArray, label: int) -> float:
    """Return the share of the calls of one class that are right."""
    chosen = labels[called_blast == (label == 1)]
    return float(np.mean(chosen == label)) if len(chosen) else float("nan")


def f1(labels: I64, called_blast: BoolArray, label: int) -> float:
    """Return the F1 score of one class; 0 where nothing is called or true."""
    truth, called = labels == label, called_blast == (label == 1)
    both = int((truth & called).sum())
    either = int(truth.sum() + called.sum())
    return 2 * both / either if either else 0.0


def weighted_f1(labels: I64, called_blast: BoolArray) -> float:
    """Return the F1 scores of both classes, weighted by their true shares."""
    share = float(labels.mean()) if len(labels) else float("nan")
    return (1 - share) * f1(labels, called_blast, 0) + share * f1(
        labels, called_blast, 1
    )


def expected_calibration_error(
    labels: I64, p_blast: F64, weights: F64 | None = None
) -> float:
    """Return the mean gap of probability and frequency over bins of equal mass.

    Args:
        labels: (N,) labels.
        p_blast: (N,) probability of blast.
        weights: (N,) positive weights, or None for equal ones.

    Source: Guo et al. 2017, with equal-mass bins.
    """
    if len(labels) == 0:
        return float("nan")
    weight = np.ones(len(labels)) if weights is None else weights
    order = np.argsort(p_blast, kind="stable")
    mass = np.cumsum(weight[order]) / weight.sum()
    bins = np.minimum((mass * ECE_BINS).astype(np.int64), ECE_BINS - 1)
    surplus = weight[order] * (p_blast[order] - labels[order])
    gaps = np.abs(np.bincount(bins, surplus, minlength=ECE_BINS))
    return float(gaps.sum() / weight.sum())


def brier(labels: I64, p_blast: F64) -> float:
    """Return the mean squared error of the probability."""
    return float(np.mean((p_blast - labels) ** 2)) if len(labels) else float("nan")


def person_weights(labels: I64, people: Strings) -> F64:
    """Return weights by which each class, and in it each person, counts the same.

    Returns:
        (N,) float64 with mean 1.
    """
    weights = np.zeros(len(labels))
    for label in np.unique(labels):
        members = np.unique(people[labels == label])
        for person in members:
            here = (labels == label) & (people == person)
            weights[here] = 1 / (len(members) * here.sum())
    total = weights.sum()
    return np.asarray(weights * len(weights) / total if total else weights, np.float64)


def average_precision(labels: I64, scores: F64) -> float:
    """Return the area under the precision-recall curve of blasts, as a step sum."""
    n_blast = int(labels.sum())
    if n_blast == 0:
        return float("nan")
    ranked, place = np.unique(-scores, return_inverse=True)
    n_called = np.cumsum(np.bincount(place, minlength=len(ranked)))
    n_right = np.cumsum(np.bincount(place, labels, minlength=len(ranked)))
    steps = np.diff(n_right, prepend=0)
    return float(np.sum(steps * n_right / n_called) / n_blast)


def risk_coverage(labels: I64, p_blast: F64) -> tuple[F64, F64]:
    """Return coverage and error of the surest cells, from the surest one on.

    Returns:
        (N,) share of cells judged, and (N,) share of those called wrongly at 0.5.
    """
    order = np.argsort(-np.abs(p_blast - 0.5), kind="stable")
    wrong = ((p_blast >= 0.5) != (labels == 1))[order]
    n_judged = np.arange(1, len(labels) + 1)
    return n_judged / len(labels), np.cumsum(wrong) / n_judged


def all_figures(labels: I64, p_blast: F64) -> dict[str, float]:
    """Return every cell-level figure; calls are at a probability of 0.5."""
    called = p_blast >= 0.5
    return {
        "accuracy": accuracy(labels, called),
        "weighted_f1": weighted_f1(labels, called),
        "f1_blast": f1(labels, called, BLAST),
        "f1_normal": f1(labels, called, NORMAL),
        "precision_blast": precision(labels, called, BLAST),
        "precision_normal": precision(labels, called, NORMAL),
        "sensitivity": sensitivity(labels, called),
        "specificity": specificity(labels, called),
        "auroc": auroc(labels, p_blast),
        "auprc": average_precision(labels, p_blast),
        "ece": expected_calibration_error(labels, p_blast),
        "brier": brier(labels, p_blast),
    }


def bootstrap_intervals(
    figures: Callable[[I64], dict[str, float]],
    people: Strings,
    *,
    n_draws: int = N_BOOTSTRAP,
) -> dict[str, tuple[float, float]]:
    """Return the 95 % intervals of figures by resampling people, never cells.

    Args:
        figures: Takes (M,) indices of cells, with repeats, and returns the figures.
        people: (N,) person of every cell.
        n_draws: How often.

    Returns:
        Low and high by figure; NaN where fewer than two people are known.
    """
    names = np.unique(people)
    if len(names) < 2 or (names == "").any():
        nothing = (float("nan"), float("nan"))
        return dict.fromkeys(figures(np.arange(len(people))), nothing)
    members = [np.nonzero(people == name)[0] for name in names]
    random = np.random.default_rng(0)
    values: dict[str, list[float]] = {}
    for _ in range(n_draws):
        drawn = random.integers(len(names), size=len(names))
        for name, value in figures(np.concatenate([members[i] for i in drawn])).items():
            values.setdefault(name, []).append(value)
    return {name: _middle_95(np.array(found)) for name, found in values.items()}


def _middle_95(values: F64) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    if len(finite) == 0:
        return float("nan"), float("nan")
    low, high = np.percentile(finite, [2.5, 97.5])
    return float(low), float(high)
