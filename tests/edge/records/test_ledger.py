"""What the ledger says of an error of its database."""

import contextlib
import sqlite3
from datetime import datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from leukoscope_edge.errors import RecordError
from leukoscope_edge.records import hash_of
from leukoscope_edge.records.ledger import Ledger, _event


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
