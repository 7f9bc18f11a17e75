"""Figures of kinds, laboratory by laboratory."""

import numpy as np
import pytest
from tests.train.lab_cells import lab_cells
from tests.train.shaded_cells import three_laboratories

from leukoscope_train.data import KINDS, LabCells
from leukoscope_train.errors import DataError
from leukoscope_train.evaluation import blast_margin
from leukoscope_train.evaluation.judge import (
    called_from,
    changed_by_optics,
    figures_of,
    point_of,
)


def test_figures_are_by_laboratory() -> None:
    cells = three_laboratories()
    logits = np.full((len(cells), len(KINDS)), -5.0, np.float32)
    logits[np.arange(len(cells)), cells.targets] = 5.0
    found = figures_of(cells, logits)
    assert set(found) == {"a", "b", "c"}
    assert found["a"]["auroc"] == [1.0, 1.0, 1.0]
    assert found["a"]["auroc_against"] == {
        "lymphocyte": [1.0, 1.0, 1.0],
        "monocyte": [1.0, 1.0, 1.0],
    }
    assert "called_blast" not in found["a"]
    assert found["a"]["balanced_accuracy_of_mature"] == 1.0
    assert found["a"]["confusion"]["blast"] == {"blast": 12}


def shifted(cells: LabCells, of_laboratory: dict[str, float]) -> np.ndarray:
    """Return logits that rank the cells of each laboratory alike, but for a shift."""
    logits = np.zeros((len(cells), len(KINDS)), np.float32)
    for name, shift in of_laboratory.items():
        own = cells.laboratories == name
        logits[own, 0] = np.linspace(0, 1, int(own.sum())) + shift
    return logits


def test_the_point_is_that_of_the_laboratory_with_the_most_false_calls() -> None:
    cells = three_laboratories()
    logits = shifted(cells, {"a": 0.0, "b": 5.0, "c": 1.0})
    point = point_of(cells, logits)
    mature_of_b = (cells.laboratories == "b") & (cells.is_blast == 0)
    assert point == pytest.approx(
        np.quantile(blast_margin(logits)[mature_of_b], 0.98), abs=1e-6
    )
    assert figures_of(cells, logits, point)["a"]["called_blast"]["mature"][0] == 0


def test_no_point_is_chosen_by_blasts_alone() -> None:
    cells = three_laboratories()
    blasts = cells.pick(cells.is_blast == 1)
    logits = np.zeros((len(blasts), len(KINDS)), np.float32)
    with pytest.raises(DataError, match="no mature cell"):
        point_of(blasts, logits)


def test_what_lies_above_a_margin_is_called_and_counted_by_truth() -> None:
    cells = three_laboratories(4)
    own = cells.pick(cells.laboratories == "a")
    margin = np.where(own.is_blast == 1, 2.0, 1.0)
    assert called_from(1.5, own, margin)["blast"][0] == 1
    assert called_from(1.5, own, margin)["mature"][0] == 0
    assert called_from(2.0, own, margin)["blast"][0] == 0
    assert called_from(0.5, own, margin)["mature"] == [
        1.0,
        pytest.approx(0.63, abs=0.01),
        1.0,
    ]
    assert "B-precursor" not in called_from(0.5, own, margin)


def test_a_cell_that_is_seen_both_ways_is_held_against_itself() -> None:
    own = lab_cells(
        ["lymphocyte"] * 5,
        names=["x", "y", "z", "y", "x"],
        is_degraded=[False, False, False, True, True],
    )
    logits = np.zeros((5, len(KINDS)), np.float32)
    logits[:, KINDS.index("lymphocyte")] = 2
    logits[3, 0] = 9  # y alone is called blast once it is degraded
    found = changed_by_optics(0.0, own, logits)
    assert (found["n"], found["calls"][0], found["kinds"][0]) == (2, 0.5, 0.5)
    assert changed_by_optics(9.0, own, logits)["calls"][0] == 0
    rows = figures_of(own, logits, 0.0)
    assert rows["a degraded"]["changed"] == found
    assert "changed" not in rows["a"]


def test_without_a_cell_in_both_nothing_is_said_to_change() -> None:
    own = lab_cells(["lymphocyte"] * 2, names=["x", "y"], is_degraded=[False, True])
    found = changed_by_optics(0.0, own, np.zeros((2, len(KINDS)), np.float32))
    assert found == {"n": 0, "calls": None, "kinds": None}
