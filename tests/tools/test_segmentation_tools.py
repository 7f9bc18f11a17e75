"""The modes of the segmentation tools, on sets made here, and on what is no set."""

import importlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.simulated import camera_on

from leukoscope_edge.capture import SimulatedCamera
from leukoscope_edge.inference import shipped_bundle_for

TOOLS = Path(__file__).parents[2] / "tools"
NUMBERS = (0, 40, 80)
"""Frames of the drawn slide with white cells."""


def slide() -> SimulatedCamera:
    return camera_on("simulated:seed=1,cells=30")


def rows_of(tool: str, *arguments: object) -> Any:
    command = [sys.executable, str(TOOLS / tool), *map(str, arguments), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def main_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Give the `main` of a tool, which is quicker than a process of its own."""
    monkeypatch.syspath_prepend(TOOLS)
    return lambda tool: importlib.import_module(tool.removesuffix(".py")).main


def write(path: Path, picture: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), picture)


def test_a_set_is_seen_by_another_camera_and_with_a_coarser_view(drawn: Path) -> None:
    seen = ("--seen-at", "0.1")
    fine, coarse = (
        rows_of("evaluate_segmentation.py", drawn, *seen, *more)[0]
        for more in ((), ("--work-um", "0.2"))
    )
    assert fine["recall"] == coarse["recall"] == 1
    assert fine["nucleus_dice_mean"] != coarse["nucleus_dice_mean"]
    assert min(r["nucleus_dice_mean"] for r in (fine, coarse)) > 0.9


def blank(height: int, width: int) -> np.ndarray:
    """Plasma alone, a little pink: what has no colour is refused."""
    return np.full((height, width, 3), (210, 205, 215), np.uint8)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set with truth: images and masks of a drawn slide."""
    folder = tmp_path_factory.mktemp("drawn")
    for number in NUMBERS:
        nuclei, cells = slide().labels(number)
        mask = np.where(nuclei > 0, 255, np.where(cells > 0, 128, 0)).astype(np.uint8)
        image = np.ascontiguousarray(slide().render(number)[..., ::-1])
        write(folder / "images" / f"{number}.png", image)
        write(folder / "masks" / f"{number}.png", mask)
    return folder


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of fields: with white cells, and blank."""
    folder = tmp_path_factory.mktemp("classes")
    for number in NUMBERS:
        image = np.ascontiguousarray(slide().render(number)[..., ::-1])
        write(folder / "full" / f"{number}.png", image)
    write(folder / "blank" / "1.png", blank(120, 160))
    return folder


def test_fields_are_told_by_class(classes: Path) -> None:
    scale = ("--um-per-px", slide().scale_um_per_px)
    blank, full = rows_of("evaluate_false_cells.py", "fields", classes, *scale)
    assert (blank["name"], blank["n_images"], blank["n_without_whole"]) == (
        "blank",
        1,
        1,
    )
    assert blank["whole_per_image"] == blank["cut_off_per_image"] == 0
    assert (full["name"], full["n_images"], full["n_without_whole"]) == ("full", 3, 0)
    assert full["whole_per_image"] >= 1
    assert full["scale_p5"] == full["scale_p95"] == pytest.approx(scale[1])


def test_every_second_field_and_an_estimated_scale(classes: Path) -> None:
    blank, full = rows_of("evaluate_false_cells.py", "fields", classes, "--every", "2")
    assert (blank["n_images"], full["n_images"]) == (1, 2)
    assert full["scale_p5"] <= full["scale_median"] <= full["scale_p95"]
    assert full["scale_median"] == pytest.approx(slide().scale_um_per_px, rel=0.3)


def test_fields_are_told_by_a_network_too(classes: Path) -> None:
    scale = ("--um-per-px", slide().scale_um_per_px, "--segmenter", "unet-nuclei-1")
    blank, full = rows_of("evaluate_false_cells.py", "fields", classes, *scale)
    assert blank["whole_per_image"] == blank["cut_off_per_image"] == 0
    assert full["whole_per_image"] >= 1


def test_single_cells_are_called_where_a_model_is_named(classes: Path) -> None:
    scale = ("--um-per-px", slide().scale_um_per_px)
    model = ("--bundle", shipped_bundle_for("simulated"))
    for asked, n_called in ((), 0), (model, 1):
        blank, full = rows_of(
            "evaluate_false_cells.py", "single", classes, *scale, *asked
        )
        assert (blank["none"], blank["calls"], blank["kinds"]) == (1, {}, {})
        assert full["none"] < 1
        assert min(sum(full["calls"].values()), 1) == n_called
        assert sum(full["kinds"].values()) == sum(full["calls"].values())


@pytest.mark.parametrize(
    "words",
    [
        ["bench_segmentation.py", "--mosaic", "."],
        ["evaluate_false_cells.py", "fields", "."],
        ["evaluate_robustness.py", "."],
    ],
)
def test_a_network_that_is_not_there_ends_in_one_line_with_those_there_are(
    words: list[str],
    main_of: Callable[[str], Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    tool, *rest = words
    assert main_of(tool)([*rest, "--segmenter", "unet-x"]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "there are: thresholds, unet-nuclei-1" in said


def test_peers_are_timed_turn_by_turn(drawn: Path) -> None:
    ours, *others = rows_of("bench_segmentation.py", "--peer", drawn, "--every", "1")
    assert [r["method"] for r in (ours, *others)] == [
        "otsu3",
        "skimage",
        "skimage-reduced",
    ]
    assert ours["times_ours"] == 1
    for row in (ours, *others):
        assert row["n_images"] == len(NUMBERS) - 1
        assert row["times_ours"] == pytest.approx(row["ms"] / ours["ms"])
        assert row["ms"] > 0


def test_the_bias_of_an_outline_shows(drawn: Path) -> None:
    [row] = rows_of("evaluate_segmentation.py", drawn)
    assert 0.9 < row["nucleus_area_ratio"] < 1.1
    assert row["nucleus_dice_wider"] < row["nucleus_dice_best_rim"]
    assert row["nucleus_dice_mean"] <= row["nucleus_dice_best_rim"]


def test_another_version_is_timed_turn_by_turn(drawn: Path) -> None:
    edge = Path(__file__).parents[2] / "edge"
    sources = ("--against", edge, drawn, "--every", "1")
    ours, other = rows_of("bench_segmentation.py", *sources)
    assert (ours["method"], other["method"]) == ("now", str(edge))
    assert ours["n_images"] == other["n_images"] > 0
    assert other["times_ours"] > 0
    assert ours["times_ours"] == 1


def test_it_is_the_other_version_that_is_timed(drawn: Path, tmp_path: Path) -> None:
    """As one of the same modules, it would be easily missed."""
    vision = tmp_path / "edge" / "leukoscope_edge" / "vision"
    vision.mkdir(parents=True)
    for package in (vision, vision.parent):
        (package / "__init__.py").touch()
    (vision / "segmentation.py").write_text("raise SystemExit('it is the other')")
    command = [sys.executable, str(TOOLS / "bench_segmentation.py"), "--against"]
    done = subprocess.run(
        [*command, str(tmp_path / "edge"), str(drawn)], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "it is the other" in done.stderr
    assert "does not segment" in done.stderr


@pytest.mark.slow
def test_many_fields_as_one_frame_hold_the_same_cells(
    drawn: Path, tmp_path: Path
) -> None:
    (tmp_path / "images").mkdir()
    for copy in range(13):
        for path in (drawn / "images").iterdir():
            (tmp_path / "images" / f"{copy}-{path.name}").symlink_to(path)
    [row] = rows_of("bench_segmentation.py", "--mosaic", tmp_path)
    assert row["n_fields"] == 39
    assert row["times_field"] == pytest.approx(row["ms_mosaic"] / row["ms_field"])
    assert row["n_white_mosaic"] == pytest.approx(row["n_white_alone"], rel=0.3)


def nothing(_: Path) -> None:
    """Leave the folder out."""


def empty(folder: Path) -> None:
    folder.mkdir()


def a_file(folder: Path) -> None:
    folder.write_text("no folder")


def no_images(folder: Path) -> None:
    (folder / "images").mkdir(parents=True)


def no_masks(folder: Path) -> None:
    write(folder / "images" / "1.png", blank(40, 40))


def torn(folder: Path) -> None:
    one(folder)
    (folder / "images" / "1.png").write_bytes(b"\x89PNG")


def bare(folder: Path) -> None:
    no_masks(folder)
    write(folder / "masks" / "1.png", np.full((40, 40), 255, np.uint8))


def one(folder: Path) -> None:
    bare(folder)
    image = np.ascontiguousarray(slide().render(0)[:200, :200, ::-1])
    write(folder / "images" / "1.png", image)


@pytest.mark.parametrize(
    ("make", "words", "why"),
    [
        (nothing, ["bench_segmentation.py", "--peer"], "name a folder with 'images'"),
        (a_file, ["bench_segmentation.py", "--peer"], "name a folder with 'images'"),
        (empty, ["bench_segmentation.py", "--peer"], "name a folder with 'images'"),
        (no_images, ["bench_segmentation.py", "--peer"], "no image in this folder"),
        (no_masks, ["bench_segmentation.py", "--peer"], "masks/1.png: cannot be read"),
        (torn, ["bench_segmentation.py", "--peer"], "1.png: is not an image"),
        (bare, ["bench_segmentation.py", "--peer"], "scikit-image cannot part it"),
        (one, ["bench_segmentation.py", "--peer"], "give a smaller --every"),
        (one, ["bench_segmentation.py", "--mosaic"], "name a larger set"),
        (empty, ["bench_segmentation.py", "--mosaic"], "name a folder with 'images'"),
        (nothing, ["evaluate_false_cells.py", "fields"], "folder of folders of images"),
        (a_file, ["evaluate_false_cells.py", "fields"], "folder of folders of images"),
        (empty, ["evaluate_false_cells.py", "single"], "folder of folders of images"),
        (no_images, ["evaluate_false_cells.py", "fields"], "no image in this folder"),
        (torn, ["evaluate_false_cells.py", "fields"], "1.png: is not an image"),
        (empty, ["evaluate_false_cells.py", "empty"], "name a folder with 'images'"),
        (bare, ["evaluate_false_cells.py", "empty"], "no empty view"),
        (nothing, ["evaluate_segmentation.py"], "name a folder with 'images'"),
        (torn, ["evaluate_segmentation.py"], "1.png: is not an image"),
    ],
)
def test_what_is_no_set_ends_in_one_line_with_the_cure(
    make: Any,
    words: list[str],
    why: str,
    main_of: Callable[[str], Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make(tmp_path / "set")
    tool, *rest = words
    assert main_of(tool)([*rest, str(tmp_path / "set")]) == 1
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert printed.err.startswith(tool.removesuffix(".py"))
    assert why in printed.err
    assert printed.out == ""


@pytest.mark.parametrize(
    "words",
    [
        ["bench_segmentation.py", "--every", "0"],
        ["bench_segmentation.py", "--every", "x"],
        ["evaluate_segmentation.py", "simulated", "--every", "-1"],
        ["evaluate_false_cells.py", "fields", ".", "--every", "0"],
        ["evaluate_false_cells.py", "fields", ".", "--um-per-px", "-1"],
        ["evaluate_false_cells.py", "fields", ".", "--um-per-px", "nan"],
        ["evaluate_false_cells.py", "holes", "."],
    ],
)
def test_a_number_that_cannot_be_is_wrong_use(
    words: list[str],
    main_of: Callable[[str], Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    tool, *rest = words
    with pytest.raises(SystemExit) as caught:
        main_of(tool)(rest)
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: ")
