"""The list of people on the disk, its lock, and the secret that PINs are keyed with."""

import fcntl
import json
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from leukoscope_edge.accounts.person import Person, Role
from leukoscope_edge.accounts.pins import PeopleError
from leukoscope_edge.durable import write_whole
from leukoscope_edge.names import same_name

PEPPER_BYTES = 32
PEOPLE_FILE, PEPPER_FILE = "people.json", "pepper.key"


def mark_of(path: Path) -> tuple[int, ...]:
    """Return what changes with a file that is replaced, nothing where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return ()
    return (found.st_ino, found.st_mtime_ns, found.st_size)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Have the list to ourselves, among programs."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def pepper(path: Path) -> bytes:
    """Return the device's secret, made at first start."""
    if not path.exists():
        write_whole(path, os.urandom(PEPPER_BYTES), mode=0o600)
    pepper = path.read_bytes()
    if len(pepper) != PEPPER_BYTES:
        raise PeopleError(
            f"{path}: {len(pepper)} bytes, expected {PEPPER_BYTES}: restore it from a "
            "backup"
        )
    return pepper


def read_people(path: Path) -> dict[str, Person]:
    """Return the people on the disk by their names, none where there is no list.

    By the names as they stand there: an older program let two have names that look
    alike, and nobody may go for that.

    Raises:
        PeopleError: The list is damaged, or two have one name to the letter.
    """
    if not path.exists():
        return {}
    try:
        rows = json.loads(path.read_bytes())
        people = [person_of(row) for row in rows]
    except (ValueError, TypeError, KeyError, RecursionError) as err:
        raise PeopleError(
            f"{path}: is not a list of people: restore it from a backup"
        ) from err
    found = {p.name: p for p in people}
    if len(found) < len(people):
        raise PeopleError(
            f"{path}: holds two people of one name: restore it from a backup"
        )
    return found


def name_in(people: Collection[str], name: str) -> str:
    """Return who is meant by a name: who has it, else one that looks like it.

    The name itself where nobody's does.
    """
    for alike in (str, str.casefold, same_name):
        for one in people:
            if alike(one) == alike(name):
                return one
    return name


def plain(person: Person) -> dict[str, Any]:
    """Return somebody as JSON; what is as usual is left out, as older programs do."""
    usual = {f.name: f.default for f in fields(person)}
    found = asdict(person) | {"role": person.role.value}
    kept = ("name", "role", "pin_hash", "n_failures", "n_from_network")
    return {k: v for k, v in found.items() if k in kept or v != usual[k]}


def person_of(row: dict[str, Any]) -> Person:
    """Return the person that `plain` made JSON of."""
    typed = {"role": Role(row["role"]), "former": tuple(row.get("former", ()))}
    return Person(**row | typed)
