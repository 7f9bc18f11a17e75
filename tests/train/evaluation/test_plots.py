"""Which cells a gallery shows."""

import numpy as np

from leukoscope_train.evaluation.plots import worst


def test_the_worst_errors_come_first() -> None:
    labels, p = np.array([1, 1, 0, 0]), np.array([0.1, 0.9, 0.8, 0.2])
    assert worst(labels, p).tolist() == [0, 2]


def test_nothing_wrong_has_no_gallery() -> None:
    assert worst(np.array([1, 0]), np.array([0.9, 0.1])).tolist() == []
