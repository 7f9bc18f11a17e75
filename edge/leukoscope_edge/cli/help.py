"""How a command explains itself: a description, examples, options in groups."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any


class Parser(argparse.ArgumentParser):
    """A parser whose help fails where it cannot be printed, as all output does."""

    def _print_message(self, message: str, file: Any = None) -> None:
        if file is sys.stdout:
            sys.stdout.write(message)  # argparse's own passes over an error here
        else:
            super()._print_message(message, file)


def add_command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    help_: str,
    description: str,
    examples: Sequence[str] = (),
) -> argparse.ArgumentParser:
    """Add a command to the parser.

    Args:
        commands: Of the parser.
        name: As it is typed.
        help_: One line, for the list of commands.
        description: What it does, and what it deliberately does not.
        examples: Lines as somebody would type them.
    """
    lines = "\n".join(f"  {line}" for line in examples)
    return commands.add_parser(
        name,
        help=help_,
        description=f"{help_[0].upper()}{help_[1:]}.\n\n{description}",
        epilog=f"examples:\n{lines}" if lines else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
