"""The chain of events, as plain values."""

import pytest

from leukoscope_edge.records.events import (
    NO_EVENT_HASH,
    canonical,
    chain_problems,
    clean,
    code_of,
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
