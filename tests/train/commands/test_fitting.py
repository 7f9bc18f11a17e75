"""The commands that fit, from prepared cells to all that a release needs."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.train.commands.small_run import PLAN, run

from leukoscope_train import run_folder


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
    expected = ["final.pt", "report.json", "calls.png", "curves.png"]
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
