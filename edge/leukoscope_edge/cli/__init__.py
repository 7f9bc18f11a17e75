"""`leukoscope ...`: results on stdout, the rest on stderr.

Exit 0: done, whatever the medical outcome. 1: failed. 2: wrong use. Each command is a
module here that adds itself to the parser and names its function in `run`; only the
module of the command that was typed is imported, so that each starts at once.
"""

import argparse
import os
import sys
from collections.abc import Callable
from importlib import import_module

from leukoscope_edge import __version__
from leukoscope_edge.errors import LeukoscopeError, in_one_sentence

EXIT_FAILED, EXIT_INTERRUPTED = 1, 130
COMMANDS = (
    "screen",
    "serve",
    "health",
    "calibrate",
    "model",
    "records",
    "people",
    "profile",
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    options = _parser(given).parse_args(given)
    try:
        run: Callable[[argparse.Namespace], int] = options.run
        status = run(options)
        sys.stdout.flush()
        return status
    except LeukoscopeError as err:
        print(f"leukoscope: {err}", file=sys.stderr)
        return EXIT_FAILED
    except BrokenPipeError:  # whoever read stdout has enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except OSError as err:
        print(f"leukoscope: {in_one_sentence(err)}", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt as stop:
        words = str(stop) or "stopped; no result was written"
        print(f"leukoscope: {words}", file=sys.stderr)
        return EXIT_INTERRUPTED


def _parser(given: list[str]) -> argparse.ArgumentParser:
    """Return the parser with the typed command, or with all where none is."""
    parser = argparse.ArgumentParser(
        prog="leukoscope",
        description="Offline screening of blood smears for acute lymphoblastic "
        "leukemia. Flags smears for review; not a diagnosis.",
    )
    parser.add_argument(
        "--version", action="version", version=f"leukoscope {__version__}"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name in set(given[:1]) & set(COMMANDS) or COMMANDS:
        import_module(f"leukoscope_edge.cli.{name}").add(commands)
    return parser
