"""The events of the records, chained by hash: pure, no file, no clock.

One append-only list of events is both the record and its audit trail. Each event
carries the hash of the one before it, so an event that was changed, taken out, put in
or moved breaks the chain from there on. The end of the chain is signed with the
device's key (`leukoscope_edge.records.keys`), so a shortened list is seen too.
"""

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

NO_EVENT_HASH = "0" * 64
"""What the first event names as the hash before it."""
REPLACEMENT = "\ufffd"
UNSTORABLE = ("Cc", "Cs")
"""Unicode's categories of control characters and surrogates. Format characters stay:
Indic and Arabic names need joiners."""
CODE_HEX_DIGITS = 12
"""48 bits of a head's hash, printed on reports: short enough to read over a phone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened, as it is stored for ever.

    Attributes:
        seq: 1, 2, 3, ... without a gap.
        slide: The slide that it happened to; empty for the device itself.
        kind: What happened; `leukoscope_edge.records.slides.slide` names the kinds.
        at: UTC time by the device's clock, ISO 8601. Order is by `seq`, never by time.
        by: The user, or `device`.
        key: The caller's idempotency key; empty where there is none.
        body: What the kind needs, plain JSON values.
        previous: `hash` of the event before, NO_EVENT_HASH for the first.
        hash: sha256 over all of the above.
    """

    seq: int
    slide: str
    kind: str
    at: str
    by: str
    key: str
    body: dict[str, Any]
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the event chain: its last event's number and hash."""

    seq: int
    hash: str

    @property
    def code(self) -> str:
        """The hash in short, as printed on reports."""
        return code_of(self.hash)


NO_HEAD = Head(0, NO_EVENT_HASH)
"""The end of a chain without events."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A place where the records are not what they were."""

    seq: int
    what: str


def clean(text: str) -> str:
    """Return a text that can be stored, printed and exchanged.

    Control characters, of which a line's end alone is left, and halves of surrogate
    pairs become the replacement character.
    """
    if text.isascii() and text.isprintable():  # nearly all there is, at once
        return text
    return "".join(
        REPLACEMENT if c != "\n" and unicodedata.category(c) in UNSTORABLE else c
        for c in text
    )


def _cleaned(value: object) -> object:
    match value:
        case str():
            return clean(value)
        case dict():
            return {clean(k): _cleaned(v) for k, v in value.items()}
        case list() | tuple():
            return [_cleaned(v) for v in value]
        case _:
            return value


def canonical(value: object) -> str:
    """Return JSON with one spelling: clean text, sorted keys, no spaces, no NaN."""
    return json.dumps(
        _cleaned(value),
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    )


def hash_of(*fields: str | int) -> str:
    """Return the sha256 that binds an event to all before it.

    Args:
        fields: seq, slide, kind, at, by, key, canonical text of the body, and the hash
            before.
    """
    return hashlib.sha256(canonical(fields).encode()).hexdigest()


def code_of(head: str) -> str:
    """Return the short code of a chain's head, in groups of four for reading aloud."""
    short = head[:CODE_HEX_DIGITS].upper()
    return "-".join(short[i : i + 4] for i in range(0, CODE_HEX_DIGITS, 4))


def chain_problems(rows: Iterable[tuple[Any, ...]]) -> Iterator[Problem]:
    """Check stored rows, in order, against the chain.

    Args:
        rows: (seq, slide, kind, at, by, key, body text, previous, hash) each.
    """
    expected_seq, expected_previous = 1, NO_EVENT_HASH
    for *fields, hash_ in rows:
        seq, previous = fields[0], fields[-1]
        if seq != expected_seq:
            yield Problem(seq, f"expected event {expected_seq} here: some are missing")
        if previous != expected_previous:
            yield Problem(seq, "does not follow the event before it")
        if hash_of(*fields) != hash_:
            yield Problem(seq, "was changed after it was written")
        expected_seq, expected_previous = seq + 1, hash_
