"""What bad light costs, what of it comes by masks or colours, and alike stains."""

import importlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.rigs.stain_strength import STRENGTH, WHITE, alike, strength_of
from tests.tools.in_process import called

from leukoscope_edge.inference import open_bundle, shipped_bundle_for

TOOL = Path(__file__).parents[2] / "tools" / "evaluate_robustness.py"


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize("every", [48, pytest.param(24, marks=pytest.mark.nightly)])
def test_bad_light_colour_focus_and_noise_lose_one_cell_at_most(
    real_data: Path, every: int
) -> None:
    done = called(TOOL, real_data / "wbc-fields", "--json", "--every", every)
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
    words = ("--every", "120", "--harm", "half bleached", "--pooled")
    done = called(TOOL, real_data / "wbc-fields", "--json", *words)
    clean, harmed = json.loads(done.stdout)
    assert clean["calls_changed"] == clean["kinds_changed"] == 0
    assert 0 < harmed["n_called"] <= clean["n_called"] <= clean["n_cells"]
    assert 0.06 < harmed["um_per_px"] < 0.1


def stained(by: float) -> np.ndarray:
    """Crops of 32 pixels: a nucleus, the cytoplasm round it, black round both."""
    y, x = np.mgrid[-16:16, -16:16]
    away = np.hypot(y, x)
    made = np.zeros((3, 32, 32, 3), np.uint8)
    for crop, nucleus in zip(made, (10, 11, 12), strict=True):
        for radius, density in ((14, (0.2, 0.3, 0.0)), (nucleus, (0.6, 0.9, 0.1))):
            levels = WHITE * np.exp(-by * np.array(density))
            crop[away < radius] = np.rint(levels)
    return made


@pytest.mark.parametrize("by", [0.6, 1.0, 2.0])
def test_stains_of_any_strength_become_alike(by: float) -> None:
    crops = stained(by)
    made = alike(crops)
    assert strength_of(crops) == pytest.approx(0.75 * by, rel=0.03)
    assert strength_of(made) == pytest.approx(STRENGTH, rel=0.03)
    np.testing.assert_array_equal(made.max(axis=3) > 0, crops.max(axis=3) > 0)
    np.testing.assert_allclose(made, alike(stained(1.0)), atol=4)


@pytest.mark.parametrize("level", [0, 1, 235, 255])
def test_crops_without_a_cell_or_a_stain_stay_finite(level: int) -> None:
    crops = np.full((2, 8, 8, 3), level, np.uint8)
    made = alike(crops)
    assert made.shape == crops.shape
    assert (made.max(axis=3) > 0).all() == (level > 0)


def test_a_crop_is_cut_by_the_mask_and_from_the_picture_that_are_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(TOOL.parent))
    tool = importlib.import_module("evaluate_robustness")
    bundle = open_bundle(shipped_bundle_for("real"))
    plasma, sights = np.full((200, 200, 3), 230, np.uint8), []
    for colour, radius in (((90, 60, 150), 30), ((40, 30, 90), 45)):
        pixels, mask = plasma.copy(), np.zeros((200, 200), np.uint8)
        cv2.circle(pixels, (100, 100), 60, colour, -1)
        cv2.circle(mask, (100, 100), radius, 1, -1)
        sights.append(tool.Sight(pixels, mask > 0, (100.0, 100.0), 0.16, True))
    clean, harmed = ({(0, "box"): sight} for sight in sights)
    found = {}
    for way in ("own", "clean-mask", "clean-colours", "window"):
        (crop,) = tool.crops_of(harmed, clean, way, bundle).values()
        area = np.count_nonzero(crop.max(axis=2))
        found[way] = area > 5000, int(crop[64, 64, 0]) < 60
        assert (area > 7000) == (way == "window")
    assert found == {
        "own": (True, True),
        "clean-mask": (False, True),
        "clean-colours": (True, False),
        "window": (True, True),
    }
    assert tool.crops_of(harmed, {}, "clean-mask", bundle) == {}
    cut_off = {key: replace(sight, is_whole=False) for key, sight in harmed.items()}
    for way in found:
        assert tool.crops_of(cut_off, clean, way, bundle) == {}


@pytest.mark.parametrize(
    ("changes", "share"),
    [
        ([{1: False}], 0.0),
        ([{1: True}], 1.0),
        ([{1: True, 2: False}, {1: True, 2: False}, {2: False}], 0.4),
    ],
)
def test_cells_are_drawn_for_the_interval_and_not_their_calls(
    changes: list[dict[int, bool]], share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(TOOL.parent))
    tool = importlib.import_module("evaluate_robustness")
    found, low, high = tool.share_changed(changes)
    assert found == pytest.approx(share)
    wide = share not in (0.0, 1.0)
    assert (low, high) == ((0.0, 1.0) if wide else (share, share))


def test_a_folder_without_boxes_fails_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(TOOL), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
