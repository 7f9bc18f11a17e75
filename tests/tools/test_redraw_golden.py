"""Stored cells are drawn again by the tool, and one that tests nothing is left out."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from leukoscope_edge.inference import open_bundle, shipped_bundle_for
from leukoscope_edge.inference.bundle import Golden

TOOLS = Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, str(TOOLS))
try:
    import redraw_golden
finally:
    sys.path.remove(str(TOOLS))


def redrawn(folder: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> Golden:
    shutil.copytree(shipped_bundle_for("simulated"), folder)
    monkeypatch.setattr(sys, "argv", ["redraw_golden.py", str(folder), *words])
    redraw_golden.main()
    return open_bundle(folder).golden


def test_a_cell_on_the_edge_of_two_steps_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = redrawn(tmp_path / "whole", monkeypatch)
    fewer = redrawn(tmp_path / "fewer", monkeypatch, "--without", "3", "5")
    left = [i for i in range(len(whole.crops)) if i not in (3, 5)]
    assert np.array_equal(fewer.crops, whole.crops[left])
    assert np.array_equal(fewer.logits, whole.logits[left])
