"""The device's service, started by hand."""

import pytest

from leukoscope_edge.cli import main


def test_records_that_cannot_be_made_end_serve_with_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["serve", "--data", "/proc/sys/leukoscope"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "--data" in error
