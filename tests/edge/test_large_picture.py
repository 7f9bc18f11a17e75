"""A picture of 66 megapixels is screened in tiles, in little memory.

The whole command runs as a process of its own; a process above it asks the kernel how
much the largest of them held, libraries included.
"""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.simulated import first_frames

from leukoscope_edge.arrays import U8
from leukoscope_edge.isolated import command_of

SHAPE = (7040, 9376)
MOST_BYTES = 600e6
CELLS_IN = [(7, 7), (2, 11)]
"""The fields of the mosaic that show white cells."""
ASK = """
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], capture_output=True, text=True, check=True)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps({"peak_bytes": 1024 * peak, "result": json.loads(done.stdout)}))
"""


def mosaic() -> U8:
    """(7040, 9376, 3) BGR: fields without a seam, every second one turned over."""
    red = first_frames(1, "simulated:seed=5,cells=0")[0].pixels[..., ::-1]
    cells = first_frames(1, "simulated:seed=5,cells=20")[0].pixels[..., ::-1]
    picture = np.empty((*SHAPE, 3), np.uint8)
    height, width = red.shape[:2]
    for row in range(-(-SHAPE[0] // height)):
        for column in range(-(-SHAPE[1] // width)):
            field = cells if (row, column) in CELLS_IN else red
            field = field[:: (-1) ** row, :: (-1) ** column]
            y, x = row * height, column * width
            place = picture[y : y + height, x : x + width]
            place[:] = field[: place.shape[0], : place.shape[1]]
    return picture


@pytest.mark.slow
def test_a_picture_of_66_megapixels_takes_less_than_600_mb(tmp_path: Path) -> None:
    how = [cv2.IMWRITE_JPEG_QUALITY, 92]
    assert cv2.imwrite(str(tmp_path / "large.jpg"), mosaic(), how)
    words = ["screen", str(tmp_path / "large.jpg"), "--um-per-px", "0.1", "--json"]
    command = [sys.executable, "-c", ASK, *command_of("leukoscope_edge", *words)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    (image,) = found["result"]["images"]
    assert image["status"] == "screened", image
    assert SHAPE[0] * SHAPE[1] > 66e6
    assert found["result"]["cells"]
    assert found["peak_bytes"] < MOST_BYTES
