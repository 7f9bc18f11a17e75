import json
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "evaluate_segmentation.py"


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(TOOL), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_simulated_slide_is_found_almost_whole() -> None:
    done = run("simulated:seed=1,cells=30", "--every", "12", "--json")
    (row,) = json.loads(done.stdout)
    assert row["recall"] >= 0.97
    assert row["precision"] >= 0.97
    assert row["nucleus_dice_mean"] > 0.9
    assert row["peak_mib"] > 0


def test_a_folder_without_truth_fails_in_one_line(tmp_path: Path) -> None:
    done = run(str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("method", ["kmeans-lab", "unet", "skimage-reduced"])
def test_every_kind_of_method_fills_the_same_row(method: str, tmp_path: Path) -> None:
    source = "simulated:seed=1,cells=30"
    done = run(
        source,
        "--every",
        "120",
        "--json",
        "--method",
        method,
        "--overlays",
        str(tmp_path),
    )
    (row,) = json.loads(done.stdout)
    assert row["method"] == method
    assert 0 <= row["cell_dice_p5"] <= row["cell_dice_median"] <= 1
    assert list(tmp_path.rglob("*.png"))
