"""Sets with every kind of truth fill the same row."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from leukoscope_edge.capture.simulated import parse_simulated

TOOL = Path(__file__).parents[2] / "tools" / "evaluate_segmentation.py"
N_IMAGES = 3


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(TOOL), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three drawn fields; the whole cells of each as points."""
    folder = tmp_path_factory.mktemp("points")
    (folder / "images").mkdir()
    camera = parse_simulated("simulated:seed=1,cells=30")
    lines = ["file,x,y"]
    for number in range(0, 12 * N_IMAGES, 12):
        pixels = cv2.cvtColor(camera.render(number), cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(folder / "images" / f"{number}.png"), pixels)
        _, cells = camera.labels(number)
        for label in set(cells[cells > 0].tolist()):
            x, y, w, h = cv2.boundingRect((cells == label).astype("uint8"))
            if x == 0 or y == 0 or x + w == cells.shape[1] or y + h == cells.shape[0]:
                continue
            lines.append(f"{number}.png,{x + w / 2},{y + h / 2}")
    (folder / "points.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.mark.parametrize(
    "scale",
    [("--um-per-px", "0.1"), ("--pooled",), ("--pooled", "--size", "2")],
)
def test_points_are_found_at_any_scale(points: Path, scale: tuple[str, ...]) -> None:
    (row,) = json.loads(run(str(points), "--json", *scale).stdout)
    assert row["n_cells"] > 0
    assert row["recall"] >= 0.8
    assert row["cell_dice_mean"] is None
    factor = 2 if "--size" in scale else 1
    assert row["um_per_px"] == pytest.approx(0.1 / factor, rel=0.15)
    assert row["n_refused"] == sum(row["reasons"].values())


def test_the_middle_alone_is_one_cell_an_image(points: Path) -> None:
    (row,) = json.loads(run(str(points), "--json", "--middle").stdout)
    assert row["n_cells"] == row["n_images"] == N_IMAGES


def test_a_line_that_is_no_point_is_named(points: Path) -> None:
    text = (points / "points.csv").read_text()
    (points / "points.csv").write_text(text + "0.png,left,right\n")
    done = run(str(points))
    (points / "points.csv").write_text(text)
    assert done.returncode == 1
    n_lines = len(text.splitlines()) + 1
    assert f"points.csv: line {n_lines}: expected file, x and y" in done.stderr


@pytest.mark.parametrize("size", ["0", "-1", "11", "large"])
def test_a_size_that_cannot_be_is_wrong_use(points: Path, size: str) -> None:
    assert run(str(points), "--size", size).returncode == 2
