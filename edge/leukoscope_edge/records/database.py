"""The SQLite file: how it is opened, brought up to date and checked.

WAL with synchronous FULL: of the journal modes that were measured under power cuts,
the fastest that lost no acknowledged commit.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from leukoscope_edge.durable import sync_file
from leukoscope_edge.errors import RecordError
from leukoscope_edge.messages import message

BUSY_TIMEOUT_S = 5.0
"""How long a second process (the command line beside the page) waits for its turn."""
PRAGMAS: tuple[str, ...] = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA secure_delete = ON",  # an erased key leaves no bytes in the file
    "PRAGMA cache_size = -512",  # KiB: page and count each have one, and the kernel's
)
IS_BOUND = "kind IN ('start', 'resume', 'finish')"
"""Where counts begin and end: three events of a slide's hundred. A query says it in
these words, or SQLite does not see that the index holds what is wanted."""
NOTES_FROM_EVENTS = (
    "INSERT OR IGNORE INTO note SELECT json_extract(body, '$.what'), seq FROM event "
    "WHERE slide = '' AND json_valid(body)"
)
"""Where the device's own events lie, by what they are of: of a year's thousands few
are wanted. An index would do, if SQLite trusted its own JSON in one."""
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE event (
            seq INTEGER PRIMARY KEY,
            slide TEXT NOT NULL,
            kind TEXT NOT NULL,
            at TEXT NOT NULL,
            by TEXT NOT NULL,
            key TEXT NOT NULL,
            body TEXT NOT NULL,
            previous TEXT NOT NULL,
            hash TEXT NOT NULL
        ) STRICT""",
        "CREATE INDEX event_of_slide ON event (slide, seq)",
        "CREATE UNIQUE INDEX event_once ON event (key) WHERE key != ''",
        """CREATE TRIGGER event_stays BEFORE UPDATE ON event
            BEGIN SELECT RAISE(ABORT, 'events are never changed'); END""",
        """CREATE TRIGGER event_is_kept BEFORE DELETE ON event
            BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END""",
        """CREATE TABLE head (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            seq INTEGER NOT NULL,
            hash TEXT NOT NULL,
            signature BLOB NOT NULL
        ) STRICT""",
        """CREATE TABLE record_key (
            slide TEXT PRIMARY KEY,
            wrapped BLOB NOT NULL,
            sample_tag BLOB NOT NULL
        ) STRICT""",
        "CREATE INDEX record_key_of_sample ON record_key (sample_tag)",
    ),
    (
        """CREATE TABLE note (
            what TEXT NOT NULL,
            seq INTEGER NOT NULL,
            PRIMARY KEY (what, seq)
        ) STRICT, WITHOUT ROWID""",
        NOTES_FROM_EVENTS,
        f"CREATE INDEX bound_of_slide ON event (kind, slide) WHERE {IS_BOUND}",
    ),
    (),  # a slide may be void or corrected: programs that do not know it stay out
    (  # and a critical result may be told to somebody
        """CREATE TABLE worklist (
            slide TEXT PRIMARY KEY,
            seq INTEGER NOT NULL,
            started INTEGER NOT NULL,
            started_at TEXT NOT NULL,
            people TEXT NOT NULL,
            state TEXT NOT NULL,
            result TEXT NOT NULL,
            is_looked INTEGER NOT NULL,
            n_versions INTEGER NOT NULL,
            n_readers INTEGER NOT NULL,
            sample_tag BLOB,
            shown TEXT NOT NULL,
            mark BLOB NOT NULL
        ) STRICT""",
        "CREATE INDEX worklist_in_order ON worklist (started, state)",
        "CREATE INDEX worklist_of_sample ON worklist (sample_tag)",
    ),
    ("DELETE FROM worklist",),  # filled anew: rows tell the sex, labels one spelling
)
"""Each is run once, in order; `PRAGMA user_version` counts them. Never edit one that
was released: add another."""
ENDS: tuple[str, ...] = (
    "SELECT * FROM head",
    "SELECT * FROM event ORDER BY seq LIMIT 1",
    "SELECT * FROM event ORDER BY seq DESC LIMIT 1",
    "SELECT slide, seq FROM event ORDER BY slide DESC, seq DESC LIMIT 1",
    "SELECT key FROM event WHERE key != '' ORDER BY key DESC LIMIT 1",
    f"SELECT kind, slide FROM event WHERE {IS_BOUND} ORDER BY kind DESC LIMIT 1",  # noqa: S608
    "SELECT * FROM note ORDER BY what DESC, seq DESC LIMIT 1",
    "SELECT * FROM record_key ORDER BY slide DESC LIMIT 1",
    "SELECT sample_tag FROM record_key ORDER BY sample_tag DESC LIMIT 1",
    "SELECT * FROM worklist ORDER BY slide DESC LIMIT 1",
    "SELECT started, state FROM worklist ORDER BY started DESC LIMIT 1",
    "SELECT sample_tag FROM worklist ORDER BY sample_tag DESC LIMIT 1",
)
"""What is read of every table and index at opening, however long they are."""


def open_database(
    path: Path, *, in_full: bool = True, on_old: Callable[[], None] = lambda: None
) -> sqlite3.Connection:
    """Open the records' database, made or brought up to date where needed.

    Args:
        path: The file; its folder is there.
        in_full: Look it through first, which takes as long as it is long; else look
            only at its ends. What must be brought up to date is always looked through.
        on_old: Told before it is brought up to date.

    Raises:
        RecordError: A newer version of the program made it.
        sqlite3.DatabaseError: It is damaged.
    """
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    try:
        for pragma in PRAGMAS:
            connection.execute(pragma)
        version = _version(connection)
        is_old = version != len(MIGRATIONS)
        if 0 < version < len(MIGRATIONS):
            on_old()
        if (in_full or is_old) and not is_sound(connection):
            raise sqlite3.DatabaseError("it is not as SQLite left it")
        if is_old:
            _migrate(connection, path)
        for end in ENDS:
            connection.execute(end).fetchall()
    except UnicodeDecodeError as err:  # SQLite quotes noise where a name should be
        connection.close()
        raise sqlite3.DatabaseError("a name in it is not text") from err
    except BaseException:
        connection.close()
        raise
    return connection


def is_sound(connection: sqlite3.Connection) -> bool:
    """Look a database through: is all of it as SQLite left it?

    Raises:
        sqlite3.OperationalError: It cannot be read now, which says nothing of it.
    """
    try:
        (word,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.OperationalError:
        raise
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        return False
    return bool(word == "ok")


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    with transaction(connection):
        version = _version(connection)
        if version > len(MIGRATIONS):
            n, m = version, len(MIGRATIONS)
            raise RecordError(message("records-newer", path=str(path), n=n, m=m))
        for statements in MIGRATIONS[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Do all or nothing; on disk when it ends."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.execute("COMMIT")


def copy_database(path: Path, target: Path) -> None:
    """Copy a database that others may be writing to into a new file, whole and synced.

    Args:
        path: The database; the copy shows one moment of it.
        target: The new file.

    Raises:
        sqlite3.DatabaseError: What came out is damaged, so what went in may be.
    """
    with (
        contextlib.closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_S)) as source,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
        if not is_sound(copy):
            raise sqlite3.DatabaseError("the copy is not as SQLite left it")
    with target.open("rb+") as file:
        sync_file(file)


def check_unused(path: Path) -> None:
    """Make sure that no other program has a database open.

    Raises:
        RecordError: One has.
    """
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=0)) as connection:
            # Only the last one to have it open may leave the journal's mode.
            connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError as err:
        where = str(path)
        raise RecordError(message("path-in-use", path=where, why=str(err))) from err
