import importlib
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.tools.in_process import called

from leukoscope_train.commands import PBC_KINDS

TOOL = Path(__file__).parents[2] / "tools" / "evaluate_elsewhere.py"


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return called(TOOL, *arguments)


def run_alone(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(TOOL), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_folder_without_the_sets_fails_in_one_line(tmp_path: Path) -> None:
    done = run_alone(str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "no images here" in done.stderr


def tree(folder: Path) -> Path:
    """One square picture in every place that the tool looks at."""
    sets = ["wbc-fields/images", "wbc-crops-300/images"]
    sets += [f"pbc/{kind}" for kind in PBC_KINDS]
    sets += [f"taleqani/{name}" for name in ("Benign", "Early", "Pre", "Pro")]
    for name in sets:
        (folder / name).mkdir(parents=True)
        picture = np.full((32, 32, 3), 200, np.uint8)
        cv2.imwrite(str(folder / name / "one.jpg"), picture)
    return folder


@pytest.mark.parametrize(
    ("stretch", "size_px", "scale"),
    [(False, None, None), (True, (299, 224), 0.40)],
)
def test_taleqani_alone_is_stretched_where_that_is_asked_for(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stretch: bool,
    size_px: tuple[int, int] | None,
    scale: float | None,
) -> None:
    monkeypatch.syspath_prepend(str(TOOL.parent))
    found = importlib.import_module("evaluate_elsewhere").sources(
        tree(tmp_path), 0, stretch=stretch
    )
    for source in found:
        if source.name.startswith("taleqani"):
            assert (source.size_px, source.scale_um_per_px) == (size_px, scale)
        else:
            assert source.size_px is None


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
