"""Figures of kinds, laboratory by laboratory."""

import numpy as np
from tests.train.shaded_cells import three_laboratories

from leukoscope_train.data import KINDS
from leukoscope_train.evaluation.judge import figures_of


def test_figures_are_by_laboratory() -> None:
    cells = three_laboratories()
    logits = np.full((len(cells), len(KINDS)), -5.0, np.float32)
    logits[np.arange(len(cells)), cells.targets] = 5.0
    found = figures_of(cells, logits)
    assert set(found) == {"a", "b", "c"}
    assert found["a"]["auroc"] == [1.0, 1.0, 1.0]
    assert found["a"]["auroc_against"] == {"lymphocyte": 1.0, "monocyte": 1.0}
    assert found["a"]["balanced_accuracy_of_mature"] == 1.0
    assert found["a"]["confusion"]["blast"] == {"blast": 12}
