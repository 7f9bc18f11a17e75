"""The workstation's commands, a module for each kind of work.

Offers its modules to the command line, what adds a command to it, and the cells and
networks that tools take as the commands do.
"""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from leukoscope_edge import load_on_use

if TYPE_CHECKING:
    from leukoscope_train.commands import data as data
    from leukoscope_train.commands import documents as documents
    from leukoscope_train.commands import fitting as fitting
    from leukoscope_train.commands import judging as judging
    from leukoscope_train.commands import kinds as kinds
    from leukoscope_train.commands.data import PBC_KINDS as PBC_KINDS
    from leukoscope_train.commands.data import crops_of as crops_of
    from leukoscope_train.commands.data import some as some
    from leukoscope_train.commands.fitting import (
        PRETRAINING_PER_CLASS as PRETRAINING_PER_CLASS,
    )
    from leukoscope_train.commands.kinds import SHOWN_UM as SHOWN_UM
    from leukoscope_train.commands.kinds import load_taught as load_taught
else:
    __getattr__, __all__ = load_on_use(__name__, __file__)


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
