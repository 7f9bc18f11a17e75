"""A spawned process runs no file of the folder in which it is started."""

import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import cv2
import pytest

from leukoscope_train.children import SAFE_PATH, safe_path, spawned

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
from leukoscope_train.children import spawned
if __name__ == "__main__":
    with spawned(1) as pool:
        print(pool.submit(abs, -7).result())
"""
LOOKED_FOR = (
    "pickle",
    "signal",
    "socket",
    "struct",
    "selectors",
    "tempfile",
)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="NOT DONE HERE: Python 3.10")
def test_a_folder_of_modules_is_data(tmp_path: Path) -> None:
    folder, program = tmp_path / "stick", tmp_path / "program.py"
    folder.mkdir()
    for name in LOOKED_FOR:
        (folder / f"{name}.py").write_text(f"raise SystemExit('{name} was run')")
    program.write_text(PROGRAM)
    command = [sys.executable, str(program)]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=True
    )
    assert done.stdout == "7\n"
    assert done.stderr == ""


@pytest.mark.parametrize("before", [None, "1"])
def test_what_was_set_before_is_set_again(
    monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    monkeypatch.delenv(SAFE_PATH, raising=False)
    if before is not None:
        monkeypatch.setenv(SAFE_PATH, before)
    with safe_path():
        assert os.environ[SAFE_PATH] == "1"
    assert os.environ.get(SAFE_PATH) == before


def test_a_process_begins_as_it_is_told() -> None:
    with spawned(1, partial(cv2.setNumThreads, 1)) as pool:
        assert pool.submit(cv2.getNumThreads).result() == 1


def test_nobody_makes_a_pool_of_another_kind() -> None:
    makers = [
        str(path.relative_to(ROOT))
        for part in ("edge", "train", "export", "tools", "tests/rigs")
        for path in (ROOT / part).rglob("*.py")
        if re.search(r"ProcessPoolExecutor\(|get_context\(", path.read_text())
    ]
    # A changed program is tried in forks of a process that has no threads.
    assert makers == ["train/leukoscope_train/children.py", "tools/mutate.py"]
