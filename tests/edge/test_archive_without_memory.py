"""An archive whose workers find no shared memory that they could write to."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import pytest
from tests.simulated import first_frames

from leukoscope_edge.isolated import command_of

READ_ONLY = "mount -t tmpfs -o ro none /dev/shm && exec"


@pytest.fixture
def folder() -> Iterator[Path]:
    """On a disk: in memory it would be out of sight as well."""
    with TemporaryDirectory(dir="/var/tmp") as name:
        yield Path(name)


def test_an_archive_needs_no_shared_memory(folder: Path) -> None:
    own = ["unshare", "--mount", "sh", "-c"]
    tried = [*own, f"{READ_ONLY} true"]
    if os.geteuid() != 0 or subprocess.run(tried, capture_output=True).returncode:
        pytest.skip("NOT DONE HERE: mounting a tmpfs needs root")
    for number, frame in enumerate(first_frames(2)):
        slide = folder / "archive" / str(number)
        slide.mkdir(parents=True)
        bgr = np.ascontiguousarray(frame.pixels[..., ::-1])
        assert cv2.imwrite(str(slide / "a.png"), bgr)
    words = ["screen", str(folder / "archive"), "--out", str(folder / "out")]
    command = command_of("leukoscope_edge", *words, "--jobs", "2")
    done = subprocess.run(
        [*own, f'{READ_ONLY} "$@"', "sh", *command], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    results = sorted((folder / "out").glob("*/result.json"))
    assert [path.parent.name for path in results] == ["0", "1"]
