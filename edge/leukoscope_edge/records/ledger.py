"""The event chain on the disk: append, read, check. Its events could mean anything."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from leukoscope_edge.errors import RecordError
from leukoscope_edge.messages import message
from leukoscope_edge.records.database import BUSY_TIMEOUT_S, transaction
from leukoscope_edge.records.events import (
    CODE_HEX_DIGITS,
    NO_HEAD,
    Event,
    Head,
    Problem,
    canonical,
    chain_problems,
    clean,
    hash_of,
)
from leukoscope_edge.records.keys import is_signed, sign_head

COLUMNS = "seq, slide, kind, at, by, key, body, previous, hash"
Order = Literal["ASC", "DESC"]
SELECT = f"SELECT {COLUMNS} FROM event"  # noqa: S608 - our own words


MISLAID = (
    "WITH told AS (SELECT json_extract(body, '$.what') AS what, seq FROM event "
    "WHERE slide = '' AND json_valid(body)) "
    "SELECT seq FROM (SELECT * FROM told EXCEPT SELECT * FROM note) UNION "
    "SELECT seq FROM (SELECT * FROM note EXCEPT SELECT * FROM told)"
)
"""Notes of the device that the list of notes does not lead to, and the other way."""


class Ledger:
    """The events in an open database; safe to share between threads."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        key: Ed25519PrivateKey,
        now: Callable[[], datetime],
        *,
        on_damage: Callable[[], None],
        on_end: Callable[[Head, bytes], None],
    ) -> None:
        """Take an open database.

        Args:
            connection: The database, in autocommit mode.
            key: Signs the end of the chain.
            now: The clock.
            on_damage: Told where the database gives what SQLite or this device cannot
                have written.
            on_end: Told each new end of the chain with its signature, once it is on
                the disk.
        """
        self._connection = connection
        self._key = key
        self.now, self._on_damage, self._on_end = now, on_damage, on_end
        self._new_end: tuple[Head, bytes] | None = None
        self._lock = threading.RLock()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Hold the database for one step: all of it or nothing, on disk at the end.

        Raises:
            RecordError: The disk is full or broken, or the database damaged.
        """
        try:
            with self._lock:
                self._new_end = None
                with transaction(self._connection):
                    yield self._connection
                if self._new_end is not None:
                    self._on_end(*self._new_end)
        except (sqlite3.Error, UnicodeDecodeError) as err:
            self._doubt(err)
            raise RecordError(message("not-written", why=str(err))) from err

    @contextmanager
    def quiet(self) -> Iterator[sqlite3.Connection]:
        """Hold the database while nothing is written to it."""
        try:
            with self._lock:
                yield self._connection
        except (sqlite3.Error, UnicodeDecodeError) as err:
            self._doubt(err)
            raise RecordError(message("not-read", why=str(err))) from err

    def _doubt(self, err: Exception) -> None:
        """Say so where an error is of the file, not of the disk, a lock or a rule."""
        if type(err) in (sqlite3.DatabaseError, UnicodeDecodeError):
            self._on_damage()

    def rows(self, query: str, values: tuple[object, ...] = ()) -> list[Any]:
        """Return what a query finds."""
        with self.quiet() as connection:
            return connection.execute(query, values).fetchall()

    def next(
        self, kind: str, slide: str, body: dict[str, Any], by: str, key: str
    ) -> Event:
        """Return the event that would come next; nothing is written.

        Raises:
            RecordError: The end that it would follow is not one that this device
                signed: to sign it anew would make somebody else's chain ours.
        """
        end, _ = self.signed_head()
        by = clean(by)
        at = self.now().isoformat(timespec="seconds")
        text = canonical(body)
        fields = (end.seq + 1, slide, kind, at, by, key, text, end.hash)
        return _event_of(*fields, hash_of(*fields))

    def append(self, event: Event) -> None:
        """Write the event that `next` gave, and sign the new end, inside `writing`."""
        self._connection.execute(
            "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                event.seq,
                event.slide,
                event.kind,
                event.at,
                event.by,
                event.key,
                canonical(event.body),
                event.previous,
                event.hash,
            ),
        )
        if not event.slide:
            self._connection.execute(
                "INSERT INTO note VALUES (?, ?)", (event.body["what"], event.seq)
            )
        self._sign(Head(event.seq, event.hash))

    def sign_recovered(self) -> None:
        """Sign the end of a chain that a recovery left; its sentence says of what."""
        with self.writing():
            self._sign(self.head())

    def _sign(self, end: Head) -> None:
        signature = sign_head(self._key, end.seq, end.hash)
        self._connection.execute(
            "INSERT OR REPLACE INTO head VALUES (1, ?, ?, ?)",
            (end.seq, end.hash, signature),
        )
        self._new_end = end, signature

    def known(self, key: str) -> Event | None:
        """Return the event that an idempotency key made, None where it made none."""
        found = self._events("WHERE key = ? AND key != ''", (key,))
        return found[0] if found else None

    def events(self, slide: str, *, after: int = 0) -> list[Event]:
        """Return events of a slide, in order.

        Args:
            slide: The slide; an empty name is the device itself.
            after: Only those after this number.
        """
        where = "WHERE slide = ? AND seq > ? ORDER BY seq"
        return self._events(where, (slide, after))

    def notes(
        self, what: str, after: int, before: int, limit: int, order: Order
    ) -> list[Event]:
        """Return events of the device itself, of one kind, in order.

        Args:
            what: As their body says; empty for all kinds.
            after: Only those after this number.
            before: Only those before this number.
            limit: No more than so many, -1 for all.
            order: Which are left where there are more: the first or the last ones.
        """
        is_of = "what = ?" if what else "'' = ?"
        chosen = f"{is_of} AND seq > ? AND seq < ? ORDER BY seq {order} LIMIT ?"
        where = f"WHERE seq IN (SELECT seq FROM note WHERE {chosen}) ORDER BY seq"  # noqa: S608 - our own words
        return self._events(where, (what, after, before, limit))

    def head(self) -> Head:
        """Return the end of the chain, as it was signed.

        A new event follows it even where events before it were cut off: the gap then
        stays visible for ever.
        """
        rows = self.rows("SELECT seq, hash FROM head")
        return Head(*rows[0]) if rows else NO_HEAD

    def signed_head(self) -> tuple[Head, bytes]:
        """Return the end of the chain and its signature, b"" where there is no event.

        Raises:
            RecordError: It is not this device's signature.
        """
        rows = self.rows("SELECT seq, hash, signature FROM head")
        for seq, hash_, signature in rows:
            if is_signed(self._key.public_key(), seq, hash_, signature):
                return Head(seq, hash_), signature
            self._on_damage()
            raise RecordError(message("not-signed-by-us", n=seq))
        return NO_HEAD, b""

    def write_back(self, within_s: float) -> bool:
        """Write the log into the database and empty it, if nobody reads meanwhile.

        Args:
            within_s: How long to wait for readers.

        Returns:
            Whether it is done: where a reader holds the log, what was erased is in it.
        """
        with self.quiet() as connection, _waiting(connection, within_s):
            rows = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            return bool(rows[0][0] == 0)

    def event_of_code(self, code: str) -> int | None:
        """Return the number of the event whose hash a report's code abbreviates."""
        short = code.replace("-", "").lower()
        rows = self.rows(
            "SELECT seq FROM event WHERE substr(hash, 1, ?) = ?",
            (CODE_HEX_DIGITS, short),
        )
        return rows[0][0] if rows else None

    def holds(self, head: Head) -> bool:
        """Say whether an event is here, as its number and hash have it."""
        query = "SELECT 1 FROM event WHERE seq = ? AND hash = ?"
        return bool(self.rows(query, (head.seq, head.hash)))

    def problems(self) -> list[Problem]:
        """Look for events that were changed, taken out, put in, moved or cut off."""
        with self._moment() as connection:
            return list(self._problems(connection))

    @contextmanager
    def _moment(self) -> Iterator[sqlite3.Connection]:
        """Hold one moment of the database while other processes write on.

        Events of now and an end of a moment later would look like a cut.
        """
        with self.quiet() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.rollback()

    def _problems(self, connection: sqlite3.Connection) -> Iterator[Problem]:
        """Walk the chain event by event: all of a year's would not fit in memory."""
        yield from chain_problems(connection.execute(f"{SELECT} ORDER BY seq"))
        rows = self.rows("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1")
        last = Head(*rows[0]) if rows else NO_HEAD
        for (seq,) in self.rows(MISLAID):
            yield Problem(seq, "is not found by what it is of, or is by what it is not")
        end = self.head()
        if end != last:
            yield Problem(last.seq, f"is the last, but {end.seq} was signed as last")
        for (signature,) in self.rows("SELECT signature FROM head"):
            if not is_signed(self._key.public_key(), end.seq, end.hash, signature):
                yield Problem(end.seq, "does not carry this device's signature")

    def _events(self, where: str, values: tuple[object, ...]) -> list[Event]:
        return [_event(row) for row in self.rows(f"{SELECT} {where}", values)]


@contextmanager
def _waiting(connection: sqlite3.Connection, for_s: float) -> Iterator[None]:
    """Wait for others as long as is asked for, and then as long as ever."""
    connection.execute(f"PRAGMA busy_timeout = {int(for_s * 1000)}")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")


def _event(row: tuple[Any, ...]) -> Event:
    """Return the event in a row of COLUMNS.

    Raises:
        RecordError: It is not what was written: nothing of it is shown.
    """
    *fields, hash_ = row
    if hash_of(*fields) != hash_:
        raise RecordError(message("event-changed", n=row[0]))
    return _event_of(*row)


def _event_of(
    seq: int,
    slide: str,
    kind: str,
    at: str,
    by: str,
    key: str,
    body: str,
    previous: str,
    hash_: str,
) -> Event:
    """Return an event from what stands in a row of the database."""
    return Event(
        seq=seq,
        slide=slide,
        kind=kind,
        at=at,
        by=by,
        key=key,
        body=json.loads(body),
        previous=previous,
        hash=hash_,
    )
