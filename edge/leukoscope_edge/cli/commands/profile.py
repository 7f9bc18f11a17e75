"""`leukoscope profile ...`: the kinds of devices."""

import argparse
import json
from dataclasses import asdict

from leukoscope_edge.cli.help import add_command
from leukoscope_edge.profile import OWN_BOARD, open_profile, shipped_profiles


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    profile = add_command(
        commands,
        "profile",
        "list or show the kinds of devices",
        "A profile is a TOML file: camera, page, folder of the records, segmenter.",
        ("leukoscope profile list", "leukoscope profile show jetson-nano"),
    )
    actions = profile.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="the profiles that came along")
    listing.set_defaults(run=_list)
    show = actions.add_parser("show", help="a profile as JSON, with every default")
    show.set_defaults(run=_show)
    show.add_argument(
        "name",
        nargs="?",
        default=OWN_BOARD,
        help="a shipped profile's name or a TOML file; default: that of this board",
    )


def _list(_: argparse.Namespace) -> int:
    for name in shipped_profiles():
        print(name)
    return 0


def _show(options: argparse.Namespace) -> int:
    print(json.dumps(asdict(open_profile(options.name)), indent=1))
    return 0
