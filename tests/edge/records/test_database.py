"""The SQLite file: opened, brought up to date, copied and checked."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from leukoscope_edge.errors import RecordError
from leukoscope_edge.records import DATABASE_NAME, Store, open_store
from leukoscope_edge.records.database import (
    ENDS,
    IS_BOUND,
    MIGRATIONS,
    check_unused,
    copy_database,
    is_sound,
    open_database,
    transaction,
)
from leukoscope_edge.records.slides import Kind


def test_records_of_a_newer_program_are_left_alone(bench: Any) -> None:
    bench.store.close()
    connection = sqlite3.connect(bench.folder / DATABASE_NAME)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(RecordError, match="update the software"):
        open_store(bench.folder)


def test_records_of_format_1_are_brought_up_to_date(bench: Any) -> None:
    """It had no list of the device's notes."""
    bench.store.log.note("light", {"plasma_level": 1.0}, "ann")
    slide = bench.signed()
    bench.store.log.note("light", {"plasma_level": 2.0}, "ann")
    bench.store.close()
    connection = sqlite3.connect(bench.folder / DATABASE_NAME)
    connection.executescript(
        "DROP TABLE worklist; DROP TABLE note; DROP INDEX bound_of_slide; "
        "PRAGMA user_version = 1"
    )
    connection.close()
    told: list[str] = []
    Store(bench.folder, on_long_work=lambda: told.append("old")).close()
    assert told == ["old"]
    store = bench.reopen()
    assert store.recovery is None
    levels = [e.body["facts"]["plasma_level"] for e in store.log.notes("light")]
    assert levels == [1.0, 2.0]
    assert store.reader.slide(slide).signatures
    assert store.reader.unfinished() == []
    assert store.verify_audit() == []


def test_what_began_and_ended_is_found_without_reading_every_event(bench: Any) -> None:
    for query in (
        f"SELECT slide, kind, max(seq) FROM event WHERE {IS_BOUND} GROUP BY slide",
        f"SELECT body FROM event WHERE {IS_BOUND} AND kind = 'start' ORDER BY seq",
    ):
        plan = bench.store.ledger.rows(f"EXPLAIN QUERY PLAN {query}")
        assert "bound_of_slide" in str(plan)
    assert {k.value for k in (Kind.START, Kind.RESUME, Kind.FINISH)} == set(
        re.findall(r"'(\w+)'", IS_BOUND)
    )


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_database(tmp_path / "a.sqlite")) as connection:
        yield connection


def keys(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("SELECT slide FROM record_key ORDER BY slide")
    return [slide for (slide,) in rows]


def put(connection: sqlite3.Connection, slide: str) -> None:
    connection.execute("INSERT INTO record_key VALUES (?, x'00', x'00')", (slide,))


def test_a_new_database_is_empty_sound_and_up_to_date(
    database: sqlite3.Connection,
) -> None:
    assert is_sound(database)
    assert keys(database) == []
    assert database.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)


def test_it_loses_nothing_at_a_power_cut_and_keeps_no_erased_byte(
    database: sqlite3.Connection,
) -> None:
    pragmas = ("journal_mode", "synchronous", "secure_delete", "trusted_schema")
    found = [database.execute(f"PRAGMA {p}").fetchone()[0] for p in pragmas]
    assert found == ["wal", 2, 1, 0]


def test_what_fails_in_its_middle_is_not_done_at_all(
    database: sqlite3.Connection,
) -> None:
    with transaction(database):
        put(database, "0001")
    with pytest.raises(KeyError), transaction(database):
        put(database, "0002")
        raise KeyError
    assert keys(database) == ["0001"]


def test_a_copy_is_whole_and_stands_alone(
    database: sqlite3.Connection, tmp_path: Path
) -> None:
    put(database, "0001")
    copy_database(tmp_path / "a.sqlite", tmp_path / "copy.sqlite")
    put(database, "0002")
    assert not list(tmp_path.glob("copy.sqlite-*"))
    with closing(sqlite3.connect(tmp_path / "copy.sqlite")) as copy:
        assert keys(copy) == ["0001"]


def test_nobody_takes_the_place_of_what_another_has_open(
    database: sqlite3.Connection, tmp_path: Path
) -> None:
    with pytest.raises(RecordError, match="another program has it open"):
        check_unused(tmp_path / "a.sqlite")
    database.close()
    check_unused(tmp_path / "a.sqlite")


@pytest.mark.parametrize("data", [b"no database at all" * 300, b"SQLite format 3\0"])
def test_what_is_no_database_is_not_opened(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "b.sqlite").write_bytes(data)
    with pytest.raises(sqlite3.DatabaseError):
        open_database(tmp_path / "b.sqlite")


def test_every_table_is_looked_at_when_it_is_opened(
    database: sqlite3.Connection,
) -> None:
    rows = database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    tables = {name for (name,) in rows}
    assert tables == {
        t for t in tables if any(f"FROM {t} " in end + " " for end in ENDS)
    }
