import json
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "evaluate_classifier.py"


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(TOOL), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_folder_without_cells_fails_in_one_line(tmp_path: Path) -> None:
    done = run(str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


@pytest.mark.real
@pytest.mark.slow
def test_real_normal_cells_give_one_row_for_each_model(real_data: Path) -> None:
    done = run(str(real_data / "pbc"), "--limit", "10", "--json")
    rows = json.loads(done.stdout)
    assert [r["model"] for r in rows][1:] == ["size only", "always ALL"]
    assert rows[0]["n_cells"] > 30
    assert rows[2]["specificity"] == 0
