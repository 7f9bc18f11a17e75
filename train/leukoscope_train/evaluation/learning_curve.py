"""How good a model becomes with more people, and what twice as many might give."""

from collections.abc import Callable
from typing import Any

import numpy as np

from leukoscope_edge.arrays import F64
from leukoscope_train.data import BLAST, I64, NORMAL, CropSet
from leukoscope_train.evaluation.report import model_row

SHARES = (0.25, 0.5, 0.75, 1.0)
Judge = Callable[[CropSet, CropSet], F64]
"""Takes training cells and unseen cells; returns margins of the unseen."""


def some_people(crops: CropSet, share: float, seed: int) -> CropSet:
    """Keep a share of the people of each class, at least one, chosen by chance."""
    random = np.random.default_rng(seed)
    kept: list[str] = []
    for label in (NORMAL, BLAST):
        names = np.unique(crops.people[crops.labels == label])
        n_kept = max(1, round(share * len(names)))
        kept += random.permutation(names)[:n_kept].tolist()
    return crops.pick(np.isin(crops.people, kept))


def measure_learning(
    crops: CropSet,
    fold_of: I64,
    judge: Judge,
    *,
    n_draws: int = 1000,
) -> list[dict[str, Any]]:
    """Return a row for every share of the training people, judged out of fold."""
    rows = []
    for share in SHARES:
        margins = np.full(len(crops), np.nan)
        n_trained = []
        for fold in np.unique(fold_of):
            held = fold_of == fold
            seen = some_people(crops.pick(~held), share, int(fold))
            n_trained.append(len(np.unique(seen.people)))
            margins[held] = judge(seen, crops.pick(held))
        p = np.asarray(1 / (1 + np.exp(-margins)), np.float64)
        n_people = float(np.mean(n_trained))
        name = f"{share:.0%}, {n_people:.1f} people a fold"
        row = model_row(name, crops.labels, p, crops.people, n_draws)
        rows.append({"n_people_trained": n_people, **row})
    return rows


def extrapolate(rows: list[dict[str, Any]], times: float = 2.0) -> float:
    """Return the AUROC that a power law of the error gives for more people.

    A straight line through log(1 - AUROC) against log(people): a guess, whose error
    no interval here covers.
    """
    people = np.log([row["n_people_trained"] for row in rows])
    error = np.log([max(1e-6, 1 - row["pooled"]["auroc"][0]) for row in rows])
    slope, at_one = np.polyfit(people, error, 1)
    return float(1 - np.exp(at_one + slope * (people[-1] + np.log(times))))
