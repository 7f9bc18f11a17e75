import json
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
from tests.simulated import camera_on
from tests.tools.in_process import called

TOOL = Path(__file__).parents[2] / "tools" / "evaluate_segmentation.py"
N_IMAGES = 3


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return called(TOOL, *arguments)


def run_alone(*arguments: str) -> "subprocess.CompletedProcess[str]":
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
    done = run_alone(str(tmp_path))
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


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three drawn fields; the whole cells of each as points."""
    folder = tmp_path_factory.mktemp("points")
    (folder / "images").mkdir()
    camera = camera_on("simulated:seed=1,cells=30")
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


@pytest.mark.parametrize("size", ["0", "-1", "11", "large"])
def test_a_size_that_cannot_be_is_wrong_use(points: Path, size: str) -> None:
    assert run(str(points), "--size", size).returncode == 2
