"""A damaged database: kept aside, and what can be trusted of it saved.

The last good copy on the same disk takes its place. Then every event that can still be
read from the damaged file, and whose hash continues the chain, is taken over: the
chain tells sound events from damaged ones. What is lost is said, never guessed.
"""

import contextlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from leukoscope_edge.records.database import (
    NOTES_FROM_EVENTS,
    open_database,
    transaction,
)
from leukoscope_edge.records.events import NO_EVENT_HASH, hash_of
from leukoscope_edge.records.files import sync_folder
from leukoscope_edge.records.ledger import COLUMNS

SIDE_FILES = ("", "-wal", "-shm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What became of a damaged database.

    Attributes:
        kept: Folder with the damaged files.
        n_from_copy: Events that the last good copy held.
        n_saved: Later events that were saved from the damaged file.
        is_complete: The damaged file could be read to its end.
    """

    kept: Path
    n_from_copy: int
    n_saved: int
    is_complete: bool

    @property
    def sentence(self) -> str:
        """What the page and the command line say."""
        n = self.n_from_copy + self.n_saved
        lost = (
            "nothing is known to be lost"
            if self.is_complete
            else f"whatever came after event {n} is lost"
        )
        return (
            f"The records were damaged. {n} events were saved; {lost}. "
            f"The damaged files are kept in {self.kept.name}."
        )


def open_or_recover(
    path: Path, copy: Path, *, in_full: bool, on_long_work: Callable[[], None]
) -> tuple[sqlite3.Connection, Recovery | None]:
    """Open a database that nobody else has open, and recover it where it is damaged.

    Args:
        path: The database; its folder is there.
        copy: Its last good copy.
        in_full: Look it through first, not only at its ends.
        on_long_work: Told before what takes long where there is much.

    Raises:
        sqlite3.Error: It cannot be opened for another reason than damage.
        OSError: Likewise.
    """
    _end_recovery(path)
    if path.exists() or not copy.exists():
        try:
            return open_database(path, in_full=in_full, on_old=on_long_work), None
        except sqlite3.OperationalError:
            raise  # locked, full, read-only: nothing says that it is damaged
        except sqlite3.DatabaseError:
            pass
    on_long_work()
    return recover(path, copy)


def is_older(file: Path, age_s: float, now: datetime) -> bool:
    """Say whether a file is missing, or further from now than an age either way."""
    if not file.exists():
        return True
    return abs(now.timestamp() - file.stat().st_mtime) > age_s


def recover(path: Path, copy: Path) -> tuple[sqlite3.Connection, Recovery]:
    """Replace a damaged database by its copy and what follows in the damaged one.

    The damaged file stays in its place until the new one is whole, so that a recovery
    that a stop catches begins again.

    Args:
        path: The damaged database.
        copy: The last good copy; it may be missing or damaged too.

    Returns:
        The open database, and what became of the damaged one.
    """
    fresh = _fresh(path)
    with contextlib.closing(_open_copy(fresh, copy)) as connection:
        ((n,),) = connection.execute("SELECT count(*) FROM event").fetchall()
        with transaction(connection):
            n_saved, is_complete = _save_events(connection, path)
            connection.execute("DELETE FROM note")
            connection.execute(NOTES_FROM_EVENTS)
            _save_keys(connection, path)
    kept = _put_aside(path)
    _end_recovery(path)
    return open_database(path), Recovery(
        kept=kept, n_from_copy=n, n_saved=n_saved, is_complete=is_complete
    )


def _fresh(path: Path) -> Path:
    return path.with_name(f".{path.name}.recovered")


def _end_recovery(path: Path) -> None:
    """Put a whole new database in the place of one that was put aside."""
    if not path.exists() and _fresh(path).exists():
        _fresh(path).replace(path)
        sync_folder(path.parent)


def _put_aside(path: Path) -> Path:
    n = 1
    while (kept := path.parent / f"damaged-{n}").exists():
        n += 1
    kept.mkdir(mode=0o700)
    for side in SIDE_FILES:
        part = path.with_name(path.name + side)
        if part.exists():
            part.rename(kept / part.name)
    sync_folder(path.parent)
    return kept


def _open_copy(path: Path, copy: Path) -> sqlite3.Connection:
    _remove(path)
    with contextlib.suppress(OSError, sqlite3.DatabaseError):
        shutil.copyfile(copy, path)
        return open_database(path)
    _remove(path)
    return open_database(path)


def _remove(path: Path) -> None:
    for side in SIDE_FILES:
        path.with_name(path.name + side).unlink(missing_ok=True)


def _save_events(connection: sqlite3.Connection, damaged: Path) -> tuple[int, bool]:
    """Take over the events that continue the chain; say how many, and if to the end."""
    last = connection.execute(
        "SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1"
    ).fetchone()
    seq, previous = last or (0, NO_EVENT_HASH)
    n, rows = 0, _rows(damaged, f"SELECT {COLUMNS} FROM event WHERE seq > {seq}")  # noqa: S608
    for row in rows:
        if row is None:
            return n, False
        *fields, hash_ = row
        if fields[0] != seq + 1 or fields[-1] != previous or hash_of(*fields) != hash_:
            return n, False
        marks = ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO event VALUES ({marks})", row)  # noqa: S608
        n, seq, previous = n + 1, seq + 1, hash_
        head = (seq, hash_, b"")  # the next event signs it
        connection.execute("INSERT OR REPLACE INTO head VALUES (1, ?, ?, ?)", head)
    return n, True


def _save_keys(connection: sqlite3.Connection, damaged: Path) -> None:
    """Take over the keys of records, but of none that was erased."""
    for row in _rows(damaged, "SELECT slide, wrapped, sample_tag FROM record_key"):
        if row is not None:
            connection.execute("INSERT OR IGNORE INTO record_key VALUES (?, ?, ?)", row)
    connection.execute(
        "DELETE FROM record_key WHERE slide IN "
        "(SELECT slide FROM event WHERE kind = 'erase')"
    )


def _rows(damaged: Path, query: str) -> Iterator[tuple[Any, ...] | None]:
    """Yield what a damaged file still gives, and None where it gives no more."""
    if not damaged.exists():  # connecting would make it
        yield None
        return
    try:
        with contextlib.closing(sqlite3.connect(damaged)) as connection:
            yield from connection.execute(query)
    except (sqlite3.Error, OverflowError, UnicodeDecodeError):
        yield None
