"""A change of a picture, a place or a call is seen in the digest of a slide."""

import importlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from leukoscope_edge.screening import SlideRun
from leukoscope_edge.types import Cell

TOOLS = Path(__file__).resolve().parents[2] / "tools"
FEW = ("--seeds", "1", "--frames", "3")


@pytest.fixture
def same_slides(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(TOOLS))
    return importlib.import_module("same_slides")


def test_a_slide_is_the_same_until_a_call_changes(
    same_slides: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = tmp_path / "before.json"
    assert same_slides.main([*FEW, "--out", str(before)]) == 0
    (slide,) = json.loads(before.read_text()).values()
    assert slide["n_frames"] == 3
    assert slide["n_cells"] > 0
    assert same_slides.main([*FEW, "--against", str(before)]) == 0
    assert "0 slides differ" in capsys.readouterr().out
    plain = SlideRun.cells

    def seen_once_more(run: SlideRun) -> tuple[Cell, ...]:
        first, *rest = plain(run)
        return (replace(first, n_sightings=first.n_sightings + 1), *rest)

    monkeypatch.setattr(SlideRun, "cells", seen_once_more)
    assert same_slides.main([*FEW, "--against", str(before)]) == 1
    assert "1 slides differ" in capsys.readouterr().out


def test_slides_that_only_one_side_has_differ(same_slides: Any) -> None:
    a, b = {"x": {"digest": "1"}}, {"x": {"digest": "1"}, "y": {"digest": "2"}}
    assert same_slides.different(a, b) == ["y"]
    assert same_slides.different({}, b) == []


def test_cells_are_compared_by_their_place_and_their_call(same_slides: Any) -> None:
    def slide(*cells: tuple[float, str]) -> dict[str, Any]:
        return {"cells": [{"island": 0, "x": x, "y": 0, "call": c} for x, c in cells]}

    before = {"a": slide((0, "blast"), (100, "normal"), (300, "normal")), "b": slide()}
    after = {"a": slide((2, "blast"), (101, "unclear"), (500, "normal")), "c": slide()}
    assert same_slides.compared(before, after) == {
        "cells": 3,
        "missing": 1,
        "new": 1,
        "called_otherwise": 1,
    }
    assert same_slides.compared({}, after) == {}
