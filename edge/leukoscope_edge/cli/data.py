"""The device's own folder, which every command names alike."""

import argparse
import getpass
from pathlib import Path

DEFAULT_DATA = Path("~/.local/share/leukoscope")
"""Where an ordinary user's data lie (XDG base directories); a device names its own."""


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add `--data DIR` to a command that uses the device's own files."""
    parser.add_argument(
        "--data",
        type=lambda text: Path(text).expanduser(),
        default=DEFAULT_DATA.expanduser(),
        metavar="DIR",
        help=f"the device's folder of models and records; default {DEFAULT_DATA}",
    )


def add_by(parser: argparse.ArgumentParser) -> None:
    """Add `--by NAME` to a command that is remembered with who gave it."""
    parser.add_argument("--by", default=getpass.getuser(), help="who acts")
