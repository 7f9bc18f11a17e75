"""The workstation's export commands.

python -m leukoscope_export bundle    quantise a fitted run and put it into a bundle
python -m leukoscope_export publish   keys, signatures and the stick of a release
"""

import argparse
import sys
from pathlib import Path

from leukoscope_edge.errors import LeukoscopeError
from leukoscope_export import ceremony
from leukoscope_export.release import make_bundle
from leukoscope_train.cells import DataError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit status."""
    options = _parse(arguments)
    try:
        options.run(options)
    except (DataError, LeukoscopeError) as err:
        print(f"leukoscope_export: {err}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def bundle(options: argparse.Namespace) -> None:
    """Make a bundle and say where it is and how much int8 cost."""
    folder, parity = make_bundle(options.work, options.release, options.out)
    print(f"{folder}: {parity}")  # noqa: T201


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m leukoscope_export")
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("bundle", help="quantise a fitted run into a bundle")
    one.add_argument("release", type=Path, help="TOML; see export/releases")
    one.add_argument("--work", type=Path, required=True, help="folder of `fit`")
    one.add_argument("--out", type=Path, required=True, help="folder of bundles")
    one.set_defaults(run=bundle)
    ceremony.add(commands)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
