import json
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "evaluate_robustness.py"


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize("every", [48, pytest.param(24, marks=pytest.mark.nightly)])
def test_bad_light_colour_focus_and_noise_lose_one_cell_at_most(
    real_data: Path, every: int
) -> None:
    command = [sys.executable, str(TOOL), str(real_data / "wbc-fields"), "--json"]
    done = subprocess.run(
        [*command, "--every", str(every)], capture_output=True, text=True, check=True
    )
    rows = {row["harm"]: row for row in json.loads(done.stdout)}
    assert rows["none"]["n_refused"] == 0
    max_lost = 1 / rows["none"]["n_cells"]  # of recall: a cell
    for name, row in rows.items():
        if row["n_cells"]:
            assert row["recall"] >= rows["none"]["recall"] - max_lost - 1e-9, name
        assert row["cell_dice"] is None or row["cell_dice"] > 0.7, name
        reasons = " ".join(row["reasons"])
        assert not reasons or ("blur" in name and "out of focus" in reasons)


@pytest.mark.real
def test_calls_of_the_clean_frames_are_their_own_measure(real_data: Path) -> None:
    command = [sys.executable, str(TOOL), str(real_data / "wbc-fields"), "--json"]
    done = subprocess.run(
        [
            *command,
            "--every",
            "120",
            "--harm",
            "half bleached",
            "--pooled",
            "--views",
            "2",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    clean, harmed = json.loads(done.stdout)
    assert clean["calls_changed"] == clean["kinds_changed"] == 0
    assert harmed["n_called"] == clean["n_cells"] == harmed["n_cells"]
    assert 0.06 < harmed["um_per_px"] < 0.1


def test_a_folder_without_boxes_fails_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(TOOL), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
