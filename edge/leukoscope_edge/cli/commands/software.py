"""`leukoscope software ...`: this program itself, new, from a signed stick.

For root: it installs what then runs as root. The files are copied and verified first,
and the provisioning that runs is the copy's, not the stick's.
"""

import argparse
import os
import subprocess
import tempfile
from pathlib import Path

from leukoscope_edge.cli.arguments import path, word
from leukoscope_edge.cli.help import add_command
from leukoscope_edge.updates import SETTINGS, take_software, trust_software

COPIES = "/var/tmp"  # noqa: S108 - each copy has a folder of its own, for its owner alone
PROVISION = Path("firmware_config", "provision.sh")
CHECKED = "LEUKOSCOPE_CHECKED"
"""Tells provision.sh that its files were verified."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    software = add_command(
        commands,
        "software",
        "Run it as root. Nothing of a stick runs before its signatures are checked.",
        (
            "sudo leukoscope software trust 1.root.json",
            "sudo leukoscope software verify /media/stick",
            "sudo leukoscope software install /media/stick --kiosk",
        ),
    )
    actions = software.add_subparsers(required=True, metavar="ACTION")
    trust = actions.add_parser("trust", help="say whose software this device takes")
    trust.add_argument("root", type=path, help="the publisher's first root file")
    trust.set_defaults(run=_trust)
    verify = actions.add_parser("verify", help="look at a stick, install nothing")
    verify.set_defaults(run=_verify)
    install = actions.add_parser("install", help="verify a stick and provision from it")
    install.set_defaults(run=_install)
    install.add_argument("--profile", type=word, help="as for provision.sh")
    install.add_argument("--kiosk", action="store_true", help="as for provision.sh")
    for action in (verify, install):
        action.add_argument("stick", type=path, help="where the stick is mounted")
    for action in (trust, verify, install):
        action.add_argument(
            "--settings",
            type=path,
            default=SETTINGS,
            metavar="DIR",
            help=f"what root trusts; default {SETTINGS}",
        )


def _trust(options: argparse.Namespace) -> int:
    version = trust_software(options.root, options.settings)
    print(f"This device takes software of the publisher of root {version}.")
    return 0


def _verify(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(dir=COPIES) as aside:
        copy, settings = Path(aside, "copy"), options.settings
        n_files = take_software(options.stick, copy, settings, is_installed=False)
    print(f"{options.stick}: {n_files} files, each as the publisher signed it")
    return 0


def _install(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(dir=COPIES) as aside:
        copy = Path(aside, "copy")
        take_software(options.stick, copy, options.settings)
        command = ["/bin/sh", str(copy / PROVISION)]
        command += ["--profile", options.profile] if options.profile else []
        command += ["--kiosk"] if options.kiosk else []
        done = subprocess.run(  # noqa: S603 - what the publisher signed
            command, env={**os.environ, CHECKED: "yes"}, check=False
        )
    return done.returncode
