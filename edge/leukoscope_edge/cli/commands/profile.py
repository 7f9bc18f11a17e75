"""`leukoscope profile ...`: the kinds of devices, and the locks of a camera."""

import argparse
import json
from dataclasses import asdict

from leukoscope_edge.camera_settings import CameraSettings
from leukoscope_edge.capture import lock_light, take_picture
from leukoscope_edge.cli.arguments import word
from leukoscope_edge.cli.help import add_command
from leukoscope_edge.errors import SourceError, UsageError
from leukoscope_edge.profile import OWN_BOARD, open_profile, shipped_profiles

LOCKS = ("exposure_us", "gain", "red_gain", "blue_gain", "white_balance_k")
NAMED = "a shipped profile's name or a TOML file; default: that of this board"


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    profile = add_command(
        commands,
        "profile",
        "A profile is a TOML file: camera, page, folder of the records, segmenter.",
        (
            "leukoscope profile list",
            "leukoscope profile show jetson-nano",
            "leukoscope profile lock-light /etc/leukoscope/profile.toml",
        ),
    )
    actions = profile.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="the profiles that came along")
    listing.set_defaults(run=_list)
    show = actions.add_parser("show", help="a profile as JSON, with every default")
    show.set_defaults(run=_show)
    show.add_argument("name", type=word, nargs="?", default=OWN_BOARD, help=NAMED)
    light = actions.add_parser(
        "lock-light", help="find exposure and colour for the lamp as it is now"
    )
    light.set_defaults(run=_lock_light)
    light.add_argument("name", type=word, nargs="?", default=OWN_BOARD, help=NAMED)


def _list(_: argparse.Namespace) -> int:
    for name in shipped_profiles():
        print(name)
    return 0


def _show(options: argparse.Namespace) -> int:
    print(json.dumps(asdict(open_profile(options.name)), indent=1))
    return 0


def _lock_light(options: argparse.Namespace) -> int:
    settings = open_profile(options.name).camera.hardware
    if settings is None:
        raise UsageError(f"{options.name}: has no [camera.hardware] to lock")
    if not settings.is_plugged_in:
        raise SourceError(f"{settings.device}: there is no camera")
    print(_as_toml(lock_light(settings, take_picture)))
    return 0


def _as_toml(settings: CameraSettings) -> str:
    """Return what stands in a profile for these locks."""
    values = {name: getattr(settings, name, None) for name in LOCKS}
    lines = [f"{name} = {v}" for name, v in values.items() if v is not None]
    return "\n".join(["[camera.hardware]", *lines])
