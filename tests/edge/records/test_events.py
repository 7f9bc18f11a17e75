"""The chain of events, as plain values."""

from typing import Any

import pytest

from leukoscope_edge.records.events import (
    NO_EVENT_HASH,
    NO_HEAD,
    Head,
    canonical,
    chain_problems,
    clean,
    code_of,
    hash_of,
)


def test_no_events_have_no_problem() -> None:
    assert list(chain_problems([])) == []


def test_a_code_is_twelve_digits_for_reading_aloud() -> None:
    assert code_of("0123456789abcdef" * 4) == "0123-4567-89AB"
    assert code_of(NO_EVENT_HASH) == "0000-0000-0000"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("a\nb", "a\nb"),
        ("a\x00\t\x1b[2J", "a\ufffd\ufffd\ufffd[2J"),
        ("\ud83e", "\ufffd"),
        ("क्\u200dष", "क्\u200dष"),
    ],
)
def test_text_is_made_storable(text: str, expected: str) -> None:
    assert clean(text) == expected
    assert canonical({text: [text]}).encode()


Row = tuple[Any, ...]


def chain(n: int) -> list[Row]:
    """So many events, each with the hash of the one before."""
    rows: list[Row] = []
    previous = NO_EVENT_HASH
    for seq in range(1, n + 1):
        fields = (seq, "0001", "judge", "at", "ann", "", f"{{{seq}}}", previous)
        previous = hash_of(*fields)
        rows.append((*fields, previous))
    return rows


def found(rows: list[Row]) -> list[tuple[int, str]]:
    return [(p.seq, p.what.split(":")[0]) for p in chain_problems(rows)]


def test_an_unbroken_chain_has_no_problem() -> None:
    assert found(chain(5)) == []


@pytest.mark.parametrize("place", range(8))
def test_whatever_is_changed_of_an_event_is_found_there(place: int) -> None:
    rows = chain(3)
    row = list(rows[1])
    row[place] = 7 if place == 0 else "another"
    rows[1] = tuple(row)
    assert (row[0], "was changed after it was written") in found(rows)


def test_an_event_that_is_taken_out_leaves_a_gap() -> None:
    rows = chain(4)
    assert found([*rows[:1], *rows[2:]]) == [
        (3, "expected event 2 here"),
        (3, "does not follow the event before it"),
    ]


def test_an_event_with_a_fitting_hash_does_not_fit_the_next() -> None:
    rows = chain(3)
    fields = (*rows[1][:4], "eve", *rows[1][5:8])
    rows[1] = (*fields, hash_of(*fields))
    assert found(rows) == [(3, "does not follow the event before it")]


def test_a_body_has_one_spelling() -> None:
    one, other = {"b": 1, "a": "é"}, {"a": "é", "b": 1}
    assert canonical(one) == canonical(other) == '{"a":"é","b":1}'
    assert canonical((1, ["a"])) == '[1,["a"]]'
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical(float("nan"))


def test_a_head_is_read_aloud_by_its_code() -> None:
    assert Head(3, "0123456789abcdef" * 4).code == "0123-4567-89AB"
    assert (NO_HEAD.seq, NO_HEAD.hash) == (0, NO_EVENT_HASH)
