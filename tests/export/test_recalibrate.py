"""A card is measured anew through the engine that will judge, and no file changes."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.train.lab_cells import lab_cells

from leukoscope_edge.inference import (
    DecisionEntry,
    open_bundle,
    open_engine,
    shipped_bundles,
)
from leukoscope_export.__main__ import main
from leukoscope_export.laboratories import UNLIKE
from leukoscope_export.points import points_kept
from leukoscope_train.data import LabCells, save_cells
from leukoscope_train.teach import kept

N_EACH = 14
NOTES = """\
id = "turned-1"
created = "2026-11-30"
domain = "real"
summary = "another summary"
limits = ["of no medical use"]
source = "a test"
licence = "none"
cells = []
deep = ""
"""
EVIDENCE = """
[[evidence]]
laboratory = "{1}"
cells = ["{0}/cells.npz"]
deep = ""
"""


def lopsided(laboratories: list[str]) -> LabCells:
    """Cells whose nucleus lies to one side: no two turns of them are alike."""
    kinds = (["blast"] * N_EACH + ["lymphocyte"] * N_EACH) * len(laboratories)
    y, x = np.mgrid[:144, :144] - 71.5
    pixels = np.zeros((len(kinds), 144, 144, 3), np.uint8)
    for i, kind in enumerate(kinds):
        radius = (50 if kind == "blast" else 28) + i % 3
        pixels[i][np.hypot(x, y) < radius] = (190, 150, 200)
        nucleus = np.hypot(x - 0.2 * radius, y + 3) < 0.7 * radius
        pixels[i][nucleus] = (120, 70, 160) if kind == "blast" else (80, 40, 120 + i)
    return lab_cells(
        pixels=pixels, kinds=kinds, laboratories=np.repeat(laboratories, 2 * N_EACH)
    )


def recalibrated(folder: Path, bundle: str, laboratories: list[str]) -> int:
    """Run the command on the cells of some laboratories; return its exit status."""
    save_cells(folder / "cells.npz", lopsided(laboratories))
    judges = [EVIDENCE.format(folder, name) for name in laboratories]
    (folder / "notes.toml").write_text(NOTES + "".join(judges))
    words = ["recalibrate", str(folder / "notes.toml"), "--bundle"]
    words += [str(shipped_bundles()[bundle]), "--views", "4"]
    return main([*words, "--out", str(folder / "out")])


def test_points_and_limits_are_of_the_mean_over_the_turns(tmp_path: Path) -> None:
    assert recalibrated(tmp_path, "kinds-lite0-4", ["v", "w"]) == 0
    before = open_bundle(shipped_bundles()["kinds-lite0-4"])
    after = open_bundle(tmp_path / "out" / "turned-1")
    assert (after.model, after.model_trt) == (before.model, before.model_trt)
    card = after.card
    assert (card.views, card.id, card.marrow) == (4, "turned-1", None)
    assert card.golden == before.card.golden
    cells = lopsided(["v", "w"])
    crops = kept(cells, card.input.side_px)
    with open_engine(after, backend="cpu", n_threads=1) as engine:
        away = engine.run(crops)[cells.is_blast == 0, -1]
    assert card.outliers is not None
    limit = np.quantile(away, 1 - UNLIKE)
    assert card.outliers.distance_limit == pytest.approx(limit, rel=1e-4)
    assert card.laboratories is not None
    assert card.laboratories.judged == ("v", "w")
    found = json.loads((tmp_path / "out" / "turned-1.json").read_text())
    assert found["points"]["blast_from"] == card.decision.blast_from
    assert found["v"]["as_shipped"]["blast"]["n"] == N_EACH
    assert "forms" not in found["v"]


@pytest.mark.parametrize(
    ("bundle", "laboratories", "message"),
    [
        ("simulated-1", ["v"], "simulated-1: tells no kinds, or not who taught it"),
        ("kinds-lite0-4", ["marrow"], "was taught by marrow, which is to judge it"),
    ],
)
def test_a_bundle_that_cannot_be_judged_is_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    bundle: str,
    laboratories: list[str],
    message: str,
) -> None:
    assert recalibrated(tmp_path, bundle, laboratories) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_what_is_kept_stays_and_the_rest_is_measured(tmp_path: Path) -> None:
    assert recalibrated(tmp_path, "kinds-lite0-4", ["v", "w"]) == 0
    first = tmp_path / "out" / "turned-1"
    notes = (tmp_path / "notes.toml").read_text()
    again = notes.replace("turned-1", "again-1").replace('"w"', '"x"')
    (tmp_path / "notes.toml").write_text(again)
    save_cells(tmp_path / "cells.npz", lopsided(["v", "x"]).pick(np.arange(4, 56)))
    words = ["recalibrate", str(tmp_path / "notes.toml"), "--bundle", str(first)]
    words += ["--views", "4", "--out", str(tmp_path / "out")]
    assert main([*words, "--keep", "points", "limits"]) == 0
    before, after = (open_bundle(tmp_path / "out" / n).card for n in (first, "again-1"))
    assert (after.decision, after.outliers) == (before.decision, before.outliers)
    assert after.metrics.n_cells == 52
    assert after.laboratories is not None
    assert after.laboratories.judged == ("v", "x")


def test_points_that_are_kept_call_as_the_pair_did() -> None:
    deep, first = (
        DecisionEntry(temperature=t, normal_to=0.3, blast_from=0.9) for t in (1, 2)
    )
    margins, quick = np.array([3.0, 3.0, -9.0]), np.array([0.0, 8.0, -8.0])
    points = points_kept(deep, first, margins, quick)
    assert points.asked_deep.tolist() == [True, False, False]
    assert points.p == pytest.approx(1 / (1 + np.exp([-3.0, -4.0, 4.0])))
    assert (points.deep, points.quick) == (deep, first)
    alone = points_kept(deep, None, margins, None)
    assert alone.p == pytest.approx(1 / (1 + np.exp(-margins)))
    assert alone.asked_deep.all()
