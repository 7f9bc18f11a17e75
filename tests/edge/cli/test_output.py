"""Standard streams that are closed, full or gone: one line, the right exit, no loss.

These are real processes with real descriptors, but for words that are wrong.
"""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from leukoscope_edge.cli import main
from leukoscope_edge.cli.output import what_is_exhausted
from leukoscope_edge.isolated import command_of

SLIDE = "simulated:seed=5,frames=3"
Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a function that runs a line of shell with `leukoscope` as $L."""
    program = " ".join(command_of("leukoscope_edge"))

    def in_shell(line: str, **more: str) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            ["sh", "-c", line.replace("$L", program)],
            cwd=tmp_path,
            env={**os.environ, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            start_new_session=True,  # no terminal to ask at
            timeout=120,
        )

    return in_shell


@pytest.mark.parametrize("broken", [">/dev/full", ">&-"])
def test_results_are_kept_where_they_cannot_be_printed(
    run: Run, tmp_path: Path, broken: str
) -> None:
    done = run(f"$L screen {SLIDE} --out out --json {broken}")
    assert done.returncode == 1
    lines = done.stderr.decode().splitlines()
    assert "standard output cannot be written to" in lines[-1]
    assert len(lines) == 2  # the report's place, and this
    assert json.loads((tmp_path / "out" / "result.json").read_text())["simulation"]


def test_messages_that_nobody_can_read_end_nothing(run: Run, tmp_path: Path) -> None:
    line = f"$L screen {SLIDE} --out out --json 2>&-"
    done = run(line, OPENCV_LOG_LEVEL="DEBUG")  # which speaks on standard output
    assert done.returncode == 0
    assert json.loads(done.stdout)["simulation"]
    assert (tmp_path / "out" / "result.json").exists()


@pytest.mark.parametrize(
    ("line", "status", "said"),
    [
        ("$L profile list >/dev/full", 1, "cannot be written to (No space left"),
        ("$L profile list >&-", 1, "cannot be written to (Bad file descriptor)"),
        ("$L --help >/dev/full", 1, "cannot be written to"),
        ("$L serve --port 99999", 2, "expected 0..65535"),
        ("$L records backup .", 2, "no terminal to ask at: give --passphrase-file"),
        ("mkdir camera; $L screen camera", 2, "write ./camera for it"),
        ("ulimit -v 400000; $L screen x", 1, "390 MiB of memory are allowed, 768 are"),
        ("$L model trust /nope", 1, "/nope: cannot be read: No such file"),
    ],
)
def test_what_cannot_be_ends_in_one_line(
    run: Run, line: str, status: int, said: str
) -> None:
    done = run(line)
    error = done.stderr.decode()
    assert said in error.splitlines()[-1]
    assert "Traceback" not in error
    assert done.returncode == status


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("serve --port -1", "expected 0..65535"),
        ("serve --data ''", "is empty: was a variable not set?"),
        ("screen ''", "is empty: was a variable not set?"),
        ("screen x --um-per-px 0_1", "expected a number, got '0_1'"),
        ("screen x --um-per-px 0,08", "a decimal point, not a comma: 0.08"),
        ("screen x --um-per-px 80", "nanometres? 80 nm are 0.08 um"),
        ("screen x --um-per-px ''", "is empty: was a variable not set?"),
        (f"screen {SLIDE} --sample A", "kept with --keep only"),
        (f"screen {SLIDE} --um-per-px 1", "brings its own scale"),
        (f"screen {SLIDE} --sequence", "is a sequence already"),
        ("screen . --frames 3", "--frames is for a camera"),
        ("screen . --um-per-px 1 --calibration c", "no --um-per-px with it"),
        ("screen /dev/video0", "a camera is written camera:/dev/video0"),
        (f"screen {SLIDE} --keep --sample ''", "is empty: was a variable not"),
    ],
)
def test_wrong_words_end_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    line: str,
    said: str,
) -> None:
    """In this process: how one ends that is started, the table above knows."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        sys.exit(main(shlex.split(line)))
    error = capsys.readouterr().err
    assert said in error.splitlines()[-1]
    assert "Traceback" not in error
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (MemoryError(), "memory"),
        (RuntimeError("can't start new thread"), "threads (ulimit -u)"),
        (RuntimeError("another"), ""),
    ],
)
def test_what_the_machine_has_no_more_of_is_named(error: Exception, what: str) -> None:
    assert what_is_exhausted(error) == what


def save_fields(folder: Path, *names: bytes) -> None:
    folder.mkdir()
    random = np.random.default_rng(0)
    for name in names:
        pixels = random.integers(0, 255, (48, 64, 3), np.uint8)
        found, data = cv2.imencode(".png", pixels)
        assert found
        (folder / os.fsdecode(name)).write_bytes(data.tobytes())


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_names_of_any_bytes_are_shown_as_far_as_they_can_be(
    run: Run, tmp_path: Path, encoding: str
) -> None:
    save_fields(tmp_path / "in", "é.png".encode(), b"caf\xe9.png", b"a\nb.png")
    done = run("$L screen in --out out", PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "out" / "result.json").read_text("utf-8"))
    names = {i["name"] for i in result["images"]}
    assert names == {"é.png", "caf\ufffd.png", "a\nb.png"}
