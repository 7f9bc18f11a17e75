"""What the ledger says of an error of its database."""

import contextlib
import sqlite3
from datetime import datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from leukoscope_edge.errors import RecordError
from leukoscope_edge.records.ledger import Ledger


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
