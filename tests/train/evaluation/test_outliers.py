"""Cells unlike all that were learned from."""

import numpy as np
import pytest
from tests.train.evaluation.drawn_scores import scores

from leukoscope_train.evaluation.outliers import distances, fit_outliers


def test_far_cells_are_outliers_and_others_people_cells_are_not() -> None:
    labels, _, people = scores()
    random = np.random.default_rng(1)
    cells = random.normal(0, 3, (len(labels), 10)) + 5
    entry, arrays = fit_outliers(cells, labels, people)
    unseen = (random.normal(0, 3, (200, 10)) + 5 - arrays["mean"]) @ arrays["axes"]
    far = (random.normal(0, 3, (200, 10)) - 20 - arrays["mean"]) @ arrays["axes"]
    prototypes = arrays["prototypes"]
    assert np.mean(distances(unseen, prototypes) > entry.distance_limit) < 0.15
    assert np.mean(distances(far, prototypes) > entry.distance_limit) == 1
    assert entry.turned_away == pytest.approx(0.05, abs=0.01)
