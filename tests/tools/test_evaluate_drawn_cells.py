import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "tools/evaluate_drawn_cells.py"
OUTLINES = ROOT / "tests/edge/vision/drawn/marrow_cells.json"


@pytest.fixture
def tiles(tmp_path: Path) -> Path:
    """One tile with a disc of 12 µm in its middle."""
    pixels = np.full((250, 250, 3), (215, 222, 225), np.uint8)
    cv2.circle(pixels, (125, 125), 73, (215, 190, 205), cv2.FILLED)
    cv2.circle(pixels, (125, 125), 50, (170, 60, 95), cv2.FILLED)
    (tmp_path / "images").mkdir()
    even = cv2.GaussianBlur(pixels, (0, 0), 1.2)
    cv2.imwrite(str(tmp_path / "images/1.png"), even)
    return tmp_path


def outlines_in(folder: Path, radius_px: int) -> Path:
    angles = np.arange(0, 2 * np.pi, np.pi / 12)
    corners = 125 + radius_px * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    entry = {
        "file": "1.png",
        "how": "drawn",
        "outline_px": corners.astype(int).tolist(),
    }
    path = folder / "outlines.json"
    path.write_text(json.dumps([entry]))
    return path


def run(folder: Path, outlines: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TOOL), str(folder), "--outlines", str(outlines)]
    return subprocess.run([*command, "--json"], capture_output=True, text=True)


@pytest.mark.parametrize(("radius_px", "good"), [(73, 1.0), (30, 0.0)])
def test_an_outline_agrees_or_not(tiles: Path, radius_px: int, good: float) -> None:
    done = run(tiles, outlines_in(tiles, radius_px))
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    assert [row["how"] for row in rows] == ["drawn", "all"]
    assert [row["n_cells"] for row in rows] == [1, 1]
    assert rows[0]["good"] == good


def test_outlines_that_are_none_are_refused_in_one_line(tiles: Path) -> None:
    wrong = tiles / "outlines.json"
    wrong.write_text('[{"file": "1.png"}]')
    done = run(tiles, wrong)
    assert done.returncode == 1
    assert "expected file, how and outline_px" in done.stderr


def test_the_outlines_of_the_tests_lie_in_their_tiles() -> None:
    entries = json.loads(OUTLINES.read_text())
    assert len({entry["file"] for entry in entries}) == len(entries) >= 300
    for entry in entries:
        corners = np.array(entry["outline_px"])
        assert entry["how"] in ("drawn", "accepted")
        assert corners.shape[0] >= 5
        assert corners.min() >= 0
        assert corners.max() < 250
        assert cv2.pointPolygonTest(corners.astype(np.int32), (125, 125), False) > 0
