"""Cells know where they come from, and a laboratory stands on one side of a split."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from leukoscope_edge.vision.crop import CropSpec
from leukoscope_train.__main__ import main
from leukoscope_train.data.cells import DataError
from leukoscope_train.data.gather import gather, marrow_tiles, tiles_of
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

SPEC = CropSpec(
    side_px=36, scale_um_per_px=0.64, colour="masked", light="white-balanced"
)


def cells(laboratory: str, kinds: list[str]) -> LabCells:
    n = len(kinds)
    return LabCells(
        pixels=np.full((n, 36, 36, 3), 9, np.uint8),
        kinds=np.array(kinds, np.str_),
        laboratories=np.full(n, laboratory),
        people=np.full(n, ""),
        names=np.array([f"{laboratory}{i}" for i in range(n)], np.str_),
        splits=np.full(n, ""),
        areas_um2=np.full(n, 80.0),
        is_degraded=np.zeros(n, np.bool_),
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


def smear(*, with_cell: bool) -> np.ndarray:
    """A tile of 250 px at 0.082 um: red cells around, a violet cell in the middle."""
    pixels = np.full((250, 250, 3), (225, 222, 228), np.uint8)
    for x, y in ((30, 40), (215, 50), (40, 210), (210, 205)):
        cv2.circle(pixels, (x, y), 40, (205, 150, 150), -1)
    if with_cell:
        cv2.circle(pixels, (125, 125), 52, (170, 150, 205), -1)
        cv2.circle(pixels, (125, 125), 42, (110, 60, 150), -1)
    return cv2.GaussianBlur(pixels, (0, 0), 1.2)


@pytest.fixture
def marrow(tmp_path: Path) -> Callable[..., Path]:
    def make(rows: list[tuple[str, str, bool]]) -> Path:
        folder = tmp_path / "marrow"
        (folder / "images").mkdir(parents=True)
        with (folder / "cells.csv").open("w", newline="") as lines:
            table = csv.writer(lines)
            table.writerow(["file", "kind"])
            for name, kind, with_cell in rows:
                table.writerow([name, kind])
                image = smear(with_cell=with_cell)[..., ::-1]
                cv2.imwrite(str(folder / "images" / name), image)
        return folder

    return make


@pytest.mark.parametrize("degraded", [False, True])
def test_a_tile_gives_its_middle_cell_and_one_without_is_named(
    marrow: Callable[..., Path], degraded: bool
) -> None:
    folder = marrow([("a.png", "BLA", True), ("b.png", "LYT", False)])
    found, left_out = gather(marrow_tiles(folder), SPEC, degraded=degraded)
    assert found.kinds.tolist() == ["blast"]
    assert found.is_degraded.tolist() == [degraded]
    assert found.pixels[0, 18, 18].max() > 0
    assert len(left_out) == 1
    assert "b.png: no whole white cell" in left_out[0]


def test_several_processes_cut_the_same_also_beside_the_threads_of_torch(
    marrow: Callable[..., Path],
) -> None:
    torch.nn.functional.conv2d(torch.rand(4, 16, 64, 64), torch.rand(32, 16, 3, 3))
    tiles = marrow_tiles(marrow([("a.png", "BLA", True), ("b.png", "LYT", False)]))
    alone, left_out = gather(tiles, SPEC, degraded=False)
    together, same_left_out = gather(tiles, SPEC, degraded=False, workers=2)
    np.testing.assert_array_equal(together.pixels, alone.pixels)
    assert same_left_out == left_out


def test_not_one_cell_in_all_tiles_is_refused(marrow: Callable[..., Path]) -> None:
    folder = marrow([("b.png", "LYT", False)])
    with pytest.raises(DataError, match="1 tiles were left out"):
        gather(marrow_tiles(folder), SPEC, degraded=False)


def test_a_missing_image_is_named(marrow: Callable[..., Path]) -> None:
    tiles = marrow_tiles(marrow([("a.png", "BLA", True)]))
    tiles.append(replace(tiles[0], path=Path("gone.png")))
    _, left_out = gather(tiles, SPEC, degraded=False)
    assert left_out == ["gone.png: unreadable"]


def test_a_laboratory_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere: unknown"):
        tiles_of(tmp_path, "nowhere")
    with pytest.raises(DataError, match="no such folder"):
        tiles_of(tmp_path, "marrow")


def test_the_command_gathers_and_says_so(
    marrow: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    marrow([("a.png", "BLA", True), ("b.png", "LYT", False)])
    out = tmp_path / "out" / "cells.npz"
    words = ["gather", str(tmp_path), "--laboratories", "marrow", "--side-px", "32"]
    assert main([*words, "--out", str(out)]) == 0
    assert "1 of 2 tiles without a cell" in capsys.readouterr().out
    assert load_cells(out).pixels.shape == (1, 36, 36, 3)
