"""Questions at a terminal, and what to give where there is none."""

import getpass
import sys
from pathlib import Path

from leukoscope_edge.errors import UsageError

TERMINAL = Path("/dev/tty")


def ask_secret(question: str, instead: str) -> str:
    """Ask for what must not be seen.

    Args:
        question: What stands before the cursor.
        instead: The option that gives it without a terminal.

    Raises:
        UsageError: There is no terminal to ask at.
    """
    if not _has_terminal():
        raise UsageError(f"there is no terminal to ask at: give {instead} FILE")
    return getpass.getpass(question)


def _has_terminal() -> bool:
    try:
        with TERMINAL.open("rb"):
            return True
    except OSError:
        return sys.stdin is not None and sys.stdin.isatty()
