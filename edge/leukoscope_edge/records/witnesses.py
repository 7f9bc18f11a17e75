"""What lies beside the database and tells whether it is the one that was here.

A file of noughts, another program's database, an older copy and one whose log lost its
middle all open without a complaint. The device's keys, pictures, the daily copy and the
second end of the chain (`records/head_file.py`) say that there was more.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from leukoscope_edge.records.database import BUSY_TIMEOUT_S
from leukoscope_edge.records.events import NO_HEAD, Head
from leukoscope_edge.records.head_file import HEAD_NAME, HeadFile
from leukoscope_edge.records.keys import DEVICE_KEY, is_signed, open_keys

KEYS, PICTURES, COPY = "keys", "pictures", "copy"
TABLES = {"event", "head", "record_key"}
LAST_EVENT = "SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1"


class Witnesses:
    """What the folder of the records knows beside the database."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; nothing is read yet.

        Args:
            folder: Of the records.
        """
        self._folder = folder

    def had_records(self) -> bool:
        """Say whether this folder held a database before.

        A new one is made before the device's keys are, so a first start that a stop
        caught leaves nothing that says so.
        """
        places = f"{KEYS}/{DEVICE_KEY}", f"{COPY}/*.sqlite", f"{PICTURES}/*", HEAD_NAME
        return any(next(self._folder.glob(place), None) for place in places)

    @cached_property
    def _key(self) -> Ed25519PublicKey:
        keys = open_keys(self._folder / KEYS, may_make=False)
        return keys.device.public_key()

    @property
    def head_file(self) -> HeadFile:
        """The second end of the chain.

        Raises:
            RecordError: The device's key is missing or damaged.
        """
        return HeadFile(self._folder / HEAD_NAME, self._key)

    def newest(self) -> Head:
        """Return the newest end that is known, that of no events where none is.

        Raises:
            RecordError: The device's key is missing or damaged.
            OSError: The file cannot be read.
        """
        if not (self._folder / HEAD_NAME).exists():
            return NO_HEAD
        return self.head_file.newest() or NO_HEAD

    def is_ours(self, end: Head, signature: bytes) -> bool:
        """Say whether this device signed an end of the chain."""
        return is_signed(self._key, end.seq, end.hash, signature)

    def look(self, path: Path) -> None:
        """Look at the end of a database that nobody has open, and change nothing.

        SQLite writes a log back as it closes, and with it what the log lost.

        Args:
            path: The database.

        Raises:
            sqlite3.DatabaseError: It is not what was here.
            RecordError: The device's key is missing or damaged.
            OSError: A file cannot be read.
        """
        known = self.newest()
        if not path.exists() or path.stat().st_size == 0:
            if self.had_records():
                raise sqlite3.DatabaseError("the database is gone, or empty")
            return
        with contextlib.closing(read_only(path)) as connection, _in_its_own_words():
            names = {n for (n,) in connection.execute("SELECT name FROM sqlite_schema")}
            if not names and not self.had_records():
                return  # a first start that a stop caught
            if not names >= TABLES:
                raise sqlite3.DatabaseError("it is not a database of this program")
            self.check_end(connection, known)

    def check_end(self, connection: sqlite3.Connection, known: Head) -> None:
        """Make sure that the chain ends where this device ended it.

        Args:
            connection: Of the database.
            known: What `newest` gave before: others may be writing.

        Raises:
            sqlite3.DatabaseError: It does not.
            RecordError: The device's key is missing or damaged.
        """
        with _in_its_own_words():
            self._check_end(connection, known)

    def _check_end(self, connection: sqlite3.Connection, known: Head) -> None:
        connection.execute("BEGIN")
        try:
            heads = connection.execute("SELECT seq, hash, signature FROM head")
            signed = [(Head(seq, hash_), mark) for seq, hash_, mark in heads.fetchall()]
            last = [Head(*row) for row in connection.execute(LAST_EVENT).fetchall()]
            there = connection.execute(
                "SELECT hash FROM event WHERE seq = ?", (known.seq,)
            ).fetchall()
        finally:
            connection.rollback()
        if [end for end, _ in signed] != last:
            raise sqlite3.DatabaseError("its last event is not the one that was signed")
        if not all(self.is_ours(end, mark) for end, mark in signed):
            raise sqlite3.DatabaseError("this device did not sign its end")
        if known != NO_HEAD and there != [(known.hash,)]:
            raise sqlite3.DatabaseError(f"it does not hold event {known.seq}")


@contextmanager
def _in_its_own_words() -> Iterator[None]:
    """Let what a damaged page gives in the place of text or number be damage."""
    try:
        yield
    except (UnicodeDecodeError, TypeError, OverflowError) as err:
        raise sqlite3.DatabaseError(
            f"it does not hold what was written: {err}"
        ) from err


def read_only(path: Path) -> sqlite3.Connection:
    """Open a database so that neither it nor its log is changed."""
    return sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=ro",
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
    )
