"""The SQLite file: opened, brought up to date, copied and checked."""

import re
import sqlite3
from typing import Any

import pytest

from leukoscope_edge.errors import RecordError
from leukoscope_edge.records.database import IS_BOUND, MIGRATIONS
from leukoscope_edge.records.slides.slide import Kind
from leukoscope_edge.records.store import DATABASE_NAME, Store, open_store


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
        plan = bench.store._ledger.rows(f"EXPLAIN QUERY PLAN {query}")
        assert "bound_of_slide" in str(plan)
    assert {k.value for k in (Kind.START, Kind.RESUME, Kind.FINISH)} == set(
        re.findall(r"'(\w+)'", IS_BOUND)
    )
