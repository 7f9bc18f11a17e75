"""A bundle's calls, counted by the truth."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.train.lab_cells import lab_cells

from leukoscope_edge.inference import (
    OnnxCpuEngine,
    classify,
    open_bundle,
    open_engine,
)
from leukoscope_edge.types import Call, CallName
from leukoscope_train.evaluation.calls_report import (
    by_laboratory,
    calls_of,
    changed_by_turning,
    differences_of,
    quarter_turned,
    report_lines,
    report_of,
)

BUNDLES = Path(__file__).parents[3] / "edge" / "leukoscope_edge" / "bundles"
PAIR = BUNDLES / "kinds-pair-6"


def call(name: CallName, p: float, kind: str, *, is_unlike: bool = False) -> Call:
    told = ("blast", "lymphocyte", "monocyte")
    return Call(
        name=name,
        p_blast=p,
        is_unlike=is_unlike,
        kinds=tuple((k, 0.8 if k == kind else 0.1) for k in told),
    )


def test_the_report_counts_calls_by_the_truth() -> None:
    cells = lab_cells(["blast", "blast", "lymphocyte", "lymphocyte", "mature"])
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
    assert any("confusion" in line or "blast" in line for line in report_lines(found))


def test_one_class_alone_has_no_auroc() -> None:
    found = report_of(lab_cells(["mature"]), [call(CallName.NORMAL, 0.1, "monocyte")])
    assert "auroc" not in found
    assert "sensitivity" not in found
    assert found["false_calls"] == 0


def test_a_bundle_without_kinds_has_no_confusion() -> None:
    found = report_of(lab_cells(["mature"]), [Call(name=CallName.NORMAL, p_blast=0.1)])
    assert "confusion" not in found


def test_cells_cut_both_ways_are_compared_by_name_and_others_left_out() -> None:
    first = lab_cells(["blast", "blast", "lymphocyte", "monocyte"])
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
    cells = lab_cells(["lymphocyte"])
    none = cells.pick(np.zeros(0, np.int64))
    calls = [call(CallName.NORMAL, 0.1, "lymphocyte")]
    found = differences_of(cells, none, calls, [])
    assert (found["n_cells"], found["changed"], found["sensitivity"]) == (0, 0, [])


def test_each_laboratory_has_its_report_and_blasts_meet_mature_cells_once() -> None:
    cells = lab_cells(["blast", "B-precursor", "lymphocyte", "mature"])
    cells = replace(cells, laboratories=np.array(["a", "a", "b", "b"]))
    calls = [
        call(CallName.BLAST, 0.99, "blast"),
        call(CallName.BLAST, 0.98, "blast"),
        call(CallName.NORMAL, 0.1, "lymphocyte"),
        call(CallName.NORMAL, 0.1, "lymphocyte"),
    ]
    found = by_laboratory(cells, calls)
    assert {name: row["n_cells"] for name, row in found.items()} == {
        "a": 2,
        "b": 2,
        "together": 3,
    }
    assert found["together"]["auroc"][0] == 1.0
    assert list(by_laboratory(cells.pick(np.array([2, 3])), calls[2:])) == ["b"]


def test_every_share_lies_in_its_interval() -> None:
    cells = lab_cells(["blast"] * 30 + ["lymphocyte"] * 30)
    hit, miss = (
        call(CallName.BLAST, 0.97, "blast"),
        call(CallName.NORMAL, 0.1, "lymphocyte"),
    )
    found = report_of(cells, [hit] * 20 + [miss] * 10 + [hit] * 3 + [miss] * 27)
    for name, (low, high) in found["intervals"].items():
        assert low <= found[name] <= high, name
    assert found["intervals"]["sensitivity"] == pytest.approx([0.5, 0.83], abs=0.05)
    assert "unclear" in found["intervals"]


def test_people_are_drawn_whole() -> None:
    cells = lab_cells(["blast"] * 40)
    alike = replace(cells, people=np.repeat(["p", "q"], 20))
    calls = [call(CallName.BLAST, 0.97, "blast")] * 20
    calls += [call(CallName.NORMAL, 0.1, "lymphocyte")] * 20
    assert report_of(alike, calls)["intervals"]["sensitivity"] == [0.0, 1.0]
    low, high = report_of(cells, calls)["intervals"]["sensitivity"]
    assert high - low < 0.4


def test_a_darker_laboratory_is_seen_by_one_plain_measure() -> None:
    cells = lab_cells(["blast", "blast", "lymphocyte", "lymphocyte"])
    pixels = cells.pixels.copy()
    pixels[:2], pixels[2:] = 60, 160
    calls = [call(CallName.BLAST, 0.9, "blast")] * 4
    found = report_of(replace(cells, pixels=pixels), calls)["auroc_of"]
    assert found == {"area": 0.5, "grey": 0.0, "sharpness": 0.5}


def test_a_pair_is_called_by_both_of_its_networks() -> None:
    bundle = open_bundle(PAIR)
    crops = bundle.golden.crops
    with OnnxCpuEngine(bundle) as engine:
        alone = classify(engine, list(crops), bundle.card, in_marrow=False)
    with open_engine(bundle, backend="cpu") as engine:
        both = classify(engine, list(crops), bundle.card, in_marrow=False)
    assert calls_of(bundle, crops) == both
    assert both != alone


def test_turned_crops_are_compared_one_by_one_though_names_are_shared() -> None:
    cells = lab_cells(["blast", "lymphocyte"])
    cells = replace(cells, names=np.array(["1.png", "1.png"]))
    bundle = open_bundle(BUNDLES / "kinds-lite0-4")
    crops = np.full((2, *[bundle.card.input.side_px] * 2, 3), 120, np.uint8)
    calls = calls_of(bundle, crops)
    calls[1] = replace(calls[0], name=other_than(calls[0].name))
    found = changed_by_turning(bundle, cells, crops, calls)
    assert (found["n_cells"], found["changed"]) == (2, 1)


def other_than(name: CallName) -> CallName:
    return next(n for n in CallName if n is not name)


def test_a_crop_is_turned_by_a_quarter() -> None:
    crops = np.arange(2 * 3 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3, 3)
    turned = quarter_turned(crops)
    np.testing.assert_array_equal(turned[1], np.rot90(crops[1]))
    assert not np.array_equal(turned[1], crops[1])
