"""What the ledger says of an error of its database."""

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from leukoscope_edge.errors import RecordError
from leukoscope_edge.records import Head, hash_of
from leukoscope_edge.records.database import BUSY_TIMEOUT_S, open_database
from leukoscope_edge.records.ledger import Ledger, _event


@dataclass
class Opened:
    """A ledger in a database of its own, and what it told."""

    path: Path
    connection: sqlite3.Connection
    ledger: Ledger
    n_damaged: list[int]
    ends: list[int] = field(default_factory=list)

    def note(self, what: str, by: str = "ann") -> int:
        """Write a note of the device; returns its number."""
        with self.ledger.writing():
            event = self.ledger.next("note", "", {"what": what}, by, "")
            self.ledger.append(event)
        return event.seq


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    path = tmp_path / "records.db"
    damage: list[int] = []
    ends: list[int] = []
    with contextlib.closing(open_database(path)) as connection:
        ledger = Ledger(
            connection,
            Ed25519PrivateKey.generate(),
            datetime.now,
            on_damage=lambda: damage.append(1),
            on_end=lambda head, _: ends.append(head.seq),
        )
        yield Opened(path, connection, ledger, damage, ends)


@pytest.mark.parametrize(
    ("after", "before", "limit", "order", "found"),
    [
        (0, 99, -1, "DESC", [1, 2, 4, 5]),
        (1, 5, -1, "DESC", [2, 4]),
        (0, 99, 2, "DESC", [4, 5]),
        (0, 99, 2, "ASC", [1, 2]),
        (3, 4, -1, "ASC", []),
    ],
)
def test_notes_are_those_of_a_kind_between_two_the_first_or_the_last(
    opened: Opened, after: int, before: int, limit: int, order: Any, found: list[int]
) -> None:
    for what in ("light", "light", "other", "light", "light"):
        opened.note(what)
    notes = opened.ledger.notes("light", after, before, limit, order)
    assert [e.seq for e in notes] == found
    assert [e.seq for e in opened.ledger.notes("", 1, 4, -1, "ASC")] == [2, 3]


def test_an_end_is_told_once_it_is_on_the_disk_and_never_one_that_was_taken_back(
    opened: Opened,
) -> None:
    opened.note("kept")
    with pytest.raises(KeyError), opened.ledger.writing():
        event = opened.ledger.next("note", "", {"what": "lost"}, "ann", "")
        opened.ledger.append(event)
        raise KeyError
    with opened.ledger.writing():
        pass
    assert opened.ends == [1]


def test_nothing_follows_an_end_that_another_key_signed(opened: Opened) -> None:
    opened.note("ours")
    opened.connection.execute("UPDATE head SET signature = zeroblob(64)")
    with pytest.raises(RecordError, match="event 1"):
        opened.note("theirs")
    assert opened.n_damaged
    assert opened.ledger.rows("SELECT count(*) FROM event") == [(1,)]


def test_who_wrote_an_event_stands_there_as_it_can_be_printed(opened: Opened) -> None:
    opened.note("light", by="ann\x07")
    assert opened.ledger.events("")[0].by == "ann\ufffd"


def test_an_event_is_held_by_its_number_and_its_hash(opened: Opened) -> None:
    opened.note("one")
    opened.note("two")
    first, second = opened.ledger.events("")
    assert opened.ledger.holds(Head(first.seq, first.hash))
    assert not opened.ledger.holds(Head(first.seq, second.hash))
    assert not opened.ledger.holds(Head(3, second.hash))


@pytest.mark.parametrize(
    ("seq", "hash_", "is_wrong"),
    [(2, "", False), (1, "", True), (3, "", True), (2, "0" * 64, True)],
)
def test_the_last_event_is_the_one_that_was_signed_as_last(
    opened: Opened, seq: int, hash_: str, *, is_wrong: bool
) -> None:
    opened.note("one")
    opened.note("two")
    with opened.ledger.writing():
        opened.ledger._sign(Head(seq, hash_ or opened.ledger.head().hash))
    problems = [p.what for p in opened.ledger.problems()]
    assert problems == (
        [f"is the last, but {seq} was signed as last"] if is_wrong else []
    )


def test_the_chain_is_looked_at_in_one_moment_of_the_database(opened: Opened) -> None:
    opened.note("before")
    count = "SELECT count(*) FROM head"
    with contextlib.closing(sqlite3.connect(opened.path)) as other:
        with opened.ledger._moment() as connection:
            assert connection.execute(count).fetchall() == [(1,)]
            other.execute("DELETE FROM head")
            other.commit()
            assert connection.execute(count).fetchall() == [(1,)]
        assert opened.connection.execute(count).fetchall() == [(0,)]


def test_who_waited_shortly_for_readers_waits_as_long_as_ever_for_writers(
    opened: Opened,
) -> None:
    opened.note("one")
    assert opened.ledger.write_back(within_s=0.01)
    assert opened.ledger.rows("PRAGMA busy_timeout") == [(int(BUSY_TIMEOUT_S * 1000),)]


@pytest.mark.parametrize(
    ("error", "is_damage"),
    [
        (sqlite3.OperationalError("locked"), False),
        (sqlite3.IntegrityError("a rule"), False),
        (sqlite3.DatabaseError("malformed"), True),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no text"), True),
    ],
)
@pytest.mark.parametrize("deed", ["read", "written"])
def test_only_an_error_of_the_file_itself_tells_of_damage(
    error: Exception, deed: str, *, is_damage: bool
) -> None:
    told: list[str] = []
    with contextlib.closing(
        sqlite3.connect(":memory:", isolation_level=None)
    ) as memory:
        ledger = Ledger(
            memory,
            Ed25519PrivateKey.generate(),
            datetime.now,
            on_damage=lambda: told.append("damage"),
            on_end=lambda *_: None,
        )
        with (
            pytest.raises(RecordError, match=f"cannot be {deed}"),
            ledger.quiet() if deed == "read" else ledger.writing(),
        ):
            raise error
    assert bool(told) is is_damage


def test_a_key_tells_of_its_event_and_an_empty_one_of_none(bench: Any) -> None:
    ledger = bench.store.ledger
    bench.store.log.note("light", {"plasma_level": 1.0}, "ann")
    assert ledger.known("") is None
    assert ledger.known("never used") is None
    slide = bench.signed()
    [key] = {e.key for e in ledger.events(slide)[-1:]}
    assert ledger.known(key) == ledger.events(slide)[-1]


def test_an_event_that_was_changed_is_named_and_not_shown() -> None:
    fields = (5, "0001", "note", "2026-11-29T12:00:00", "ann", "", "{}", "a" * 64)
    assert _event((*fields, hash_of(*fields))).seq == 5
    with pytest.raises(RecordError, match="event 5 was changed"):
        _event((*fields, "c" * 64))
