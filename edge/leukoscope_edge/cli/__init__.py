"""`leukoscope ...`: results on stdout, the rest on stderr.

Exit 0: done, whatever the medical outcome. 1: failed. 2: wrong use. Each command is a
module here that adds itself to the parser and names its function in `run`.
"""

import argparse
import sys
from collections.abc import Callable

from leukoscope_edge import __version__
from leukoscope_edge.cli import model, profile, records, screen, serve
from leukoscope_edge.errors import LeukoscopeError

EXIT_FAILED, EXIT_INTERRUPTED = 1, 130
COMMANDS = (screen, serve, model, records, profile)


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        run: Callable[[argparse.Namespace], int] = options.run
        return run(options)
    except LeukoscopeError as err:
        print(f"leukoscope: {err}", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt as stop:
        words = str(stop) or "stopped; no result was written"
        print(f"leukoscope: {words}", file=sys.stderr)
        return EXIT_INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="leukoscope",
        description="Offline screening of blood smears for acute lymphoblastic "
        "leukemia. Flags smears for review; not a diagnosis.",
    )
    parser.add_argument(
        "--version", action="version", version=f"leukoscope {__version__}"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return parser
