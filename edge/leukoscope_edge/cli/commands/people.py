"""`leukoscope people ...`: who may use the page, and a new PIN for a forgotten one.

For whoever is at the device's own console. Each new PIN is kept in the audit chain,
with who gave it, before it holds.
"""

import argparse
import os
from pathlib import Path

from leukoscope_edge.accounts import (
    PEOPLE_FILE,
    People,
    PeopleError,
    check_pin,
)
from leukoscope_edge.cli.arguments import path
from leukoscope_edge.cli.ask import ask_secret
from leukoscope_edge.cli.data import add_by, add_data
from leukoscope_edge.cli.help import add_command
from leukoscope_edge.records.store import DATABASE_NAME, open_store
from leukoscope_edge.service.health import name_of

EXIT_DONE = 0
NOTE = "PIN set anew"


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    people = add_command(
        commands,
        "people",
        "who may use the page; a lost PIN",
        "For whoever is at the device's own console. A new PIN is kept in the audit\n"
        "chain.",
        ("leukoscope people list", "leukoscope people set-pin 'A. Name'"),
    )
    actions = people.add_subparsers(required=True, metavar="ACTION")
    list_ = actions.add_parser("list", help="names and roles")
    list_.set_defaults(run=_list)
    add_data(list_)
    pin = actions.add_parser("set-pin", help="give somebody a new PIN")
    pin.set_defaults(run=_set_pin)
    pin.add_argument("name", help="as on the page")
    pin.add_argument(
        "--pin-file", type=path, help="its first line; default: asked for, twice"
    )
    add_data(pin)
    add_by(pin)


def _list(options: argparse.Namespace) -> int:
    for person in _open(options.data).everybody:
        print(f"{person.role.value:<12}{person.name}")
    return EXIT_DONE


def _set_pin(options: argparse.Namespace) -> int:
    people = _open(options.data)
    person = people.require(options.name)
    pin = _pin(options.pin_file)
    check_pin(pin)
    with open_store(options.data) as store:
        store.note(NOTE, {"person": person.name}, options.by)
    person = people.set_pin(options.name, pin)
    print(f"{person.name} ({person.role.value}) has a new PIN")
    return EXIT_DONE


def _open(data: Path) -> People:
    folder = data / "people"
    try:
        owner = (folder / PEOPLE_FILE).stat().st_uid
    except FileNotFoundError as err:
        raise PeopleError(
            f"{data}: nobody is set up here; name the device's folder with --data"
        ) from err
    except PermissionError as err:
        owner = data.stat().st_uid
        raise PeopleError(_as_owner(data, owner)) from err
    if owner != os.geteuid():  # else the service could no longer read its own list
        raise PeopleError(_as_owner(data, owner))
    if not (data / DATABASE_NAME).exists():
        raise PeopleError(f"{data}: no records here, and a new PIN is kept in them")
    return People(folder)


def _as_owner(data: Path, owner: int) -> str:
    name = name_of(owner)
    return f"{data} belongs to {name}: run this as {name} (`sudo -u {name} ...`)"


def _pin(path: Path | None) -> str:
    if path is not None:
        try:
            return path.read_text(encoding="utf-8").split("\n", 1)[0]
        except (OSError, UnicodeDecodeError) as err:
            raise PeopleError(f"{path}: cannot be read as a PIN") from err
    pin = ask_secret("New PIN: ", "--pin-file")
    if ask_secret("The same again: ", "--pin-file") != pin:
        raise PeopleError("the two differ: nothing was changed")
    return pin
