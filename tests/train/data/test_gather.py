"""Tiles of laboratories become cells."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from leukoscope_edge.vision import CropSpec
from leukoscope_train.__main__ import main
from leukoscope_train.data import SET_SCALES, load_cells
from leukoscope_train.data.gather import (
    CARD,
    DEVICE,
    SET,
    gather_cells,
    marrow_tiles,
    scale_by_device,
    tiles_of,
)
from leukoscope_train.errors import DataError

SPEC = CropSpec(
    side_px=36, scale_um_per_px=0.64, colour="masked", light="white-balanced"
)


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
    found, left_out = gather_cells(marrow_tiles(folder), SPEC, degraded=degraded)
    assert found.kinds.tolist() == ["blast"]
    assert found.is_degraded.tolist() == [degraded]
    assert found.pixels[0, 18, 18].max() > 0
    assert len(left_out) == 1
    assert "b.png: no whole white cell" in left_out[0]


def test_windows_show_what_the_mask_of_the_same_cell_leaves_out(
    marrow: Callable[..., Path],
) -> None:
    tiles = marrow_tiles(marrow([("a.png", "BLA", True)]))
    cut, _ = gather_cells(tiles, SPEC, degraded=False)
    windows, _ = gather_cells(tiles, SPEC, degraded=False, windows=True)
    np.testing.assert_array_equal(windows.areas_um2, cut.areas_um2)
    shown = [(cells.pixels[0].max(axis=2) > 0).sum() for cells in (cut, windows)]
    assert shown[0] < shown[1]


def test_several_processes_cut_the_same_also_beside_the_threads_of_torch(
    marrow: Callable[..., Path],
) -> None:
    torch.nn.functional.conv2d(torch.rand(4, 16, 64, 64), torch.rand(32, 16, 3, 3))
    tiles = marrow_tiles(marrow([("a.png", "BLA", True), ("b.png", "LYT", False)]))
    alone, left_out = gather_cells(tiles, SPEC, degraded=False)
    together, same_left_out = gather_cells(tiles, SPEC, degraded=False, workers=2)
    np.testing.assert_array_equal(together.pixels, alone.pixels)
    assert same_left_out == left_out


def test_not_one_cell_in_all_tiles_is_refused(marrow: Callable[..., Path]) -> None:
    folder = marrow([("b.png", "LYT", False)])
    with pytest.raises(DataError, match="1 tiles were left out"):
        gather_cells(marrow_tiles(folder), SPEC, degraded=False)


def test_a_missing_image_is_named(marrow: Callable[..., Path]) -> None:
    tiles = marrow_tiles(marrow([("a.png", "BLA", True)]))
    tiles.append(replace(tiles[0], path=Path("gone.png")))
    _, left_out = gather_cells(tiles, SPEC, degraded=False)
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


@pytest.mark.parametrize(
    ("which", "um_per_px"), [(CARD, 0.070), (SET, SET_SCALES["wbc-fields"].um_per_px)]
)
def test_a_set_is_cut_at_the_scale_that_was_asked_for(
    tmp_path: Path, which: str, um_per_px: float
) -> None:
    (tmp_path / "wbc-fields" / "images").mkdir(parents=True)
    (tmp_path / "wbc-fields" / "images" / "a.jpg").write_bytes(b"")
    (tile,) = tiles_of(tmp_path, "wbc-fields", which)
    assert tile.scale_um_per_px == um_per_px


def test_the_device_says_what_its_red_cells_say_and_nothing_of_cut_out_cells(
    marrow: Callable[..., Path],
) -> None:
    folder = marrow([(f"{i}.png", "BLA", True) for i in range(3)])
    tiles = tiles_of(folder.parent, "marrow", DEVICE)
    assert tiles[0].scale_um_per_px == pytest.approx(7.5 / 81, rel=0.1)
    assert len({t.scale_um_per_px for t in tiles}) == 1
    alone = [replace(tile, on_black=True) for tile in tiles]
    with pytest.raises(DataError, match="marrow: the device says no scale"):
        scale_by_device(alone)
