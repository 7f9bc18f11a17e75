"""The device's own folder, which every command names alike."""

import argparse
import getpass
import os
from pathlib import Path

from leukoscope_edge.cli.arguments import label, path
from leukoscope_edge.durable import home

DEFAULT_DATA = Path(".local/share/leukoscope")
"""In an ordinary user's home (XDG base directories); a device names its own."""
MAX_NAME = 80
"""Letters of a person's name, as the page takes."""


def add_data(parser: argparse._ActionsContainer) -> None:
    """Add `--data DIR` to a command that uses the device's own files."""
    parser.add_argument(
        "--data",
        type=path,
        default=home() / DEFAULT_DATA,
        metavar="DIR",
        help=f"the device's folder of models and records; default ~/{DEFAULT_DATA}",
    )


def add_by(parser: argparse._ActionsContainer) -> None:
    """Add `--by NAME` to a command that is remembered with who gave it."""
    parser.add_argument("--by", type=label(MAX_NAME), default=_user(), help="who acts")


def _user() -> str:
    """Return the user's name, or number where there is no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
