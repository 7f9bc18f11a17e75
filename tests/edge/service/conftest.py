"""A folder of records whose service leaves its figures there."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from leukoscope_edge.service import run_folder
from leukoscope_edge.service.heartbeat import make_run_folder


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    folder = run_folder(tmp_path)
    make_run_folder(folder)
    yield tmp_path
    shutil.rmtree(folder)
