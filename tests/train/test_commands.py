import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import pytest

from leukoscope_edge.vision.crop import CropSpec
from leukoscope_train import run_folder
from leukoscope_train.__main__ import main
from leukoscope_train.commands.documents import documents
from leukoscope_train.data.cells import CropSet, Demographics, load_crops, save_crops
from leukoscope_train.evaluation.plots import worst

ROOT = Path(__file__).parents[2]
FIGURES = ROOT / "train" / "runs" / "figures" / "real"
BUNDLE = ROOT / "edge" / "leukoscope_edge" / "bundles" / "cnmc-lite0-1"
PLAN = """\
architecture = "alexnet-tiny"
side_px = 24
n_epochs = 2
n_draws = 64
batch = 16
"""
Draw = Callable[..., CropSet]


@pytest.fixture
def prepared(tmp_path: Path, draw_cells: Draw) -> Path:
    """A prepared folder, a plan beside it."""
    folder = tmp_path / "run"
    folder.mkdir()
    crops = draw_cells()
    save_crops(folder / run_folder.CROPS, crops)
    spec = CropSpec(side_px=32, scale_um_per_px=0.6, colour="masked")
    run_folder.write_json(folder / run_folder.SPEC, asdict(spec))
    run_folder.write_json(
        folder / run_folder.PREPARED, {"n_cells": len(crops), "n_blasts": 24}
    )
    people = {
        name: asdict(Demographics(sex="F")) for name in set(crops.people.tolist())
    }
    run_folder.write_json(folder / run_folder.PEOPLE, people)
    (tmp_path / "tiny.toml").write_text(PLAN)
    return folder


def run(*words: object) -> int:
    return main(["--threads", "1", "--workers", "0", *map(str, words)])


def command(*words: object) -> list[str]:
    module = [sys.executable, "-m", "leukoscope_train", "--threads", "1"]
    return [*module, "--workers", "0", *map(str, words)]


def test_a_run_leaves_all_that_a_release_needs(
    prepared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = prepared.parent / "tiny.toml"
    assert run("fit", "--work", prepared, "--plan", plan) == 0
    out = capsys.readouterr().out
    assert "size only" in out
    assert "always ALL" in out
    expected = ["final.pt", "trust.toml", "report.json", "calls.png", "curves.png"]
    assert [n for n in expected if not (prepared / n).exists()] == []
    report = json.loads((prepared / run_folder.REPORT).read_text())
    assert [row["model"] for row in report["models"]][1:] == ["size only", "always ALL"]
    assert run("calibrate", "--work", prepared) == 0
    assert json.loads((prepared / run_folder.REPORT).read_text()) == report
    assert run("audit", "--work", prepared) == 0
    audit = json.loads((prepared / "audit.json").read_text())
    verdicts = {row["question"]: row["verdict"] for row in audit}
    assert verdicts.pop("sex") == "insufficient"
    assert set(verdicts.values()) == {"insufficient: no data"}


def test_plans_are_compared_in_one_table(prepared: Path) -> None:
    plan = prepared.parent / "tiny.toml"
    (prepared.parent / "other.toml").write_text(PLAN + "average = 0.5\n")
    plans = [plan, prepared.parent / "other.toml"]
    pair = ["--pair", "tiny", "other", "--name", "both"]
    assert run("compare", *plans, "--work", prepared, *pair) == 0
    rows = json.loads((prepared / "compare-both.json").read_text())
    assert [row["model"] for row in rows] == [
        "tiny, seed 0",
        "other, seed 0",
        "tiny + other, averaged, seed 0",
        "size only",
        "always ALL",
    ]
    assert rows[0]["n_seen"] == 128
    for row in rows[:4]:
        assert row["slide"]["n_cells"] == 200
        assert row["slide"]["found"][0] <= row["slide"]["found"][-1]
    assert not (prepared / "tiny-0" / "final.pt").exists()
    where = ["--work", prepared]
    again = ["compare", plan, *where, "--name", "again", "--again"]
    assert run(*again) == 0
    assert json.loads((prepared / "compare-again.json").read_text())[0] == rows[0]
    plan.write_text(PLAN + "smoothing = 0.1\n")
    assert run(*again) == 1
    assert run("differ", "tiny-0", "other-0", "--name", "two", *where) == 0
    found = json.loads((prepared / "differences-two.json").read_text())
    assert [row["run"] for row in found["rows"]] == ["other-0"]
    assert run("differ", "tiny-0", "tiny-0+tiny-0", "--name", "two", *where) == 0
    found = json.loads((prepared / "differences-two.json").read_text())
    assert found["rows"][0]["auroc"] == [0, 0, 0]
    assert run("differ", "tiny-0", "none-0", "--name", "two", *where) == 1


def test_a_thinned_folder_keeps_everybody_with_fewer_cells(prepared: Path) -> None:
    thin = prepared.parent / "thin"
    assert run("thin", prepared, "--most", 2, "--work", thin) == 0
    crops, before = (load_crops(f / run_folder.CROPS) for f in (thin, prepared))
    people, n_cells = np.unique(crops.people, return_counts=True)
    assert people.tolist() == np.unique(before.people).tolist()
    assert set(n_cells.tolist()) == {2}
    assert set(crops.names.tolist()) <= set(before.names.tolist())
    assert run_folder.load_people(thin) == run_folder.load_people(prepared)
    assert run("baselines", "--work", thin) == 0
    assert run("thin", prepared, "--most", 0, "--work", thin) == 1
    assert run("thin", prepared, "--most", 2, "--work", prepared) == 1
    assert len(load_crops(prepared / run_folder.CROPS)) == len(before)


def test_baselines_and_learning_need_no_network(prepared: Path) -> None:
    assert run("baselines", "--work", prepared) == 0
    found = json.loads((prepared / "baselines.json").read_text())
    assert found["n_folds"] == 4
    assert run("learn", "--work", prepared) == 0
    assert (prepared / "learning-size-only.png").exists()


def test_weights_learned_on_kinds_of_cell_start_a_fit(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for name, colour in (("one", (90, 30, 80)), ("two", (160, 60, 140))):
        (tmp_path / "kinds" / name).mkdir(parents=True)
        for number in range(6):
            image = np.full((128, 128, 3), 225, np.uint8)
            centre = tuple(int(v) for v in random.integers(56, 72, 2))
            cv2.circle(image, centre, 18, colour, -1)
            path = tmp_path / "kinds" / name / f"{number}.png"
            cv2.imwrite(str(path), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    plan, weights = tmp_path / "tiny.toml", tmp_path / "start" / "w.pt"
    plan.write_text(PLAN)
    assert run("pretrain", tmp_path / "kinds", "--plan", plan, "--out", weights) == 0
    assert weights.exists()
    assert run("pretrain", tmp_path, "--plan", plan, "--out", tmp_path / "w.pt") == 1


@pytest.mark.parametrize(
    "words",
    [
        ("fit", "--work", "none"),
        ("baselines", "--work", "none"),
        ("prepare", "none", "--work", "made"),
        ("evaluate", "none", "--work", "none"),
        ("thin", "none", "--most", "2", "--work", "made"),
        ("differ", "one", "two", "--name", "three", "--work", "none"),
    ],
)
def test_what_is_missing_is_said_in_one_line(
    words: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(*words) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.slow
def test_a_run_killed_outright_ends_with_the_same_weights(
    prepared: Path, tmp_path: Path
) -> None:
    plan = prepared.parent / "tiny.toml"
    plan.write_text(PLAN.replace("n_epochs = 2", "n_epochs = 12"))
    other = tmp_path / "other"
    run_folder.share_crops(prepared, other)
    assert run("fit", "--work", other, "--plan", plan) == 0
    words = command("fit", "--work", prepared, "--plan", plan)
    started = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    while not (prepared / "fold2.ckpt").exists():
        assert started.poll() is None
        time.sleep(0.01)
    started.send_signal(signal.SIGKILL)
    started.wait()
    assert not (prepared / "final.pt").exists()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    assert (prepared / "final.pt").read_bytes() == (other / "final.pt").read_bytes()


@pytest.mark.slow
def test_two_processes_share_a_fit(prepared: Path) -> None:
    plan = prepared.parent / "tiny.toml"
    words = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    own = command("fit", "--work", prepared, "--plan", plan)[1:]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run(
        [sys.executable, *words, *own],
        check=True,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    report = json.loads((prepared / run_folder.REPORT).read_text())
    assert report["models"][0]["n_cells"] == 48


def test_a_report_without_figures_says_what_is_missing(tmp_path: Path) -> None:
    made = documents(BUNDLE, tmp_path, "the command")
    assert made["validation-cnmc.md"].count("Missing") >= 5
    assert "the command" in made["model-card-cnmc.md"]


def test_the_documents_are_what_the_command_makes() -> None:
    for name in ("validation-cnmc.md", "model-card-cnmc.md"):
        text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        stated = text.split("`")[1]
        made = documents(BUNDLE, FIGURES, stated)
        assert made[name] == text


def test_all_ten_rows_of_the_founding_paper_were_run() -> None:
    rows = json.loads((FIGURES / "compare-table1.json").read_text())
    fitted = [row for row in rows if row["n_parameters"] > 2]
    named = {row["model"].partition(",")[0] for row in fitted}
    assert named == {p.stem for p in (ROOT / "train/runs/table1").glob("*.toml")}
    assert len(named) == 10
    assert len({(row["n_cells"], row["n_people"]) for row in fitted}) == 1
    budgets = {row["model"].partition(",")[0]: row["n_seen"] for row in fitted}
    assert budgets.pop("mobilenet-v2") == 12_288  # and the report says so
    assert set(budgets.values()) == {36_864}
    assert [row["model"] for row in rows[-2:]] == ["size only", "always ALL"]
    report = (ROOT / "docs" / "validation-cnmc.md").read_text(encoding="utf-8")
    assert "before mobilenet-v2 had its turn" in report


def test_nothing_wrong_has_no_gallery() -> None:
    assert worst(np.array([1, 0]), np.array([0.9, 0.1])).tolist() == []
