"""`leukoscope people ...`: who may use the page, and what the page does with them.

For whoever is at the device's own console. Each change is kept in the audit chain, with
who made it.
"""

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from leukoscope_edge.accounts import (
    PEOPLE_FILE,
    People,
    PeopleError,
    Person,
    Role,
    check_pin,
    named_apart,
)
from leukoscope_edge.cli.arguments import path
from leukoscope_edge.cli.ask import ask_secret
from leukoscope_edge.cli.data import add_by, add_data
from leukoscope_edge.cli.help import add_command
from leukoscope_edge.records import DATABASE_NAME, open_store
from leukoscope_edge.service import name_of
from leukoscope_edge.web import trail

EXIT_DONE = 0


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    people = add_command(
        commands,
        "people",
        "For whoever is at the device's own console. A change is kept in the audit\n"
        "chain.",
        (
            "leukoscope people list",
            "leukoscope people set-pin 'A. Name'",
            "leukoscope people remove 'A. Name'",
        ),
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
    _add_changes(actions)


def _add_changes(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> None:
    """Add what the page does with people too."""
    for name, run, help_ in (
        ("remove", _remove, "let somebody in no more, for good"),
        ("lock", _lock, "let somebody in no more until unlocked"),
        ("unlock", _unlock, "let somebody in again"),
        ("rename", _rename, "give another name; what was signed keeps the old one"),
        ("set-role", _set_role, "give another role"),
    ):
        action = actions.add_parser(name, help=help_)
        action.set_defaults(run=run)
        action.add_argument("name", help="as on the page")
        if name == "rename":
            action.add_argument("to", help="the new name")
        if name == "set-role":
            action.add_argument("role", choices=[r.value for r in Role])
        add_data(action)
        add_by(action)


def _list(options: argparse.Namespace) -> int:
    for person in _open(options.data).everybody:
        locked = " (locked)" if person.is_locked else ""
        print(f"{person.role.value:<12}{person.name}{locked}")
    return EXIT_DONE


def _set_pin(options: argparse.Namespace) -> int:
    people = _open(options.data)
    person = people.require(options.name)
    pin = _pin(options.pin_file)
    check_pin(pin)
    with open_store(options.data) as store:
        store.log.note(trail.PIN_SET, {"person": person.name}, options.by)
    person = people.set_pin(options.name, pin)
    print(f"{person.name} ({person.role.value}) has a new PIN")
    return EXIT_DONE


def _remove(options: argparse.Namespace) -> int:
    person = _change(options, trail.REMOVED, lambda p, n: p.remove(n))
    print(f"{person.name} was removed")
    return EXIT_DONE


def _lock(options: argparse.Namespace) -> int:
    person = _change(
        options, trail.LOCKED, lambda p, n: p.set_locked(n, is_locked=True)
    )
    print(f"{person.name} is locked")
    return EXIT_DONE


def _unlock(options: argparse.Namespace) -> int:
    person = _change(
        options, trail.UNLOCKED, lambda p, n: p.set_locked(n, is_locked=False)
    )
    print(f"{person.name} may sign in again")
    return EXIT_DONE


def _set_role(options: argparse.Namespace) -> int:
    role = Role(options.role)
    person = _change(
        options, trail.ROLE_CHANGED, lambda p, n: p.set_role(n, role), role=role.value
    )
    print(f"{person.name} is {role.value} now")
    return EXIT_DONE


def _rename(options: argparse.Namespace) -> int:
    before = _open(options.data).require(options.name)
    with open_store(options.data) as store:
        named_apart(before, store.worklist.read_together(before.names))
    person = _change(options, trail.RENAMED, lambda p, n: p.rename(n, options.to))
    print(f"{before.name} is {person.name} now")
    return EXIT_DONE


def _change(
    options: argparse.Namespace,
    what: str,
    change: Callable[[People, str], Person],
    **facts: str,
) -> Person:
    """Do something to somebody, and keep that and who did it."""
    people = _open(options.data)
    before = people.require(options.name)
    with open_store(options.data) as store:  # held, so that it can be kept
        person = change(people, before.name)
        if person.name != before.name:
            facts["to"] = person.name
        store.log.note(what, {"person": before.name, **facts}, options.by)
    return person


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
