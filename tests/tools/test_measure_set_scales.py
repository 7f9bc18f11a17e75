"""Red cells that lie alone are measured by their area."""

import importlib
import json
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

TOOL = Path(__file__).parents[2] / "tools" / "measure_set_scales.py"
PLASMA, RED, VIOLET = (225, 222, 228), (205, 150, 150), (110, 60, 150)


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(TOOL.parent))
    return importlib.import_module("measure_set_scales")


def field(*discs: tuple[int, int, int, tuple[int, int, int]]) -> np.ndarray:
    pixels = np.full((240, 320, 3), PLASMA, np.uint8)
    for x, y, radius, colour in discs:
        cv2.circle(pixels, (x, y), radius, colour, -1, cv2.LINE_AA)
    return pixels


def test_nothing_is_measured_where_nothing_lies(tool: Any) -> None:
    assert tool.red_cells(field()) == []


def test_a_red_cell_is_as_wide_as_its_area(tool: Any) -> None:
    (cell,) = tool.red_cells(field((80, 90, 30, RED)))
    assert cell.diameter_px == pytest.approx(60.5, abs=1.0)
    assert math.dist((cell.x_px, cell.y_px), (80, 90)) < 1


@pytest.mark.parametrize(
    "discs",
    [
        [(80, 90, 30, RED), (125, 90, 30, RED)],  # two that touch
        [(10, 90, 30, RED)],  # cut by the edge
        [(80, 90, 30, VIOLET)],  # a nucleus
    ],
)
def test_what_is_no_lone_red_cell_is_left_out(
    tool: Any, discs: list[tuple[int, int, int, tuple[int, int, int]]]
) -> None:
    assert tool.red_cells(field(*discs)) == []


def test_a_set_says_its_scale_and_a_box_is_measured_beside(
    tool: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(tool, "MIN_CELLS", 2)
    folder = tmp_path / "wbc-fields"
    for name in ("images", "boxes"):
        (folder / name).mkdir(parents=True)
    shown = field((80, 90, 30, RED), (220, 120, 30, RED))
    cv2.imwrite(str(folder / "images" / "a.png"), shown[..., ::-1])
    ends = "<xmin>44</xmin><ymin>54</ymin><xmax>116</xmax><ymax>126</ymax>"
    drawn = f"<a><object><bndbox>{ends}</bndbox></object></a>"
    (folder / "boxes" / "a.xml").write_text(drawn)
    assert tool.main([str(tmp_path), "wbc-fields", "--boxes", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["n"] == 2
    assert row["um_per_px"][1] == pytest.approx(7.5 / 60.5, rel=0.02)
    assert row["box_side_px"] == 72
    assert tool.main([str(tmp_path), "wbc-fields"]) == 0
    assert "the table 0.082" in capsys.readouterr().out


def test_a_set_that_nobody_knows_ends_in_one_line(
    tool: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tool.main([str(tmp_path), "nowhere"]) == 1
    assert capsys.readouterr().err.count("\n") == 1
