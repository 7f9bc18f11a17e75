"""`leukoscope health`: what the page shows about the device, for a terminal."""

import argparse
import json
from pathlib import Path

from leukoscope_edge.cli.data import add_data
from leukoscope_edge.cli.help import add_command
from leukoscope_edge.cli.output import say
from leukoscope_edge.service import read_health, signs, who_may_read

EXIT_DONE, EXIT_FAILED = 0, 1


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    health = add_command(
        commands,
        "health",
        "What the page shows of the device, for a terminal. `leukoscope doctor`\n"
        "looks at the machine instead, whether the service runs or not.",
        ("leukoscope health", "leukoscope health --json"),
    )
    health.set_defaults(run=_health)
    add_data(health)
    health.add_argument("--json", action="store_true", help="all figures, as JSON")


def _health(options: argparse.Namespace) -> int:
    found = read_health(options.data)
    if options.json:
        print(json.dumps(found, indent=1))
    elif found is not None:
        for sign in signs(found):
            print(f"{'ok ' if sign.is_good else '!  '} {sign.name:<16} {sign.value}")
    if found is None:
        say(f"{_why_none(options.data)}")
    return EXIT_FAILED if found is None else EXIT_DONE


def _why_none(data_dir: Path) -> str:
    if owner := who_may_read(data_dir):
        return (
            f"how the service on {data_dir} is cannot be read by you: run this as "
            f"{owner} (`sudo -u {owner} ...`)"
        )
    return (
        f"no service runs on the records in {data_dir}: start it with `leukoscope "
        "serve`, or name another folder with --data"
    )
