"""Named people with a PIN and a role, and how often a PIN may be guessed.

Guessing is slowed by `sign_in_backoff`. The count of failures is on the disk before a
PIN is looked at, and the wait starts anew with the program; so no restart shortens it.
A disk that takes no count keeps nobody out: it is kept in memory then.

The list may be changed by two programs, the page and `leukoscope people`: each takes
the folder's lock and reads anew what the other wrote.
"""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import Enum
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from leukoscope_edge.accounts.people_file import (
    PEOPLE_FILE,
    PEPPER_FILE,
    locked,
    mark_of,
    name_in,
    pepper,
    plain,
    read_people,
)
from leukoscope_edge.accounts.person import Person, Role
from leukoscope_edge.accounts.pins import PeopleError, check_pin
from leukoscope_edge.accounts.sign_in_backoff import AT_SCREEN, SignInBackoff
from leukoscope_edge.durable import write_whole
from leukoscope_edge.errors import OutputError
from leukoscope_edge.log import passed_over
from leukoscope_edge.messages import message
from leukoscope_edge.names import JOINERS, pin_digits, same_name, typed

MAX_NAME_LENGTH = 40


class Entry(str, Enum):
    """What came of a PIN."""

    OPEN = "open"
    WRONG = "wrong"
    WAIT = "wait"


class People:
    """Everybody who may use this device; safe to share between threads."""

    def __init__(
        self,
        folder: Path,
        *,
        hasher: PasswordHasher | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read the list, empty where there is none.

        Args:
            folder: Where it is kept.
            hasher: How PINs are hashed; argon2-cffi's defaults (64 MiB, RFC 9106).
            clock: Monotonic seconds.

        Raises:
            PeopleError: It is damaged.
        """
        self._path = folder / PEOPLE_FILE
        self._hasher = hasher or PasswordHasher()
        self._lock = threading.Lock()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._pepper = pepper(folder / PEPPER_FILE)
        self._read_mark: tuple[int, ...] = ()
        self._people: dict[str, Person] = {}
        self._backoff = SignInBackoff(clock)
        self._read_anew()

    @property
    def everybody(self) -> list[Person]:
        """All people by name, without those who were removed."""
        return [p for p in self.ever if not p.is_removed]

    @property
    def ever(self) -> list[Person]:
        """All people who ever were here, by name."""
        self._read_anew()
        return sorted(self._people.values(), key=lambda p: p.name.casefold())

    def add(self, name: str, role: Role, pin: str) -> Person:
        """Add somebody.

        Raises:
            PeopleError: The name or the PIN will not do; the message says why.
        """
        name = " ".join(typed(name).split())
        _check_name(name)
        check_pin(pin)
        person = Person(name=name, role=role, pin_hash=self._hash(pin))
        with self._alone():
            self._check_free(name)
            self._keep(person)
        return person

    def add_first(self, name: str, pin: str) -> Person:
        """Add the first person, a supervisor.

        Raises:
            PeopleError: There is somebody already, or the name or PIN will not do.
        """
        if self.ever:
            raise PeopleError(message("set-up-already").said())
        return self.add(name, Role.SUPERVISOR, pin)

    def set_pin(self, name: str, pin: str) -> Person:
        """Give somebody another PIN, in the place of one that was forgotten.

        Raises:
            PeopleError: Nobody has this name, or the PIN will not do.
        """
        check_pin(pin)
        with self._alone():
            person = self._required(name)
            changed = replace(
                person, pin_hash=self._hash(pin), n_failures=0, n_from_network=0
            )
            self._keep(changed)
            self._backoff.forgive(person.name)
        return changed

    def set_role(self, name: str, role: Role) -> Person:
        """Give somebody another role.

        Raises:
            PeopleError: Nobody has this name, or it is the last supervisor's.
        """
        return self._change(name, lambda p: replace(p, role=role))

    def set_locked(self, name: str, *, is_locked: bool) -> Person:
        """Let somebody in no more, or again.

        Raises:
            PeopleError: Nobody has this name, or it is the last supervisor's.
        """
        return self._change(name, lambda p: replace(p, is_locked=is_locked))

    def remove(self, name: str) -> Person:
        """Let somebody be here no more. Their name stays theirs, as records hold it.

        Raises:
            PeopleError: Nobody has this name, or it is the last supervisor's.
        """
        return self._change(name, lambda p: replace(p, is_removed=True, pin_hash=""))

    def rename(self, name: str, to: str) -> Person:
        """Give somebody another name; what they signed keeps the old one.

        Raises:
            PeopleError: Nobody has this name, or the new one will not do.
        """
        to = " ".join(typed(to).split())
        _check_name(to)
        with self._alone():
            person = self._required(name)
            if to == person.name:
                return person
            self._check_free(to, person)
            former = dict.fromkeys((person.name, *person.former))
            former.pop(to, None)
            renamed = replace(person, name=to, former=tuple(former))
            self._keep(renamed, was=person.name)
            self._backoff.let_wait(to, renamed)
        return renamed

    def _change(self, name: str, change: Callable[[Person], Person]) -> Person:
        with self._alone():
            changed = change(self._required(name))
            after = [p for p in self._people.values() if p.name != changed.name]
            if not any(_is_chief(p) for p in (*after, changed)):
                why = message("last-supervisor", name=changed.name)
                raise PeopleError(why.said())
            self._keep(changed)
        return changed

    def _check_free(self, name: str, but: Person | None = None) -> None:
        """Let nobody have a name that is, or was, another's."""
        key = same_name(name)
        for person in self._people.values():
            if person is not but and key in map(same_name, person.names):
                is_here = same_name(person.name) == key and not person.is_removed
                why = message("name-here" if is_here else "name-before", name=name)
                raise PeopleError(why.said())

    def enter(
        self, name: str, pin: str, address: str = AT_SCREEN
    ) -> tuple[Entry, float]:
        """Try a PIN.

        Args:
            name: Whose.
            pin: What was typed.
            address: Where from.

        Returns:
            What came of it, and the seconds to wait before the next try.
        """
        with self._alone():
            key = name_in(self._people, name)
            person = self._people.get(key)
            if person is None or not person.may_enter:
                return Entry.WRONG, 0.0
            wait = self._backoff.left_s(key, address)
            if wait > 0:
                return Entry.WAIT, wait
            self._count(key, person, address)
            if not self._is_right(person, pin):
                return Entry.WRONG, max(0.0, self._backoff.left_s(key, address))
            self._backoff.let_in(key, address)
            self._keep_count(replace(person, n_failures=0, n_from_network=0))
            self._backoff.forgive(key)
        return Entry.OPEN, 0.0

    def _count(self, key: str, person: Person, address: str) -> None:
        """Count a try before its PIN is looked at."""
        failed = self._backoff.counted(key, person, address)
        self._keep_count(failed)
        self._backoff.let_wait(key, failed)

    def find(self, name: str) -> Person | None:
        """Return somebody who is here by name."""
        self._read_anew()
        person = self._people.get(name_in(self._people, name))
        return None if person is None or person.is_removed else person

    def require(self, name: str) -> Person:
        """Return somebody by name.

        Raises:
            PeopleError: Nobody has this name.
        """
        self._read_anew()
        return self._required(name)

    def _required(self, name: str) -> Person:
        person = self._people.get(name_in(self._people, name))
        if person is None or person.is_removed:
            here = (p.name for p in self._people.values() if not p.is_removed)
            known = ", ".join(sorted(here))
            raise PeopleError(f"nobody here is called {name}; known: {known}")
        return person

    def _keep_count(self, person: Person) -> None:
        """Keep a count of failures, in memory alone where the disk takes nothing."""
        try:
            self._keep(person)
        except OutputError as err:
            passed_over(err, doing="keeping a count of wrong PINs, kept in memory")
            self._people = self._people | {person.name: person}

    def _keep(self, person: Person, *, was: str = "") -> None:
        others = {name: p for name, p in self._people.items() if name != was}
        after = others | {person.name: person}
        rows = [plain(p) for p in after.values()]
        write_whole(self._path, json.dumps(rows, indent=1).encode(), mode=0o600)
        self._people, self._read_mark = after, mark_of(self._path)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Have the list to ourselves, among threads and programs."""
        with self._lock, locked(self._path.parent):
            self._read_anew()
            yield

    def _read_anew(self) -> None:
        """Take up what another program wrote; whoever it changed waits anew."""
        mark = mark_of(self._path)
        if mark == self._read_mark:
            return
        before, self._people = self._people, read_people(self._path)
        self._read_mark = mark
        for key, person in self._people.items():
            if before.get(key) != person:
                self._backoff.let_wait(key, person)

    def _hash(self, pin: str) -> str:
        return self._hasher.hash(self._keyed(pin))

    def _is_right(self, person: Person, pin: str) -> bool:
        try:
            return self._hasher.verify(person.pin_hash, self._keyed(pin))
        except (VerificationError, InvalidHashError):
            return False

    def _keyed(self, pin: str) -> bytes:
        return hmac.digest(self._pepper, pin_digits(pin).encode(), hashlib.sha256)


def _check_name(name: str) -> None:
    is_shown = all(c.isprintable() or c in JOINERS for c in name)
    if not 1 <= len(name) <= MAX_NAME_LENGTH or not is_shown:
        raise PeopleError(message("name-length", n=MAX_NAME_LENGTH).said())


def _is_chief(person: Person) -> bool:
    return person.role is Role.SUPERVISOR and person.may_enter
