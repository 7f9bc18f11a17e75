"""Anybody's cells of named kinds are listed, and a bundle's calls of them told."""

from pathlib import Path

import numpy as np
import pytest

from leukoscope_edge.types import Call, CallName
from leukoscope_train.data.cells import DataError
from leukoscope_train.data.laboratories import LabCells
from leukoscope_train.data.named_cells import HowTaken, has_named_kinds, named_tiles
from leukoscope_train.evaluation.calls_report import report_of, shown

HOW = HowTaken(scale_um_per_px=0.1)


def table(folder: Path, *lines: str) -> Path:
    path = folder / "cells.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_an_empty_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="columns file, kind"):
        named_tiles(table(tmp_path, "file,kind"), HOW)


def test_a_table_tells_kind_laboratory_person_and_scale(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "file,kind,laboratory,person,scale_um_per_px",
        "a.png,BLA,north,p1,0.2",
        "b.png,normal,,,",
    )
    first, second = named_tiles(path, HOW)
    assert (first.kind, first.laboratory, first.person) == ("blast", "north", "p1")
    assert first.scale_um_per_px == 0.2
    assert (second.kind, second.laboratory) == ("mature", "cells")
    assert second.scale_um_per_px == 0.1
    assert has_named_kinds(path)


def test_a_folder_per_kind_names_its_laboratory_after_itself(tmp_path: Path) -> None:
    for name in ("LYT", "blast", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").touch()
        (tmp_path / name / "notes.txt").touch()
    found = [(t.kind, t.laboratory) for t in named_tiles(tmp_path, HOW)]
    assert found == [("lymphocyte", tmp_path.name), ("blast", tmp_path.name)]
    assert not has_named_kinds(tmp_path)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a.png,unicorn,0.1", "the kind 'unicorn' is none of"),
        ("a.png,,0.1", "the kind '' is none of"),
        ("a.png,LYT,", "no scale"),
        ("a.png,LYT,wide", "the scale 'wide' is no number"),
        ("a.png,LYT,0", "the scale '0' is no size of a pixel"),
        ("a.png,LYT,nan", "the scale 'nan' is no size of a pixel"),
    ],
)
def test_a_wrong_row_is_one_clear_line(tmp_path: Path, row: str, reason: str) -> None:
    path = table(tmp_path, "file,kind,scale_um_per_px", row)
    with pytest.raises(DataError, match=reason) as told:
        named_tiles(path, HowTaken())
    assert "\n" not in str(told.value)
    assert "a.png" in str(told.value)


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_a_folder_without_kinds_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"no such folder|no folder named after a kind"):
        named_tiles(tmp_path / name, HOW)


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
