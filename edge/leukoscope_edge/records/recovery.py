"""A damaged database: kept aside, and what can be trusted of it saved.

The last good copy on the same disk takes its place. Then every event that can still be
read from the damaged file and its log, and whose hash continues the chain, is taken
over: the chain tells sound events from damaged ones. Whoever has the file in hand can
hash a chain too, but not sign its end: what somebody else ended is not taken over. What
is lost is said, never guessed.
"""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from leukoscope_edge.durable import sync_folder
from leukoscope_edge.errors import RecordError
from leukoscope_edge.messages import Message, message, said_all
from leukoscope_edge.records.database import (
    NOTES_FROM_EVENTS,
    open_database,
    transaction,
)
from leukoscope_edge.records.events import NO_HEAD, Head, hash_of
from leukoscope_edge.records.ledger import COLUMNS
from leukoscope_edge.records.witnesses import LAST_EVENT, Witnesses, read_only
from leukoscope_edge.records.write_ahead_log import mended_log

LOG = "-wal"
SIDE_FILES = ("", LOG, "-shm")
NAMELESS = (
    "SELECT count(*) FROM event WHERE kind = 'start' "
    "AND slide NOT IN (SELECT slide FROM record_key) "
    "AND slide NOT IN (SELECT slide FROM event WHERE kind = 'erase')"
)
MIN_PAGE_BYTES, DEFAULT_PAGE_BYTES = 512, 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What became of a damaged database.

    Attributes:
        kept: Folder with the damaged files.
        n_from_copy: Events that the last good copy held.
        n_saved: Later events that were saved from the damaged file.
        n_unsigned: How many of those lie behind the last end that this device is known
            to have signed.
        n_nameless: Slides whose key is lost, and with it whose blood they were.
        n_lost: Events that were there and are not any more, as far as that is known.
        is_complete: The damaged file could be read to its end.
        is_forged: It ended in a way that this device did not sign.
    """

    kept: Path
    n_from_copy: int
    n_saved: int
    n_unsigned: int
    n_nameless: int
    n_lost: int
    is_complete: bool
    is_forged: bool

    @property
    def sentence(self) -> str:
        """What the command line says."""
        return said_all(self.messages)

    @property
    def messages(self) -> tuple[Message, ...]:
        """What the page says and the records keep."""
        n = self.n_from_copy + self.n_saved
        said = [message("recovered", n=n, lost=self._lost(n))]
        if self.is_forged:
            said.append(message("recovered-forged"))
        if self.n_unsigned:
            said.append(message("recovered-unsigned", n=self.n_unsigned))
        if self.n_nameless:
            said.append(message("recovered-nameless", n=self.n_nameless))
        return (*said, message("recovered-kept", folder=self.kept.name))

    def _lost(self, n: int) -> Message:
        if self.n_lost == 1:
            return message("lost-one", n=n + 1)
        if self.n_lost:
            return message("lost-some", n=n + 1, m=n + self.n_lost)
        return message("lost-none") if self.is_complete else message("lost-end", n=n)


def open_or_recover(
    path: Path,
    copy: Path,
    witnesses: Witnesses,
    *,
    in_full: bool,
    may_recover: bool,
    on_long_work: Callable[[], None],
) -> tuple[sqlite3.Connection, Recovery | None]:
    """Open a database that nobody else has open, and recover it where it is damaged.

    Args:
        path: The database; its folder is there.
        copy: Its last good copy.
        witnesses: What tells whether it is the one that was here.
        in_full: Look it through first, not only at its ends.
        may_recover: Else a damaged one is refused, and nothing is moved.
        on_long_work: Told before what takes long where there is much.

    Raises:
        sqlite3.Error: It cannot be opened for another reason than damage.
        RecordError: Likewise, or it is damaged and may not be recovered.
        OSError: Likewise.
    """
    if may_recover:
        _end_recovery(path)
    try:
        witnesses.look(path)
        return open_database(path, in_full=in_full, on_old=on_long_work), None
    except sqlite3.OperationalError:
        raise  # locked, full, read-only: nothing says that it is damaged
    except sqlite3.DatabaseError as err:
        if not may_recover:
            folder = str(path.parent)
            raise RecordError(message("left-to-service", folder=folder)) from err
    on_long_work()
    return recover(path, copy, witnesses)


def is_older(file: Path, age_s: float, now: datetime) -> bool:
    """Say whether a file is missing, or further from now than an age either way."""
    try:
        return abs(now.timestamp() - file.stat().st_mtime) > age_s
    except OSError:  # one that cannot be looked at is made anew, which says why not
        return True


def recover(
    path: Path, copy: Path, witnesses: Witnesses
) -> tuple[sqlite3.Connection, Recovery]:
    """Replace a damaged database by its copy and what follows in the damaged one.

    The damaged file stays in its place until the new one is whole, so that a recovery
    that a stop catches begins again.

    Args:
        path: The damaged database.
        copy: The last good copy; it may be missing or damaged too.
        witnesses: What tells which events this device signed.

    Returns:
        The open database, its end not signed yet, and what became of the damaged one.
    """
    fresh = _fresh(path)
    with (
        _readable(path) as damaged,
        contextlib.closing(_open_copy(fresh, copy, witnesses)) as connection,
        transaction(connection),
    ):
        before = _end(connection)
        saved = _save(connection, damaged, witnesses)
        connection.execute("DELETE FROM note")
        connection.execute(NOTES_FROM_EVENTS)
        connection.execute("DELETE FROM worklist")  # the store fills it anew
        _save_keys(connection, damaged)
        end, ((n_nameless,),) = _end(connection), connection.execute(NAMELESS)
    kept = _put_aside(path)
    _end_recovery(path)
    return open_database(path), Recovery(
        kept=kept,
        n_from_copy=before.seq,
        n_saved=end.seq - before.seq,
        n_unsigned=end.seq - max(before.seq, min(saved.signed, end.seq)),
        n_nameless=n_nameless,
        n_lost=max(0, saved.known - end.seq),
        is_complete=saved.is_complete and not saved.is_forged,
        is_forged=saved.is_forged,
    )


@contextmanager
def _readable(path: Path) -> Iterator[Path]:
    """Yield another name of a damaged database, beside a log that is mended.

    To be opened for reading alone: the damaged files stay as they are.
    """
    name = path.with_name(f".{path.name}.readable")
    _remove(name)
    try:
        if path.exists():
            os.link(path, name)
            log = path.with_name(path.name + LOG)
            if log.exists():
                mended = mended_log(log.read_bytes(), _page_bytes(path))
                name.with_name(name.name + LOG).write_bytes(mended)
        yield name
    finally:
        _remove(name)


def _page_bytes(path: Path) -> int:
    """Return the size of a page, as the file's header or SQLite's default has it.

    Source: https://www.sqlite.org/fileformat.html, 1.3.2.
    """
    with path.open("rb") as file:
        header = file.read(18)
    size = int.from_bytes(header[16:18], "big")
    is_size = size >= MIN_PAGE_BYTES and size & (size - 1) == 0
    return size if is_size else DEFAULT_PAGE_BYTES


def _end(connection: sqlite3.Connection) -> Head:
    row = connection.execute(LAST_EVENT).fetchone()
    return Head(*row) if row else NO_HEAD


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


def _open_copy(path: Path, copy: Path, witnesses: Witnesses) -> sqlite3.Connection:
    """Return a database that begins with the last good copy, or with nothing."""
    _remove(path)
    with contextlib.suppress(OSError, sqlite3.DatabaseError):
        shutil.copyfile(copy, path)
        connection = open_database(path)
        try:
            witnesses.check_end(connection, NO_HEAD)
        except BaseException:
            connection.close()
            raise
        return connection
    _remove(path)
    return open_database(path)


def _remove(path: Path) -> None:
    for side in SIDE_FILES:
        path.with_name(path.name + side).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class _Saved:
    """How far a damaged database could be followed.

    Attributes:
        signed: Number of the last event that this device is known to have signed.
        known: Number of the newest event that there was, 0 where nobody knows.
        is_complete: It could be read to its end.
        is_forged: Its end is one that this device did not sign.
    """

    signed: int
    known: int
    is_complete: bool
    is_forged: bool


def _save(
    connection: sqlite3.Connection, damaged: Path, witnesses: Witnesses
) -> _Saved:
    """Take over the events that continue the chain and are not somebody else's."""
    known, stated = witnesses.newest(), _stated_end(damaged)
    is_ours = stated is not None and witnesses.is_ours(*stated)
    connection.execute("SAVEPOINT events")
    is_complete = _save_events(connection, damaged)
    end, has_known = _end(connection), _holds(connection, known)
    # No disk makes another chain of hashes that fit: somebody hashed this one.
    is_forged = stated is not None and not is_ours and stated[0] == end
    is_forged |= end.seq >= known.seq > 0 and not (has_known or is_ours)
    if is_forged:
        connection.execute("ROLLBACK TO events")
        if has_known:
            _save_events(connection, damaged, last=known.seq)
    connection.execute("RELEASE events")
    signed = [known.seq] if has_known else []
    if stated is not None and is_ours and _holds(connection, stated[0]):
        signed.append(stated[0].seq)
    return _Saved(max(signed, default=0), known.seq, is_complete, is_forged)


def _stated_end(damaged: Path) -> tuple[Head, bytes] | None:
    """Return the end that a damaged database states with its signature, if any."""
    for row in _rows(damaged, "SELECT seq, hash, signature FROM head"):
        match row:
            case (int() as seq, str() as hash_, bytes() as mark) if mark:
                return Head(seq, hash_), mark
    return None


def _holds(connection: sqlite3.Connection, head: Head) -> bool:
    query = "SELECT 1 FROM event WHERE seq = ? AND hash = ?"
    return connection.execute(query, (head.seq, head.hash)).fetchone() is not None


def _save_events(
    connection: sqlite3.Connection, damaged: Path, last: int | None = None
) -> bool:
    """Take over the events that continue the chain; say if it could be read to its end.

    Args:
        connection: Of what was saved so far.
        damaged: Where the others are.
        last: Take over none behind this one.
    """
    end = _end(connection)
    until = "" if last is None else f"AND seq <= {last}"
    query = f"SELECT {COLUMNS} FROM event WHERE seq > {end.seq} {until}"  # noqa: S608
    for row in _rows(damaged, query):
        if row is None:
            return False
        if not _follows(row, end):
            return False
        marks = ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO event VALUES ({marks})", row)  # noqa: S608
        end = Head(row[0], row[-1])
        head = (end.seq, end.hash, b"")  # signed once it is in its place
        connection.execute("INSERT OR REPLACE INTO head VALUES (1, ?, ?, ?)", head)
    return True


def _follows(row: tuple[Any, ...], end: Head) -> bool:
    """Say whether a row is the event after an end, as it was written."""
    *fields, hash_ = row
    if fields[0] != end.seq + 1 or fields[-1] != end.hash:
        return False
    try:
        return bool(hash_of(*fields) == hash_)
    except (TypeError, ValueError):  # a damaged page gives other types than it took
        return False


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
        with contextlib.closing(read_only(damaged)) as connection:
            yield from connection.execute(query)
    except (sqlite3.Error, OverflowError, UnicodeDecodeError):
        yield None
