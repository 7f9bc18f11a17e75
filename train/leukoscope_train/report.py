"""Out-of-fold figures of a run, pooled and person by person, with intervals."""

from collections.abc import Callable
from typing import Any

import numpy as np

from leukoscope_edge.types import F64
from leukoscope_train import metrics
from leukoscope_train.calibrate import Calibration, probabilities
from leukoscope_train.cells import I64, CropSet


def figures(
    crops: CropSet, margins: F64, calibration: Calibration, fold_of: I64
) -> dict[str, Any]:
    """Return the figures of margins, ready for JSON.

    Args:
        crops: The cells.
        margins: (N,) blast minus normal, each from a network that never saw the person.
        calibration: Temperature and operating points.
        fold_of: (N,) fold of every cell.
    """
    labels, decision = crops.labels, calibration.decision
    p = probabilities(margins, decision.temperature)
    weights = metrics.person_weights(labels, crops.people)
    blast, normal = p >= decision.blast_from, p <= decision.normal_to
    return {
        "n_cells": len(crops),
        "n_people": len(np.unique(crops.people)),
        "pooled": _with_intervals(crops, p),
        "size_only_auroc": metrics.auroc(labels, crops.areas_um2),
        "always_all_weighted_f1": metrics.weighted_f1(labels, labels >= 0),
        "person_weighted": {
            "ece": metrics.expected_calibration_error(labels, p, weights),
            "unclear": float(np.average(~blast & ~normal, weights=weights)),
            "false_blast": _share(blast, labels == 0, weights),
            "false_normal": _share(normal, labels == 1, weights),
        },
        "folds": [_fold(crops, p, fold_of, int(k)) for k in np.unique(fold_of)],
        "people": _by_person(crops, blast, normal),
    }


def _share(called: metrics.BoolArray, here: metrics.BoolArray, weights: F64) -> float:
    return float(np.average(called[here], weights=weights[here]))


def _with_intervals(crops: CropSet, p: F64) -> dict[str, Any]:
    labels, called = crops.labels, p >= 0.5
    named: dict[str, Callable[[I64], float]] = {
        "weighted_f1": lambda i: metrics.weighted_f1(labels[i], called[i]),
        "auroc": lambda i: metrics.auroc(labels[i], p[i]),
        "sensitivity": lambda i: metrics.sensitivity(labels[i], called[i]),
        "specificity": lambda i: metrics.specificity(labels[i], called[i]),
        "ece": lambda i: metrics.expected_calibration_error(labels[i], p[i]),
        "brier": lambda i: metrics.brier(labels[i], p[i]),
    }
    everyone = np.arange(len(p))
    return {
        name: [figure(everyone), *metrics.bootstrap_interval(figure, crops.people)]
        for name, figure in named.items()
    }


def _fold(crops: CropSet, p: F64, fold_of: I64, fold: int) -> dict[str, float]:
    here = fold_of == fold
    labels = crops.labels[here]
    return {
        "fold": fold,
        "n_cells": int(here.sum()),
        "n_people": len(np.unique(crops.people[here])),
        "weighted_f1": metrics.weighted_f1(labels, p[here] >= 0.5),
        "auroc": metrics.auroc(labels, p[here]),
        "size_only_auroc": metrics.auroc(labels, crops.areas_um2[here]),
    }


def _by_person(
    crops: CropSet, blast: metrics.BoolArray, normal: metrics.BoolArray
) -> list[dict[str, Any]]:
    rows = []
    for person in np.unique(crops.people):
        here = crops.people == person
        rows.append(
            {
                "person": str(person),
                "label": int(crops.labels[here][0]),
                "n_cells": int(here.sum()),
                "blast": float(blast[here].mean()),
                "normal": float(normal[here].mean()),
            }
        )
    return rows
