"""A few damaged pictures of each format: none is judged without a word."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from leukoscope_edge.capture import parse_simulated
from leukoscope_edge.types import Frame

TOOL = Path(__file__).resolve().parents[2] / "tools" / "fuzz_pictures.py"


@pytest.mark.slow
def test_no_damaged_picture_is_judged_without_a_word(tmp_path: Path) -> None:
    with parse_simulated("simulated:seed=5,frames=1") as camera:
        frame = camera.read()
    assert isinstance(frame, Frame)
    picture = tmp_path / "field.png"
    assert cv2.imwrite(str(picture), np.ascontiguousarray(frame.pixels[..., ::-1]))
    command = [sys.executable, str(TOOL), str(picture), "--mutations", "14", "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    found = json.loads(done.stdout)
    assert set(found) == {"jpeg", "png", "bmp", "tiff", "avi"}
    assert [kind for kind, counts in found.items() if counts["which"]] == []
    assert done.returncode == 0
