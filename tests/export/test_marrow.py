"""What a model calls blast of a normal marrow goes onto a card of the same files."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy
from tests.train.lab_cells import lab_cells

from leukoscope_edge.inference import open_bundle
from leukoscope_export.__main__ import main
from leukoscope_export.marrow import NORMAL_MARROW, counted, spread_between, weighted
from leukoscope_train.data import LabCells, save_cells

NOTES = """\
id = "simulated-9"
created = "2026-11-30"
domain = "simulated"
summary = "another summary"
limits = ["of no medical use"]
source = "a test"
licence = "none"
cells = []
deep = ""
evidence = []
"""


def discs(side_px: int, kinds: list[str], laboratory: str, split: str) -> LabCells:
    """Grey discs, one a cell, each of another size."""
    canvas = round(side_px * 9 / 8)
    y, x = np.mgrid[:canvas, :canvas] - (canvas - 1) / 2
    pixels = np.zeros((len(kinds), canvas, canvas, 3), np.uint8)
    for i in range(len(kinds)):
        pixels[i][np.hypot(x, y) < canvas * (0.2 + 0.02 * i)] = 120 + 5 * i
    return lab_cells(kinds, laboratory, pixels=pixels, splits=split)


def test_a_card_knows_marrow_and_the_files_stay(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.toml").write_text(NOTES)
    side_px = open_bundle(bundle).card.input.side_px
    cells = discs(side_px, [*NORMAL_MARROW][:7] * 2, "marrow", "")
    save_cells(tmp_path / "cells.npz", cells)
    words = ["marrow", str(tmp_path / "notes.toml"), "--bundle", str(bundle)]
    words += ["--cells", str(tmp_path / "cells.npz"), "--out", str(tmp_path / "out")]
    assert main(words) == 0
    made = tmp_path / "out" / "simulated-9"
    before, after = open_bundle(bundle).card, open_bundle(made).card
    assert before.marrow is None
    assert after.marrow is not None
    assert not after.marrow.is_in_sample
    assert (after.id, after.summary) == ("simulated-9", "another summary")
    assert after.model_cpu == before.model_cpu
    assert after.golden == before.golden
    assert after.false_calls == before.false_calls
    found = json.loads((tmp_path / "out" / "marrow-simulated-9.json").read_text())
    assert after.marrow.n_cells == sum(row["n"] for row in found["kinds"].values())
    mean = after.marrow.alpha / (after.marrow.alpha + after.marrow.beta)
    assert mean == pytest.approx(found["usual"], abs=1e-3)


def test_without_a_cell_of_marrow_there_is_no_card(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.toml").write_text(NOTES)
    save_cells(tmp_path / "cells.npz", discs(32, ["lymphocyte"], "pbc", "train"))
    words = ["marrow", str(tmp_path / "notes.toml"), "--bundle", str(bundle)]
    words += ["--cells", str(tmp_path / "cells.npz"), "--out", str(tmp_path / "out")]
    assert main(words) == 1
    assert "gather marrow first" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_kinds_that_marrow_lacks_are_those_kept_aside_elsewhere() -> None:
    kinds = ["lymphocyte", "lymphocyte", "erythroblast", "erythroblast", "B-precursor"]
    cells = replace(
        discs(32, kinds, "marrow", ""),
        laboratories=np.array(["marrow", "pbc", "pbc", "pbc", "marrow"]),
        splits=np.array(["", "held-out", "held-out", "train", ""]),
    )
    assert counted(cells).tolist() == [True, False, True, False, False]


def test_a_normal_marrow_is_the_mean_of_its_kinds_the_worst_where_unknown() -> None:
    assert weighted(dict.fromkeys(NORMAL_MARROW, 0.3)) == pytest.approx((0.3, 0.3))
    usual, most = weighted({"immature granulocyte": 0.5, "neutrophil": 0.0})
    assert 0.3 < usual < most <= 0.5
    known = dict.fromkeys(NORMAL_MARROW, 0.0) | {"immature granulocyte": 0.5}
    usual, most = weighted(known)
    assert most == pytest.approx(0.24)  # 48 of 100 cells
    assert usual == pytest.approx(0.5 * 32 / 101)


def test_of_a_spread_one_healthy_person_in_forty_lies_above_the_highest() -> None:
    alpha, high = spread_between(0.1, 0.2)
    assert alpha / (alpha + high) == pytest.approx(0.1)
    assert scipy.stats.beta.ppf(0.975, alpha, high) == pytest.approx(0.2)
