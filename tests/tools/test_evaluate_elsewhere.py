import json
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "evaluate_elsewhere.py"


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(TOOL), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_folder_without_the_sets_fails_in_one_line(tmp_path: Path) -> None:
    done = run(str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "no images here" in done.stderr


@pytest.mark.real
@pytest.mark.slow
def test_every_set_is_called_cell_by_cell(real_data: Path) -> None:
    done = run(str(real_data), "--limit", "4", "--json")
    found = json.loads(done.stdout)
    assert 0 <= found["taleqani_auroc_of_images"] <= 1
    rows = found["rows"]
    assert len(rows) == 13
    assert {row["truth"] for row in rows} == {"normal", "blast"}
    for row in rows:
        assert row["blast"] + row["normal"] + row["unclear"] == pytest.approx(1)
