"""A bundle's calls, counted by the truth."""

import numpy as np
import pytest

from leukoscope_edge.types import Call, CallName
from leukoscope_train.data.laboratories import LabCells
from leukoscope_train.evaluation.calls_report import differences_of, report_of, shown


def cells_of(kinds: list[str]) -> LabCells:
    n = len(kinds)
    return LabCells(
        pixels=np.zeros((n, 4, 4, 3), np.uint8),
        kinds=np.array(kinds, np.str_),
        laboratories=np.full(n, "a"),
        people=np.full(n, ""),
        names=np.array([str(i) for i in range(n)], np.str_),
        splits=np.full(n, ""),
        areas_um2=np.ones(n),
        is_degraded=np.zeros(n, np.bool_),
    )


def call(name: CallName, p: float, kind: str, *, is_unlike: bool = False) -> Call:
    told = ("blast", "lymphocyte", "monocyte")
    return Call(
        name=name,
        p_blast=p,
        is_unlike=is_unlike,
        kinds=tuple((k, 0.8 if k == kind else 0.1) for k in told),
    )


def test_the_report_counts_calls_by_the_truth() -> None:
    cells = cells_of(["blast", "blast", "lymphocyte", "lymphocyte", "mature"])
    calls = [
        call(CallName.BLAST, 0.99, "blast"),
        call(CallName.NORMAL, 0.2, "monocyte"),
        call(CallName.NORMAL, 0.1, "lymphocyte"),
        call(CallName.BLAST, 0.97, "blast"),
        call(CallName.UNCLEAR, 0.6, "monocyte", is_unlike=True),
    ]
    found = report_of(cells, calls)
    assert (found["sensitivity"], found["missed"]) == (0.5, 0.5)
    assert found["false_calls"] == pytest.approx(1 / 3, abs=1e-4)
    assert found["false_calls_of"] == {"lymphocyte": 0.5, "mature": 0.0}
    assert (found["unclear"], found["unlike"]) == (0.2, 0.2)
    assert found["auroc_against"] == {"lymphocyte": 0.75, "mature": 0.5}
    assert found["auroc"][0] == pytest.approx(4 / 6, abs=1e-4)
    assert found["confusion"]["lymphocyte"] == {"blast": 1, "lymphocyte": 1}
    assert any("confusion" in line or "blast" in line for line in shown(found))


def test_one_class_alone_has_no_auroc() -> None:
    found = report_of(cells_of(["mature"]), [call(CallName.NORMAL, 0.1, "monocyte")])
    assert "auroc" not in found
    assert "sensitivity" not in found
    assert found["false_calls"] == 0


def test_a_bundle_without_kinds_has_no_confusion() -> None:
    found = report_of(cells_of(["mature"]), [Call(name=CallName.NORMAL, p_blast=0.1)])
    assert "confusion" not in found


def test_cells_cut_both_ways_are_compared_by_name_and_others_left_out() -> None:
    first = cells_of(["blast", "blast", "lymphocyte", "monocyte"])
    second = first.pick(np.array([2, 1, 0]))  # in another order, the last one lost
    before = [
        call(CallName.BLAST, 0.99, "blast"),
        call(CallName.NORMAL, 0.1, "lymphocyte"),
        call(CallName.BLAST, 0.97, "blast"),
        call(CallName.NORMAL, 0.1, "monocyte"),
    ]
    after = [
        call(CallName.NORMAL, 0.1, "lymphocyte"),
        call(CallName.NORMAL, 0.1, "lymphocyte"),
        call(CallName.UNCLEAR, 0.6, "blast"),
    ]
    assert differences_of(first, second, before, after) == {
        "n_cells": 3,
        "changed": 2,
        "crossed": 1,
        "calls": {"blast > normal": 1, "blast > unclear": 1, "normal > normal": 1},
        "n_blasts": 2,
        "sensitivity": [0.5, 0.0],
    }


def test_no_cell_cut_both_ways_is_no_difference() -> None:
    cells = cells_of(["lymphocyte"])
    none = cells.pick(np.zeros(0, np.int64))
    calls = [call(CallName.NORMAL, 0.1, "lymphocyte")]
    found = differences_of(cells, none, calls, [])
    assert (found["n_cells"], found["changed"], found["sensitivity"]) == (0, 0, [])
