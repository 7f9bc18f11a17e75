"""Models on the command line."""

import pytest

from leukoscope_edge.cli import main


def test_lists_and_verifies_what_was_shipped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["model", "list"]) == 0
    assert main(["model", "verify"]) == 0
    printed = capsys.readouterr().out
    assert "simulated" in printed
    assert "hashes agree" in printed
