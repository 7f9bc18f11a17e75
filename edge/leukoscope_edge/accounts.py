"""Named people with a PIN and a role, and how often a PIN may be guessed.

A PIN has only some million possibilities, so guessing is slowed, not merely hashed:
every wrong PIN in a row beyond the third doubles the wait. The count of failures is on
the disk before a PIN is looked at, and the wait runs on the monotonic clock and starts
anew with the program; so neither a restart nor a changed clock shortens it. A disk that
takes no count keeps nobody out: it is kept in memory then.

Who guesses makes others wait as little as can be. At the device's own screen the wait
ends at a minute: somebody stands there. From the network each address has a wait of its
own; all strangers to a person together have another, from the twentieth wrong PIN on.
So no stranger keeps the only supervisor from the screen, nor from where they came in
before.

The list may be changed by two programs, the page and `leukoscope people`: each takes
the folder's lock and reads anew what the other wrote.
"""

import fcntl
import hashlib
import hmac
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from enum import Enum
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from leukoscope_edge.durable import write_whole
from leukoscope_edge.errors import LeukoscopeError, OutputError
from leukoscope_edge.log import passed_over

MIN_PIN_DIGITS, MAX_PIN_DIGITS = 6, 12
MAX_NAME_LENGTH = 40
N_FREE_FAILURES = 3
"""A slip of a gloved finger costs nothing."""
FIRST_WAIT_S, LONGEST_WAIT_S = 5.0, 900.0
LONGEST_AT_SCREEN_S = 60.0
"""A guess a minute takes a year for half of a million PINs, by hand."""
N_FREE_STRANGERS = 20
"""Wrong PINs for one person from all addresses that person never came in from."""
MAX_GUESSERS = 1000
AT_SCREEN = ""
"""The address of whoever is at the device itself."""
PEPPER_BYTES = 32
PEOPLE_FILE, PEPPER_FILE = "people.json", "pepper.key"
EASY_PINS = frozenset(d * n for d in "0123456789" for n in range(6, 13)) | {
    "123456",
    "1234567",
    "12345678",
    "123456789",
    "654321",
    "123123",
}


class PeopleError(LeukoscopeError):
    """Somebody cannot be added, or the list of people cannot be used."""


class Role(str, Enum):
    """What somebody is at this device."""

    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    SERVICE = "service"


class Right(str, Enum):
    """What somebody may do beyond reading."""

    SLIDES = "slides"  # count, review, sign, share
    PEOPLE = "people"  # add people
    SETTLE = "settle"  # decide where two readers differ
    WITHDRAW = "withdraw"  # void a slide of which a version is signed
    DEVICE = "device"  # calibrate
    BACKGROUND = "background"  # start a healthy person's slide for the background
    QUALITY = "quality"  # look at the device and run its tests
    MODEL = "model"  # install a model, or go back to the one before
    RECORDS = "records"  # back the records up and restore them


RIGHTS: dict[Role, frozenset[Right]] = {
    Role.OPERATOR: frozenset({Right.SLIDES, Right.QUALITY}),
    Role.SUPERVISOR: frozenset(Right),
    Role.SERVICE: frozenset({Right.DEVICE, Right.QUALITY, Right.MODEL}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may use the device.

    Attributes:
        name: As on reports; unique, whatever its case.
        role: What they may do.
        pin_hash: argon2id over the PIN, keyed with the device's pepper.
        n_failures: Wrong PINs in a row, at the device's own screen.
        n_from_network: Wrong PINs in a row from anywhere else.
    """

    name: str
    role: Role
    pin_hash: str
    n_failures: int = 0
    n_from_network: int = 0


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
        self._clock = clock
        self._lock = threading.Lock()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._pepper = _pepper(folder / PEPPER_FILE)
        self._read_mark: tuple[int, ...] = ()
        self._people: dict[str, Person] = {}
        self._not_before: dict[str, float] = {}
        self._guesses: dict[tuple[str, str], tuple[int, float]] = {}
        self._strangers_not_before: dict[str, float] = {}
        self._came_in: set[tuple[str, str]] = set()
        self._read_anew()

    @property
    def everybody(self) -> list[Person]:
        """All people by name."""
        self._read_anew()
        return sorted(self._people.values(), key=lambda p: p.name.casefold())

    def add(self, name: str, role: Role, pin: str) -> Person:
        """Add somebody.

        Raises:
            PeopleError: The name or the PIN will not do; the message says why.
        """
        name = " ".join(name.split())
        _check_name(name)
        check_pin(pin)
        person = Person(name=name, role=role, pin_hash=self._hash(pin))
        with self._alone():
            if name.casefold() in self._people:
                raise PeopleError(f"{name} is here already: add another name")
            self._keep(person)
        return person

    def add_first(self, name: str, pin: str) -> Person:
        """Add the first person, a supervisor.

        Raises:
            PeopleError: There is somebody already, or the name or PIN will not do.
        """
        if self.everybody:
            raise PeopleError("the device is set up already: sign in")
        return self.add(name, Role.SUPERVISOR, pin)

    def set_pin(self, name: str, pin: str) -> Person:
        """Give somebody another PIN, in the place of one that was forgotten.

        Raises:
            PeopleError: Nobody has this name, or the PIN will not do.
        """
        check_pin(pin)
        with self._alone():
            person = self._required(name)
            changed = Person(
                name=person.name, role=person.role, pin_hash=self._hash(pin)
            )
            self._keep(changed)
            self._forgive(name.strip().casefold())
        return changed

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
        key = name.strip().casefold()
        with self._alone():
            person = self._people.get(key)
            if person is None:
                return Entry.WRONG, 0.0
            wait = self._wait_s(key, address)
            if wait > 0:
                return Entry.WAIT, wait
            self._count(key, person, address)
            if not self._is_right(person, pin):
                return Entry.WRONG, max(0.0, self._wait_s(key, address))
            self._came_in.add((key, address))
            self._keep_count(replace(person, n_failures=0, n_from_network=0))
            self._forgive(key)
        return Entry.OPEN, 0.0

    def _wait_s(self, key: str, address: str) -> float:
        """Return how long this address has to wait for this person, below 0: not."""
        if address == AT_SCREEN:
            return self._not_before.get(key, 0.0) - self._clock()
        _, until = self._guesses.get((key, address), (0, 0.0))
        if (key, address) not in self._came_in:
            until = max(until, self._strangers_not_before.get(key, 0.0))
        return until - self._clock()

    def _count(self, key: str, person: Person, address: str) -> None:
        """Count a try before its PIN is looked at."""
        if address == AT_SCREEN:
            failed = replace(person, n_failures=person.n_failures + 1)
        else:
            failed = replace(person, n_from_network=person.n_from_network + 1)
            if len(self._guesses) >= MAX_GUESSERS:
                self._guesses.clear()  # strangers wait on together
            n = self._guesses.get((key, address), (0, 0.0))[0] + 1
            self._guesses[key, address] = n, self._clock() + wait_s(n)
        self._keep_count(failed)
        self._let_wait(key, failed)

    def _let_wait(self, key: str, person: Person) -> None:
        """Begin the waits that the counts on the disk ask for."""
        at_screen_s = min(wait_s(person.n_failures), LONGEST_AT_SCREEN_S)
        self._not_before[key] = self._clock() + at_screen_s
        beyond = person.n_from_network - N_FREE_STRANGERS + N_FREE_FAILURES
        self._strangers_not_before[key] = self._clock() + wait_s(beyond)

    def _forgive(self, key: str) -> None:
        self._not_before[key] = self._strangers_not_before[key] = 0.0
        for one in [g for g in self._guesses if g[0] == key]:
            del self._guesses[one]

    def find(self, name: str) -> Person | None:
        """Return somebody by name."""
        self._read_anew()
        return self._people.get(name.strip().casefold())

    def require(self, name: str) -> Person:
        """Return somebody by name.

        Raises:
            PeopleError: Nobody has this name.
        """
        self._read_anew()
        return self._required(name)

    def _required(self, name: str) -> Person:
        person = self._people.get(name.strip().casefold())
        if person is None:
            known = ", ".join(sorted(p.name for p in self._people.values()))
            raise PeopleError(f"nobody here is called {name}; known: {known}")
        return person

    def _keep_count(self, person: Person) -> None:
        """Keep a count of failures, in memory alone where the disk takes nothing."""
        try:
            self._keep(person)
        except OutputError as err:
            passed_over(err, doing="keeping a count of wrong PINs, kept in memory")
            self._people = self._people | {person.name.casefold(): person}

    def _keep(self, person: Person) -> None:
        after = self._people | {person.name.casefold(): person}
        rows = [asdict(p) | {"role": p.role.value} for p in after.values()]
        write_whole(self._path, json.dumps(rows, indent=1).encode(), mode=0o600)
        self._people, self._read_mark = after, _mark(self._path)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Have the list to ourselves, among threads and programs."""
        with self._lock, _locked(self._path.parent):
            self._read_anew()
            yield

    def _read_anew(self) -> None:
        """Take up what another program wrote; whoever it changed waits anew."""
        mark = _mark(self._path)
        if mark == self._read_mark:
            return
        before, self._people = self._people, _read(self._path)
        self._read_mark = mark
        for key, person in self._people.items():
            if before.get(key) != person:
                self._let_wait(key, person)

    def _hash(self, pin: str) -> str:
        return self._hasher.hash(self._keyed(pin))

    def _is_right(self, person: Person, pin: str) -> bool:
        try:
            return self._hasher.verify(person.pin_hash, self._keyed(pin))
        except (VerificationError, InvalidHashError):
            return False

    def _keyed(self, pin: str) -> bytes:
        return hmac.digest(self._pepper, pin.encode(), hashlib.sha256)


def wait_s(n_failures: int) -> float:
    """Return how long to wait after so many wrong PINs in a row, in seconds."""
    beyond = n_failures - N_FREE_FAILURES
    if beyond < 0:
        return 0.0
    return min(FIRST_WAIT_S * 2.0 ** min(beyond, 30), LONGEST_WAIT_S)


def _mark(path: Path) -> tuple[int, ...]:
    """Return what changes with a file that is replaced, nothing where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return ()
    return (found.st_ino, found.st_mtime_ns, found.st_size)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _check_name(name: str) -> None:
    if not 1 <= len(name) <= MAX_NAME_LENGTH or not name.isprintable():
        raise PeopleError(f"a name needs 1 to {MAX_NAME_LENGTH} letters")


def check_pin(pin: str) -> None:
    """Make sure that a PIN is long enough and not guessed at once.

    Raises:
        PeopleError: It is not.
    """
    digits = pin.isascii() and pin.isdigit()
    if not digits or not MIN_PIN_DIGITS <= len(pin) <= MAX_PIN_DIGITS:
        raise PeopleError(f"a PIN needs {MIN_PIN_DIGITS} to {MAX_PIN_DIGITS} digits")
    if pin in EASY_PINS:
        raise PeopleError("this PIN is guessed first: choose another")


def _pepper(path: Path) -> bytes:
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


def _read(path: Path) -> dict[str, Person]:
    if not path.exists():
        return {}
    try:
        rows = json.loads(path.read_bytes())
        people = [Person(**row | {"role": Role(row["role"])}) for row in rows]
    except (ValueError, TypeError, KeyError, RecursionError) as err:
        raise PeopleError(
            f"{path}: is not a list of people: restore it from a backup"
        ) from err
    return {p.name.casefold(): p for p in people}
