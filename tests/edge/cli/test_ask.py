"""A secret is asked for at a terminal, and never read from a pipe unasked."""

import getpass
import io
from pathlib import Path

import pytest

from leukoscope_edge.cli import ask
from leukoscope_edge.errors import UsageError


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ask, "TERMINAL", tmp_path / "no-tty")
    monkeypatch.setattr(getpass, "getpass", lambda question: f"answer to {question}")


@pytest.mark.parametrize("stdin", [None, io.StringIO("piped secret\n")])
def test_without_a_terminal_the_option_is_named(
    monkeypatch: pytest.MonkeyPatch, stdin: io.StringIO | None
) -> None:
    monkeypatch.setattr("sys.stdin", stdin)
    with pytest.raises(UsageError, match="give --pin-file FILE"):
        ask.ask_secret("PIN: ", "--pin-file")


def test_a_standard_input_that_is_a_terminal_is_asked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal())
    assert ask.ask_secret("PIN: ", "--pin-file") == "answer to PIN: "


def test_a_terminal_is_asked_at_though_the_input_is_a_pipe(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    (tmp_path / "no-tty").touch()
    assert ask.ask_secret("PIN: ", "--pin-file") == "answer to PIN: "
