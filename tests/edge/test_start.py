"""Typing a command must not import what it does not need: starting is waiting."""

import subprocess
import sys

import pytest

SHOW = (
    "import sys; from leukoscope_edge.cli import main\n"
    "try: main(sys.argv[1:])\n"
    "except SystemExit: pass\n"
    "print(*sys.modules, file=sys.stderr)"
)


def modules_of(*arguments: str) -> set[str]:
    command = [sys.executable, "-c", SHOW, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(done.stderr.split())


@pytest.mark.parametrize("command", ["screen", "model"])
def test_a_command_leaves_the_page_and_the_signatures_alone(command: str) -> None:
    loaded = modules_of(command, "--help")
    assert "leukoscope_edge.cli" in loaded
    assert not loaded & {"fastapi", "uvicorn", "tuf", "urllib3", "fpdf", "onnxruntime"}


LOADED_AHEAD = (
    "import sys; from leukoscope_edge.records.exports.pdf_report import load_ahead\n"
    "assert 'fpdf' not in sys.modules\n"
    "load_ahead().join()\n"
    "assert 'fpdf' in sys.modules\n"
    "assert load_ahead() is None"
)


def test_the_library_of_papers_is_loaded_when_one_is_near_and_once() -> None:
    subprocess.run([sys.executable, "-c", LOADED_AHEAD], check=True)


def test_help_knows_every_command() -> None:
    command = [sys.executable, "-m", "leukoscope_edge", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    for name in ("screen", "serve", "model", "records"):
        assert name in done.stdout


LIBRARIES = {"numpy", "cv2", "onnxruntime", "fastapi", "tuf", "cryptography", "fpdf"}


@pytest.mark.parametrize(
    ("child", "needed"),
    [
        ("media.root_helper", set()),
        ("capture.driver_process", {"numpy"}),
        ("capture.stored.decoder_process", {"numpy", "cv2"}),
        ("inference.nvidia.tensorrt_child", {"numpy", "cv2"}),
    ],
)
def test_a_child_loads_its_own_room_and_no_library_more(
    child: str, needed: set[str]
) -> None:
    code = f"import sys, leukoscope_edge.{child}; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert loaded & LIBRARIES == needed
    assert not loaded & {"leukoscope_edge.records", "leukoscope_edge.screening"}
