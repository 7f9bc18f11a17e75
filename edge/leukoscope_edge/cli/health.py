"""`leukoscope health`: what the page shows about the device, for a terminal."""

import argparse
import json
import sys

from leukoscope_edge.cli.data import add_data
from leukoscope_edge.service.health import read_health, signs

EXIT_DONE, EXIT_FAILED = 0, 1


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    health = commands.add_parser("health", help="how the running device is")
    health.set_defaults(run=_health)
    add_data(health)
    health.add_argument("--json", action="store_true", help="all figures, as JSON")


def _health(options: argparse.Namespace) -> int:
    found = read_health(options.data)
    if options.json:
        print(json.dumps(found, indent=1))
    elif found is not None:
        for name, value, is_good in signs(found):
            print(f"{'ok ' if is_good else '!  '} {name:<16} {value}")
    if found is None:
        print(
            f"leukoscope: no service runs on the records in {options.data}: start it "
            "with `leukoscope serve`, or name another folder with --data",
            file=sys.stderr,
        )
    return EXIT_FAILED if found is None else EXIT_DONE
