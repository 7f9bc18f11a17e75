"""How a command explains itself: a description, examples, options in groups."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

COMMANDS = {
    "screen": "screen a slide or a set of images",
    "serve": "the device's page, camera and records",
    "health": "how the running device is",
    "calibrate": "measure a pixel with a stage micrometer, and the light",
    "model": "list, verify, install, roll back models",
    "software": "verify and install this program from a signed stick",
    "records": "slides, reports, audit, backup",
    "people": "who may use the page; a lost PIN",
    "profile": "list or show the kinds of devices, lock a camera's light",
    "doctor": "is this machine fit for the device, and what cures it",
    "completion": "what the tabulator key knows, for your shell",
}
"""Each command, with one line of help: what is known before its module is loaded."""


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
    description: str,
    examples: Sequence[str] = (),
) -> argparse.ArgumentParser:
    """Add a command to the parser.

    Args:
        commands: Of the parser.
        name: One of `COMMANDS`.
        description: What it does, and what it deliberately does not.
        examples: Lines as somebody would type them.
    """
    help_ = COMMANDS[name]
    lines = "\n".join(f"  {line}" for line in examples)
    return commands.add_parser(
        name,
        help=help_,
        description=f"{help_[0].upper()}{help_[1:]}.\n\n{description}",
        epilog=f"examples:\n{lines}" if lines else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
