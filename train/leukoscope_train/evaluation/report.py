"""The figures of models on a set, pooled and person by person, with intervals."""

from typing import Any

import numpy as np

from leukoscope_edge.arrays import F64
from leukoscope_train.data import BLAST, I64, NORMAL, CropSet, Strings
from leukoscope_train.evaluation import metrics
from leukoscope_train.evaluation.baselines import ALWAYS_ALL, SIZE_ONLY
from leukoscope_train.evaluation.calibrate import CallCalibration, probabilities

Figures = dict[str, Any]


def model_row(
    model: str,
    labels: I64,
    p: F64,
    people: Strings,
    n_draws: int = metrics.N_BOOTSTRAP,
) -> Figures:
    """Return one model's figures, each with its interval over people.

    Returns:
        `model`, `n_cells`, `n_people`, `pooled` ([value, low, high] by figure),
        `confusion` ([[normal as normal, as blast], [blast as normal, as blast]]) and
        `person_mean` (figures in which each person counts alike).
    """

    def figures(chosen: I64) -> dict[str, float]:
        return metrics.all_figures(labels[chosen], p[chosen])

    intervals = metrics.bootstrap_intervals(figures, people, n_draws=n_draws)
    values = figures(np.arange(len(p)))
    called = p >= 0.5
    return {
        "model": model,
        "n_cells": len(p),
        "n_people": len(set(people.tolist()) - {""}),
        "pooled": {name: [value, *intervals[name]] for name, value in values.items()},
        "confusion": [
            [int(((labels == truth) & (called == call)).sum()) for call in (0, 1)]
            for truth in (NORMAL, BLAST)
        ],
        "person_mean": _person_mean(labels, p, people),
    }


def _person_mean(labels: I64, p: F64, people: Strings) -> dict[str, float]:
    """Return sensitivity and specificity as means over people, and their AUROC."""
    rows = by_person(labels, p, people, NO_BAND)
    blasts = np.array([r["blast"] for r in rows])
    truth = np.array([r["label"] for r in rows], np.int64)
    return {
        "sensitivity": _mean(blasts[truth == BLAST]),
        "specificity": _mean(1 - blasts[truth == NORMAL]),
        "auroc_of_people": metrics.auroc(truth, blasts),
    }


def _mean(values: F64) -> float:
    return float(values.mean()) if len(values) else float("nan")


NO_BAND = (0.5, 0.5)
"""Operating points with nothing unclear between them."""


def by_person(
    labels: I64, p: F64, people: Strings, points: tuple[float, float]
) -> list[Figures]:
    """Return each person's shares of cells called blast, normal and unclear.

    Args:
        labels: (N,) labels.
        p: (N,) probability of blast.
        people: (N,) person of every cell.
        points: Below or at the first the call is normal, from the second on blast.
    """
    blast = p >= points[1]
    normal = (p <= points[0]) & ~blast
    rows = []
    for person in np.unique(people[people != ""]):
        here = people == person
        rows.append(
            {
                "person": str(person),
                "label": int(labels[here][0]),
                "n_cells": int(here.sum()),
                "blast": float(blast[here].mean()),
                "normal": float(normal[here].mean()),
                "unclear": float((~blast & ~normal)[here].mean()),
            }
        )
    return rows


def table_of(
    model: str,
    crops: CropSet,
    p: F64,
    p_size: F64,
    n_draws: int = metrics.N_BOOTSTRAP,
) -> list[Figures]:
    """Return the rows of a model and of both baselines on the same cells."""
    named = {model: p, SIZE_ONLY: p_size, ALWAYS_ALL: np.ones(len(p))}
    return [
        model_row(name, crops.labels, own, crops.people, n_draws)
        for name, own in named.items()
    ]


def figures(
    crops: CropSet,
    margins: F64,
    calibration: CallCalibration,
    fold_of: I64,
    p_size: F64,
    model: str,
    n_draws: int = metrics.N_BOOTSTRAP,
) -> Figures:
    """Return the out-of-fold figures of a run, ready for JSON.

    Args:
        crops: The cells.
        margins: (N,) blast minus normal, each from a network that never saw the person.
        calibration: Temperature and operating points.
        fold_of: (N,) fold of every cell.
        p_size: (N,) probability of blast by size alone, out of fold.
        model: Its name in the table.
        n_draws: Resamplings for the intervals.
    """
    decision = calibration.decision
    p = probabilities(margins, decision.temperature)
    points = (decision.normal_to, decision.blast_from)
    models = table_of(model, crops, p, p_size, n_draws)
    for row, own in zip(models, (p, p_size, np.ones(len(p))), strict=True):
        row["auroc_within_folds"] = _within_folds(crops.labels, own, fold_of)
    return {
        "set": "out of fold",
        "models": models,
        "at_operating_points": at_operating_points(crops, p, points),
        "folds": [_fold(crops, p, fold_of, int(k)) for k in np.unique(fold_of)],
        "people": by_person(crops.labels, p, crops.people, points),
    }


def at_operating_points(
    crops: CropSet, p: F64, points: tuple[float, float]
) -> dict[str, float]:
    """Return unclear and wrong shares, each class and in it each person alike."""
    weights = metrics.person_weights(crops.labels, crops.people)
    blast, normal = p >= points[1], p <= points[0]
    return {
        "unclear": float(np.average(~blast & ~normal, weights=weights)),
        "false_blast": _share(blast, crops.labels == NORMAL, weights),
        "false_normal": _share(normal, crops.labels == BLAST, weights),
        "ece": metrics.expected_calibration_error(crops.labels, p, weights),
    }


def _share(called: metrics.BoolArray, here: metrics.BoolArray, weights: F64) -> float:
    if not here.any():
        return float("nan")
    return float(np.average(called[here], weights=weights[here]))


def _within_folds(labels: I64, p: F64, fold_of: I64) -> float:
    """Return the mean AUROC of the folds, each of which has a network of its own.

    Far below it lies the AUROC of all cells where the networks put them in order, but
    each at a level of its own.
    """
    here = [fold_of == fold for fold in np.unique(fold_of)]
    return float(np.mean([metrics.auroc(labels[h], p[h]) for h in here]))


def _fold(crops: CropSet, p: F64, fold_of: I64, fold: int) -> dict[str, float]:
    here = fold_of == fold
    labels = crops.labels[here]
    return {
        "fold": fold,
        "n_cells": int(here.sum()),
        "n_people": len(np.unique(crops.people[here])),
        "weighted_f1": metrics.weighted_f1(labels, p[here] >= 0.5),
        "auroc": metrics.auroc(labels, p[here]),
    }
