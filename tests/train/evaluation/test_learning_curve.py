"""How much more people would help."""

import numpy as np
import pytest
from tests.train.drawn_cells import draw_cells

from leukoscope_train.data import CropSet, fold_people, folds_of
from leukoscope_train.evaluation.learning_curve import (
    extrapolate,
    measure_learning,
    some_people,
)


def test_more_people_are_added_class_by_class() -> None:
    crops = draw_cells(16, 4)
    half = some_people(crops, 0.5, 0)
    assert len(np.unique(half.people)) == 8
    assert half.labels.mean() == 0.5
    assert len(np.unique(some_people(crops, 0.01, 0).people)) == 2


def test_a_learning_curve_judges_everybody_at_every_share() -> None:
    crops = draw_cells(16, 4)
    fold_of = folds_of(crops, fold_people(crops))
    asked = []

    def judge(seen: CropSet, held: CropSet) -> np.ndarray:
        assert not set(seen.people) & set(held.people)
        asked.append(len(np.unique(seen.people)))
        return (2.0 * held.labels - 1) * (np.arange(len(held)) % 5 > 0)

    rows = measure_learning(crops, fold_of, judge, n_draws=20)
    assert [row["n_people_trained"] for row in rows] == sorted(set(asked))
    assert all(row["n_cells"] == 64 for row in rows)


def test_a_power_law_is_followed() -> None:
    rows = [
        {"n_people_trained": n, "pooled": {"auroc": [1 - 0.5 * n**-0.5]}}
        for n in (4.0, 9.0, 16.0)
    ]
    assert extrapolate(rows, times=4) == pytest.approx(1 - 0.5 / 8)
