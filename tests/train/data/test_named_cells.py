"""Anybody's cells of named kinds are listed, and a bundle's calls of them told."""

from pathlib import Path

import pytest

from leukoscope_train.data.named_cells import HowTaken, has_named_kinds, named_tiles
from leukoscope_train.errors import DataError

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
    assert not first.in_marrow


@pytest.mark.parametrize("in_marrow", [False, True])
def test_cells_are_of_marrow_where_it_is_said(tmp_path: Path, in_marrow: bool) -> None:
    (tmp_path / "LYT").mkdir()
    (tmp_path / "LYT" / "1.png").touch()
    how = HowTaken(scale_um_per_px=0.1, in_marrow=in_marrow)
    cells = table(tmp_path, "file,kind", "a.png,BLA")
    for source in (cells, tmp_path):
        assert [t.in_marrow for t in named_tiles(source, how)] == [in_marrow]


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
