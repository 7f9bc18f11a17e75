"""The commands of networks of kinds."""

import json
from pathlib import Path

import pytest
from tests.train.shaded_cells import three_laboratories

from leukoscope_train.__main__ import main
from leukoscope_train.data import save_cells


def test_the_commands_teach_without_a_laboratory_and_judge_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_cells(tmp_path / "cells.npz", three_laboratories(4))
    run, figures = tmp_path / "run", tmp_path / "figures.json"
    words = ["teach", str(tmp_path / "cells.npz"), "--architecture", "alexnet-kinds"]
    words += ["--leave-out", "b", "--draws", "32", "--side-px", "32"]
    assert main([*words, "--out", str(run)]) == 0
    about = json.loads((run / "plan.json").read_text())
    assert (about["laboratories"], about["left_out"]) == (["a", "c"], "b")
    judge = ["judge", str(run), "--cells", str(tmp_path / "cells.npz")]
    assert main([*judge, "--laboratories", "b", "--json", str(figures)]) == 0
    assert set(json.loads(figures.read_text())) == {"b"}
    told = capsys.readouterr().out
    assert "b: 12 cells, 4 blasts" in told
    assert "no stranger" not in told
    assert main(judge) == 0
    told = capsys.readouterr().out
    assert f"a, c: taught {run} and judges it, no stranger" in told


def test_sizes_vary_as_asked_and_a_point_comes_of_other_cells(tmp_path: Path) -> None:
    cells, other = tmp_path / "cells.npz", tmp_path / "other.npz"
    save_cells(cells, three_laboratories(4))
    save_cells(other, three_laboratories(2))
    run, figures = tmp_path / "run", tmp_path / "figures.json"
    words = ["teach", str(cells), "--architecture", "alexnet-kinds", "--out", str(run)]
    assert main([*words, "--draws", "32", "--side-px", "32", "--scale", "0.25"]) == 0
    recipe = json.loads((run / "plan.json").read_text())["plan"]["recipe"]
    assert recipe["scale"] == 0.25
    judge = ["judge", str(run), "--cells", str(cells), "--point-by", str(other)]
    assert main([*judge, "--json", str(figures)]) == 0
    found = json.loads(figures.read_text())
    assert all(
        set(row["called_blast"]) == {"blast", "mature"} for row in found.values()
    )


def test_a_folder_without_a_taught_network_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_cells(tmp_path / "cells.npz", three_laboratories(1))
    judge = ["judge", str(tmp_path), "--cells", str(tmp_path / "cells.npz")]
    assert main(judge) == 1
    assert "no taught network" in capsys.readouterr().err
