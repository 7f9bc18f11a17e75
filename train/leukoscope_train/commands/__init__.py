"""The workstation's commands, a module for each kind of work."""

import argparse
from collections.abc import Callable
from typing import Any


def say(line: str) -> None:
    """Print one line of a result at once."""
    print(line, flush=True)  # noqa: T201


def add_command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], None], words: str
) -> argparse.ArgumentParser:
    """Add a command that runs a function of its options."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=words)
    parser.set_defaults(run=run)
    return parser
