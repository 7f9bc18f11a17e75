"""The card's figures, worked out by hand on a few left-out cells."""

from dataclasses import replace

import numpy as np
import pytest
from tests.export.judged_cells import judged_of

from leukoscope_edge.inference import DecisionEntry
from leukoscope_export.judged import Judged
from leukoscope_export.left_out import _spread_over, metrics_of, within_laboratories
from leukoscope_export.points import PairPoints

ENTRY = DecisionEntry(temperature=1.0, normal_to=0.3, blast_from=0.7)
JUDGED = judged_of(["a", "a", "b"], [True, False, False])
MATURE = JUDGED.cells.is_blast == 0
P = [0.9, 0.8, 0.2, 0.1, 0.1, 0.75, 0.1, 0.1, 0.1]


def points_of(p: list[float]) -> PairPoints:
    every = np.ones(len(p), np.bool_)
    return PairPoints(deep=ENTRY, quick=None, p=np.array(p), asked_deep=every)


def test_figures_are_counted_at_the_blast_point() -> None:
    found = metrics_of(JUDGED, points_of(P), MATURE)
    assert (found.n_cells, found.n_people) == (9, 0)
    assert found.sensitivity == pytest.approx(2 / 3, abs=1e-4)
    assert found.specificity == pytest.approx(5 / 6, abs=1e-4)


def test_the_auroc_is_within_a_laboratory_that_has_both() -> None:
    found = metrics_of(JUDGED, points_of(P), MATURE)
    assert found.auroc == pytest.approx(8 / 9, abs=1e-4)
    assert within_laboratories(JUDGED, points_of(P)) == {
        "a": pytest.approx(8 / 9, abs=1e-4)
    }
    assert "of a, b, each judged" in found.set
    assert "AUROC within a, their mean" in found.set


def test_a_laboratory_of_blasts_alone_has_no_auroc() -> None:
    judged = judged_of(["a", "a", "c"], [True, False, True])
    assert list(within_laboratories(judged, points_of(P))) == ["a"]


def test_two_laboratories_count_alike_in_the_mean() -> None:
    both = judged_of(["a", "a", "b", "b"], [True, False, True, False])
    p = [0.9] * 3 + [0.1] * 3 + [0.1] * 3 + [0.9] * 3
    found = metrics_of(both, points_of(p), both.cells.is_blast == 0)
    assert found.auroc == 0.5


@pytest.mark.parametrize("which", ["only reported", "of no mature kind"])
def test_cells_that_do_not_decide_change_no_share(which: str) -> None:
    decides, mature = JUDGED.decides.copy(), MATURE.copy()
    (decides if which == "only reported" else mature)[5] = False  # the false call
    judged: Judged = replace(JUDGED, decides=decides)
    found = metrics_of(judged, points_of(P), mature)
    assert (found.n_cells, found.specificity) == (8, 1.0)


@pytest.mark.parametrize(
    ("n_cells", "wanted", "places"),
    [(1, 5, [0]), (3, 5, [0, 1, 2]), (9, 3, [0, 4, 8]), (0, 5, [])],
)
def test_places_lie_evenly_over_all_cells(
    n_cells: int, wanted: int, places: list[int]
) -> None:
    assert _spread_over(n_cells, wanted).tolist() == places
