import importlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.tools.in_process import called
from tests.train.lab_cells import lab_cells

from leukoscope_edge.inference import (
    Card,
    DecisionEntry,
    calls_for,
    open_bundle,
    shipped_bundle_for,
)
from leukoscope_edge.types import CallName
from leukoscope_train.data import LabCells, save_cells

TOOL = Path(__file__).parents[2] / "tools" / "evaluate_classifier.py"


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return called(TOOL, *arguments)


def run_alone(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(TOOL), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_folder_without_cells_fails_in_one_line(tmp_path: Path) -> None:
    done = run_alone(str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


def test_a_cell_is_cut_and_called_as_blood_and_as_marrow(tmp_path: Path) -> None:
    pixels = np.full((250, 250, 3), (215, 222, 225), np.uint8)
    cv2.circle(pixels, (125, 125), 73, (215, 190, 205), cv2.FILLED)
    cv2.circle(pixels, (125, 125), 50, (170, 60, 95), cv2.FILLED)
    cv2.imwrite(str(tmp_path / "1.png"), cv2.GaussianBlur(pixels, (0, 0), 1.2))
    table = tmp_path / "cells.csv"
    table.write_text("file,kind\n1.png,blast\n1.png,blast\nnone.png,blast\n")
    options = ("--um-per-px", "0.082", "--every", "2", "--sample", "both")
    done = run(str(table), *options, "--json")
    found = json.loads(done.stdout)
    assert found["difference"]["n_cells"] == 1
    for sample in ("blood", "marrow"):
        assert (found[sample]["n_cells"], found[sample]["left_out"]) == (1, 1)


def test_cells_of_fields_are_not_compared(tmp_path: Path) -> None:
    words = ("--um-per-px", "0.1", "--fields", "--sample", "both")
    done = run(str(tmp_path), *words)
    assert done.returncode == 1
    assert done.stderr == (
        "evaluate_classifier: --sample both compares one cell an image, not --fields\n"
    )


def test_a_laboratory_that_taught_the_bundle_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_cells(tmp_path / "cells.npz", plain_cells())
    monkeypatch.syspath_prepend(str(TOOL.parent))
    tool = importlib.import_module("evaluate_classifier")
    bundle = open_bundle(shipped_bundle_for("real"))
    found = tool.of_gathered([tmp_path / "cells.npz"], bundle)
    assert found["in_sample"] == ["marrow"]
    assert set(found["laboratories"]) == {"marrow", "cnmc", "together"}
    assert "turned" not in found
    found = tool.of_gathered([tmp_path / "cells.npz"], bundle, turned=True)
    assert (found["turned"]["n_cells"], found["turned"]["changed"]) == (2, 0)


def plain_cells() -> LabCells:
    return lab_cells(
        ["blast", "lymphocyte"],
        ["marrow", "cnmc"],
        pixels=np.full((2, 144, 144, 3), 120, np.uint8),
    )


def test_a_lower_point_of_normal_calls_moves_a_call_to_unclear(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(TOOL.parent))
    tool = importlib.import_module("evaluate_classifier")
    bundle = open_bundle(shipped_bundle_for("real"))
    card = tool.with_normal_to(bundle, 0.25).card
    answers = np.zeros((1, 3 + len(card.kinds.names)), np.float32)  # p of blast 0.5
    assert call_of(answers, replace(bundle.card, decision=AT_HALF)) is CallName.NORMAL
    assert call_of(answers, card) is CallName.UNCLEAR
    assert replace(card, decision=bundle.card.decision) == bundle.card


AT_HALF = DecisionEntry(temperature=1, normal_to=0.5, blast_from=0.9)


def call_of(answers: np.ndarray, card: Card) -> CallName:
    (call,) = calls_for(answers, card)
    return call.name


@pytest.mark.parametrize("option", [("--turned",), ("--normal-to", "0.5")])
def test_some_options_are_of_gathered_cells_alone(
    option: tuple[str, ...], tmp_path: Path
) -> None:
    done = run(str(tmp_path), *option)
    assert done.returncode == 1
    assert "--turned and --normal-to are of files of `gather`" in done.stderr


def test_a_point_above_that_of_blasts_fails_in_one_line(tmp_path: Path) -> None:
    save_cells(tmp_path / "cells.npz", plain_cells())
    done = run(str(tmp_path / "cells.npz"), "--normal-to", "0.99")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "expected 0 < normal_to <= blast_from < 1" in done.stderr


@pytest.mark.real
@pytest.mark.slow
def test_real_normal_cells_give_one_row_for_each_model(real_data: Path) -> None:
    done = run(str(real_data / "pbc"), "--limit", "10", "--json")
    rows = json.loads(done.stdout)
    assert [r["model"] for r in rows][1:] == ["size only", "always ALL"]
    assert rows[0]["n_cells"] > 30
    assert rows[2]["specificity"] == 0
