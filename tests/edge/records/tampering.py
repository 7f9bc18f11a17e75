"""Change the list of events behind the device's back."""

import sqlite3
from pathlib import Path

from leukoscope_edge.records import DATABASE_NAME, hash_of


def tamper(folder: Path, *statements: str) -> None:
    """Write into the database as somebody with the file in hand would."""
    connection = sqlite3.connect(folder / DATABASE_NAME)
    for trigger in ("event_stays", "event_is_kept"):
        connection.execute(f"DROP TRIGGER {trigger}")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def rehash(folder: Path, seq: int) -> None:
    """Give a changed event a hash that fits it."""
    connection = sqlite3.connect(folder / DATABASE_NAME)
    row = connection.execute(
        "SELECT seq, slide, kind, at, by, key, body, previous FROM event WHERE seq = ?",
        (seq,),
    ).fetchone()
    connection.execute("UPDATE event SET hash = ? WHERE seq = ?", (hash_of(*row), seq))
    connection.commit()
    connection.close()
