"""`leukoscope ...`: results on stdout, the rest on stderr.

Exit 0: done, whatever the medical outcome. 1: failed. 2: wrong use. Each command is a
module here that adds itself to the parser and names its function in `run`; only the
module of the command that was typed is imported, so that each starts at once.
"""

import argparse
import resource
import sys
from collections.abc import Callable, Collection
from contextlib import nullcontext
from importlib import import_module

from leukoscope_edge import __version__
from leukoscope_edge.cli.help import COMMANDS, Parser
from leukoscope_edge.cli.output import (
    finish_output,
    give_up_output,
    open_closed,
    say,
    what_is_exhausted,
)
from leukoscope_edge.cli.stopping import Stop, stoppable
from leukoscope_edge.errors import LeukoscopeError, UsageError, in_one_sentence
from leukoscope_edge.log import start_log

EXIT_FAILED, EXIT_USAGE = 1, 2
LEAST_MEMORY_BYTES = 768 << 20
"""Of addresses: with less (`ulimit -v`) libraries crash while they are loaded, and a
screening stops on its way. On two cores 800,000 kB were enough, 700,000 were not."""
EXAMPLES = """\
examples:
  leukoscope screen FOLDER --um-per-px 0.08 --sample-type blood --out result
  leukoscope screen simulated
  leukoscope serve --profile simulated --port 8000 --data device
  leukoscope doctor
"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    if arguments is None:
        open_closed()
        start_log()
    given = sys.argv[1:] if arguments is None else arguments
    stop = Stop()
    try:
        with nullcontext() if arguments is not None else stoppable(stop):
            return finish_output(_run(given, stop))
    except SystemExit as err:  # of --help, --version, and of wrong use
        raise SystemExit(finish_output(int(err.code or 0))) from None


def _run(given: list[str], stop: Stop) -> int:
    try:
        typed = [word for word in given if not word.startswith("-")][:1]
        if typed and not _has_memory():
            return EXIT_FAILED
        options = _parser(typed).parse_args(given)
        run: Callable[[argparse.Namespace], int] = options.run
        return run(options)
    except LeukoscopeError as err:
        say(str(err))
        return EXIT_USAGE if isinstance(err, UsageError) else EXIT_FAILED
    except EOFError:
        say("the input ended before an answer was given; nothing was done")
        return EXIT_FAILED
    except OSError as err:
        return _failed(err)
    except (MemoryError, RuntimeError) as err:
        if not (what := what_is_exhausted(err)):
            raise
        say(f"this machine gives no more {what}: stopped, no result was written")
        return EXIT_FAILED
    except KeyboardInterrupt as err:
        say(str(err) or "stopped; no file is left half written")
        return stop.status


def _has_memory() -> bool:
    """Say whether this process may take what it needs; if not, tell the user."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY or limit >= LEAST_MEMORY_BYTES:
        return True
    least, given = LEAST_MEMORY_BYTES >> 20, limit >> 20
    say(f"{given} MiB of memory are allowed, {least} are needed: ulimit -v unlimited")
    return False


def _failed(err: OSError) -> int:
    """Say in one line what the machine refused; print names no file, all else does."""
    if err.filename is None:
        return give_up_output(err)
    say(in_one_sentence(err))
    return EXIT_FAILED


def _parser(whole: Collection[str]) -> argparse.ArgumentParser:
    """Return the parser: these commands whole, of others the name and one line."""
    parser = Parser(
        prog="leukoscope",
        description="Offline screening of blood smears for acute lymphoblastic "
        "leukemia. Flags smears for review; not a diagnosis.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--version", action="version", version=f"leukoscope {__version__}"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, line in COMMANDS.items():
        if name in whole:
            import_module(f"leukoscope_edge.cli.commands.{name}").add(commands)
        else:
            commands.add_parser(name, help=line)
    return parser
