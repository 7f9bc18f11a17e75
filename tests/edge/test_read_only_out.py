"""Screening into a folder that this user may not write into: one line, and the cure."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

WITHOUT_RIGHTS = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
"""Root may write everywhere; without these capabilities it is held by the folder."""
READ_ONLY = 0o555


@pytest.fixture
def anybody() -> tuple[str, ...]:
    """What a command begins with that is held by the folders' rights."""
    if os.geteuid() != 0:
        return ()
    if not shutil.which(WITHOUT_RIGHTS[0]):
        pytest.skip("NOT DONE HERE: no setpriv, and root may write everywhere")
    if subprocess.run([*WITHOUT_RIGHTS, "true"], capture_output=True).returncode:
        pytest.skip("NOT DONE HERE: setpriv may not take capabilities away")
    return WITHOUT_RIGHTS


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A folder of one slide of one picture."""
    slide = tmp_path / "archive" / "slide"
    slide.mkdir(parents=True)
    pixels = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    assert cv2.imwrite(str(slide / "a.png"), pixels)
    return slide.parent


@pytest.mark.parametrize(
    ("source", "locked", "out"),
    [
        ("archive/slide", "out", "out"),
        ("archive/slide", "out", "out/new/deep"),
        ("archive", "out", "out"),
        ("archive", "out/slide", "out"),
    ],
)
def test_a_folder_that_may_not_be_written_to_is_one_line_with_its_cure(
    archive: Path,
    anybody: tuple[str, ...],
    tmp_path: Path,
    source: str,
    locked: str,
    out: str,
) -> None:
    folder = tmp_path / locked
    folder.mkdir(parents=True)
    folder.chmod(READ_ONLY)
    leukoscope = (sys.executable, "-m", "leukoscope_edge")
    done = subprocess.run(
        [*anybody, *leukoscope, "screen", source, "--out", out, "--um-per-px", "0.1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    folder.chmod(0o755)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert "cannot be written to (Permission denied)" in last
    assert last.endswith("name another folder with --out")
    assert "Traceback" not in done.stderr
    assert list(folder.iterdir()) == []
