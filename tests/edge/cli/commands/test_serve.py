"""The device's service, started by hand."""

import subprocess
import sys

import pytest

from leukoscope_edge.cli import main


def test_records_that_cannot_be_made_end_serve_with_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["serve", "--data", "/proc/sys/leukoscope"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "--data" in error


def test_the_supervisor_loads_no_library_of_pictures_or_models() -> None:
    """It watches all day, and what it held nobody else could have."""
    code = (
        "import sys, leukoscope_edge.cli.commands.serve;"
        "print({'numpy', 'cv2', 'onnxruntime', 'fastapi', 'fpdf'} & set(sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.stdout == "set()\n", ended.stderr
