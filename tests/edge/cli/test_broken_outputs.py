"""Every command whose output breaks: one line at most, the right exit, no traceback.

One process per kind of break imports the program once and forks for each command, with
real descriptors.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.edge.web.stand_ins import PIN, QUICK

from leukoscope_edge.accounts import People
from leukoscope_edge.cli import COMMANDS, main

SLIDE = "simulated:seed=5,frames=1"
STDOUT, STDERR = 1, 2
OPTIONS = ("--data", "data")
PRINTS: dict[str, tuple[str, ...]] = {
    "screen": ("screen", "--help"),
    "calibrate": (
        *("calibrate", "lines.png", "--spacing-um", "10", "--camera", "c"),
        *("--objective", "100x", "--out", "own.toml"),
    ),
    "model": ("model", "list", *OPTIONS),
    "records": ("records", "list", *OPTIONS),
    "people": ("people", "list", *OPTIONS),
    "profile": ("profile", "show", "simulated"),
    "doctor": ("doctor", *OPTIONS),
    "completion": ("completion", "bash"),
    "health": ("health", "--help"),
    "software": ("software", "--help"),
    "serve": ("serve", "--help"),
}
"""A line for each command that prints, and ends by itself. What `screen` prints is in
`test_output`; the last three need a running service or a signed stick for more."""
BREAKS = ("full", "closed", "gone")
FORKS = """
import json, os, sys
from leukoscope_edge.cli import COMMANDS, main

def outcome(words, how, stream):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        status = 99
        try:
            os.dup2(write, 3 - stream)  # the stream that still works
            os.close(read)
            os.close(write)
            if how == "full":
                os.dup2(os.open("/dev/full", os.O_WRONLY), stream)
            elif how == "closed":
                os.close(stream)
            else:
                end, broken = os.pipe()
                os.close(end)
                os.dup2(broken, stream)
            sys.argv = ["leukoscope", *words]
            status = main()
        except SystemExit as stop:
            status = stop.code
        except BaseException:
            os.write(3 - stream, b"Traceback: " + repr(sys.exc_info()[1]).encode())
        os._exit(status)
    os.close(write)
    with os.fdopen(read) as other:
        said = other.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said

table, how, stream, path = sys.argv[1:]
every = {
    name: outcome(words, how, int(stream)) for name, words in json.loads(table).items()
}
with open(path, "w") as file:
    json.dump(every, file)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with records, a person and a picture of a micrometer."""
    where = tmp_path_factory.mktemp("outputs")
    lines = np.full((480, 640), 210, np.uint8)
    for x in range(20, 640, 40):
        lines[60:420, x - 2 : x + 2] = 60
    assert cv2.imwrite(str(where / "lines.png"), lines)
    assert main(["screen", SLIDE, "--keep", "--data", str(where / "data")]) == 0
    people = People(where / "data" / "people", hasher=QUICK)
    people.add_first("Amina", PIN)
    return where


def outcomes(
    folder: Path, how: str, stream: int, *, buffered: bool = True
) -> dict[str, tuple[int, str]]:
    """Return each command's exit status, and what it said on the other stream."""
    how_buffered = {"PYTHONUNBUFFERED": "" if buffered else "1"}
    result = folder / f"{how}-{stream}.json"
    words = (json.dumps(PRINTS), how, str(stream), str(result))
    done = subprocess.run(
        [sys.executable, "-c", FORKS, *words],
        cwd=folder,
        env={**os.environ, **how_buffered},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return {
        name: (code, said)
        for name, (code, said) in json.loads(result.read_text()).items()
    }


def test_every_command_is_tried() -> None:
    assert set(PRINTS) == set(COMMANDS)


@pytest.mark.parametrize(
    ("how", "buffered"),
    [("full", True), ("full", False), ("closed", True), ("gone", True)],
)
def test_an_output_that_breaks_is_one_line_and_a_failure(
    folder: Path, how: str, *, buffered: bool
) -> None:
    n_lines = 0 if how == "gone" else 1  # whoever closed a pipe has enough
    for name, (status, said) in outcomes(
        folder, how, STDOUT, buffered=buffered
    ).items():
        told = [line for line in said.splitlines() if "standard output" in line]
        assert (name, status, len(told)) == (name, 1, n_lines), said
        assert "Traceback" not in said, name
        assert "Exception ignored" not in said, name


@pytest.mark.parametrize("how", BREAKS)
def test_messages_that_nobody_can_read_change_no_output(folder: Path, how: str) -> None:
    for name, (status, printed) in outcomes(folder, how, STDERR).items():
        assert status == 0 or name == "doctor", name
        assert printed, name
