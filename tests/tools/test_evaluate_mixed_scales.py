"""Mixtures of magnifications are made and counted."""

import importlib
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.simulated import camera_on

from leukoscope_edge.vision.scale import FrameScale

TOOL = Path(__file__).parents[2] / "tools" / "evaluate_mixed_scales.py"


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(TOOL.parent))
    return importlib.import_module("evaluate_mixed_scales")


def test_other_objectives_keep_the_size_in_pixels(tool: Any) -> None:
    pixels = np.full((60, 80, 3), 200, np.uint8)
    pixels[28:32, 38:42] = 0
    assert tool.twice(pixels).shape == tool.half([pixels] * 4).shape == pixels.shape
    dark = [(p < 100).all(axis=2).sum() for p in (pixels, tool.twice(pixels))]
    assert dark[1] == pytest.approx(4 * dark[0], rel=0.2)


def test_a_folder_of_one_scale_is_not_noticed_and_a_mixture_is(tool: Any) -> None:
    at, off = FrameScale("red cells", 75.0, 4), FrameScale("red cells", 150.0, 4)
    random = np.random.default_rng(0)
    assert tool.noticed([at] * 40, [], 0.0, 0.1, random) == 0
    assert tool.noticed([at] * 40, [off] * 40, 0.25, 0.1, random) == tool.N_FOLDERS


def test_a_set_has_a_row(
    tool: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "drawn" / "images").mkdir(parents=True)
    for seed in (1, 2, 3, 4):
        pixels = camera_on(f"simulated:seed={seed},cells=30").render(0)
        path = tmp_path / "drawn" / "images" / f"{seed}.png"
        cv2.imwrite(str(path), pixels[..., ::-1])
    assert tool.main([str(tmp_path), "drawn", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["alone"]["1"] == [4, 4, 0]
    assert row["alone"]["0.5"] == [4, 4, 4]
    assert row["folders"]["1"] == 0
    assert tool.main([str(tmp_path), "nowhere"]) == 1
    assert capsys.readouterr().err.count("\n") == 1
