"""Cells know where they come from, and a laboratory stands on one side of a split."""

from pathlib import Path

import numpy as np
import pytest
from tests.train.lab_cells import lab_cells

from leukoscope_train.data.laboratories import (
    KINDS,
    MATURE_UNNAMED,
    LabCells,
    LabSplit,
    Tile,
    join,
    kind_named,
    leave_out,
    load_cells,
    of_laboratories,
    save_cells,
)
from leukoscope_train.errors import DataError


def cells(laboratory: str, kinds: list[str]) -> LabCells:
    n = len(kinds)
    return lab_cells(
        kinds,
        laboratory,
        pixels=np.full((n, 36, 36, 3), 9, np.uint8),
        names=[f"{laboratory}{i}" for i in range(n)],
    )


def test_an_empty_set_joins_with_another() -> None:
    assert len(join([cells("a", []), cells("b", ["blast"])])) == 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"laboratory": ""}, "names no laboratory"),
        ({"kind": ""}, "'no kind' is none of blast"),
        ({"kind": "yeast"}, "'yeast' is none of blast"),
    ],
)
def test_a_tile_without_laboratory_or_kind_is_refused(
    wrong: dict[str, str], message: str
) -> None:
    right = {"path": Path("x.png"), "kind": "blast", "laboratory": "a"}
    assert Tile(**right, scale_um_per_px=0.1).person == ""  # type: ignore[arg-type]
    with pytest.raises(DataError, match=message):
        Tile(**{**right, **wrong}, scale_um_per_px=0.1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("laboratory", "kinds", "message"),
    [
        ("", ["blast"], "names no laboratory"),
        ("a", ["blast", "yeast"], r"no class knows the kinds \['yeast'\]"),
    ],
)
def test_cells_without_laboratory_or_of_unknown_kinds_are_refused(
    laboratory: str, kinds: list[str], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        cells(laboratory, kinds)


def test_cells_of_no_named_kind_judge_but_do_not_teach() -> None:
    unnamed = cells("a", [MATURE_UNNAMED])
    assert unnamed.is_blast.tolist() == [0]
    with pytest.raises(DataError, match="can judge, but not teach"):
        unnamed.targets  # noqa: B018 - the property refuses


def test_the_laboratory_left_out_judges_and_the_others_teach() -> None:
    every = join([cells(n, ["blast", "monocyte"]) for n in ("a", "b", "c")])
    split = leave_out(every, "b")
    assert (split.teach, split.judge) == (("a", "c"), ("b",))
    assert set(of_laboratories(every, split.teach).laboratories) == {"a", "c"}


def test_one_laboratory_alone_cannot_be_left_out() -> None:
    with pytest.raises(DataError, match="only laboratory"):
        leave_out(cells("a", ["blast"]), "a")


def test_a_laboratory_nobody_has_cannot_be_left_out() -> None:
    with pytest.raises(DataError, match="no such laboratory"):
        leave_out(cells("a", ["blast"]), "z")


@pytest.mark.parametrize(
    ("teach", "judge", "message"),
    [
        (("a", "b"), ("b",), "b: teaches and judges"),
        ((), ("b",), "each side"),
        (("a",), (), "each side"),
    ],
)
def test_no_laboratory_stands_on_both_sides(
    teach: tuple[str, ...], judge: tuple[str, ...], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        LabSplit(teach=teach, judge=judge)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("BLA", "blast"), ("hem", "B-precursor"), ("ig", "immature granulocyte")],
)
def test_kinds_are_known_by_the_names_of_every_set(name: str, kind: str) -> None:
    assert kind_named(name, "here") == kind
    assert kind in KINDS


def test_an_unknown_kind_is_refused_by_name_and_place() -> None:
    with pytest.raises(DataError, match=r"x\.csv: the kind 'XYZ' is none"):
        kind_named("XYZ", "x.csv")


def test_stored_cells_come_back_as_they_were(tmp_path: Path) -> None:
    kept = cells("a", ["blast", "monocyte"])
    save_cells(tmp_path / "a.npz", kept)
    found = load_cells(tmp_path / "a.npz")
    np.testing.assert_array_equal(found.pixels, kept.pixels)
    assert found.kinds.tolist() == kept.kinds.tolist()


def test_a_file_that_holds_no_cells_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(b"nothing")
    for name in ("a.npz", "none.npz"):
        with pytest.raises(DataError, match="no cells here"):
            load_cells(tmp_path / name)
