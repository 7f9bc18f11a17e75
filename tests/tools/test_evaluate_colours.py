"""What a camera's colours cost, and one stain for all."""

from pathlib import Path

import numpy as np
from tests.rigs.stain_strength import STAIN, of_one_stain, stain_of
from tests.tools.in_process import TOOLS, called
from tests.train.lab_cells import lab_cells

from leukoscope_train.data import save_cells

WHITE = 235.0


def cell_of(stain: np.ndarray) -> np.ndarray:
    """(64, 64, 3) uint8: a nucleus of a stain, on black."""
    crop = np.zeros((64, 64, 3), np.uint8)
    crop[8:56, 8:56] = np.rint(WHITE * np.exp(-0.2 * stain))
    crop[16:48, 16:48] = np.rint(WHITE * np.exp(-stain))
    return crop


def test_nuclei_of_another_stain_become_of_the_same() -> None:
    crops = np.stack([cell_of(STAIN * [1.3, 0.8, 0.7])] * 3)
    made = stain_of(of_one_stain(crops))
    assert made is not None
    np.testing.assert_allclose(made, STAIN, rtol=0.03)


def test_a_stain_far_off_comes_nearer_alone() -> None:
    crops = np.stack([cell_of(STAIN * [1.0, 1.0, 3.0])] * 3)
    made = stain_of(of_one_stain(crops))
    assert made is not None
    np.testing.assert_allclose(made[2], STAIN[2] * 3 / 1.6, rtol=0.03)


def test_cells_without_a_nucleus_stay_as_they_are() -> None:
    crops = np.stack([cell_of(STAIN * 0.1)] * 3)
    assert (of_one_stain(crops) == crops).all()


def test_each_laboratory_has_two_rows_for_each_saturation(tmp_path: Path) -> None:
    pixels = np.full((4, 144, 144, 3), 120, np.uint8)
    kinds, from_ = ["blast", "lymphocyte"] * 2, ["marrow", "marrow", "cnmc", "cnmc"]
    save_cells(tmp_path / "cells.npz", lab_cells(kinds, from_, pixels=pixels))
    tool = TOOLS / "evaluate_colours.py"
    done = called(tool, tmp_path / "cells.npz", "--saturation", 1, 0.5)
    head, *rows = done.stdout.splitlines()
    n_columns = head.count("|")
    assert len(rows) == 2 * 2 * 2
    assert all(row.count("|") == n_columns for row in rows)
    assert called(tool, tmp_path / "gone.npz").returncode == 1
