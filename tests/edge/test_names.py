import unicodedata

import pytest
from hypothesis import given
from hypothesis.strategies import text as any_text

from leukoscope_edge.names import (
    OVERRIDES,
    label,
    on_terminal,
    passphrase_text,
    pin_digits,
    same_name,
    shown,
    typed,
    unquoted,
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("", ""), ("é.jpg", "é.jpg"), ("caf\udce9.jpg", "caf\ufffd.jpg")],
)
def test_what_is_no_text_is_shown_as_such(name: str, expected: str) -> None:
    assert shown(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", ""),
        ("plain é अ.jpg", "plain é अ.jpg"),
        ("a\nb", "a\\nb"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("क्\u200dष", "क्\u200dष"),
    ],
)
def test_nothing_that_a_terminal_obeys_reaches_it(name: str, expected: str) -> None:
    assert on_terminal(name) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b", "a b"),
        ("\u201c0.08\u201d", "0.08"),
        ("\ufeff\u00a0'x.jpg'\r\n", "x.jpg"),
        ("«é»", "é"),
        ('"', ""),
    ],
)
def test_quotes_and_blanks_around_a_word_are_no_part_of_it(
    text: str, expected: str
) -> None:
    assert unquoted(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        (" \t\u00a0", ""),
        ("\u200eS-1\u200f", "S-1"),
        ("\u2068Ann\u2069\u061c\u00a0O\u200bther\u00ad\ufeff", "Ann Other"),
        ("Ame\u0301lie\ufe0f", "Am\u00e9lie"),
        ("e\u200b\u0301", "\u00e9"),
        ("क्\u200dष", "क्\u200dष"),
        ("\u200dAnn\u200c", "Ann"),
        ("S\u202e21", "S\u202e21"),
        ("a\nb", "a\nb"),
    ],
)
def test_what_nobody_sees_is_not_typed(text: str, expected: str) -> None:
    assert typed(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("\u200eS-2026-0412", "S-2026-0412"),
        ("S\u20112026\u20130412", "S-2026-0412"),
        ("S\u22121", "S-1"),
        ("\u0633-\u0661\u0662 \u06f3\u096a", "\u0633-12 34"),
        ("\uff33\uff0d\uff11", "S-1"),
        ("S \u00a0\u2003 1", "S 1"),
        ("e\u0301\u200d1", "\u00e91"),
        ("\uff33\u3000\uff45\u0301\uff5e", "S \u00e9~"),
        ("A\u00b2", "A\u00b2"),
        ("\u00bd \u2167 \u2122", "\u00bd \u2167 \u2122"),
        ("\ufb00\ufb01\ufb02\ufb03\ufb04\ufb05\ufb06", "fffiflffifflstst"),
    ],
)
def test_a_label_has_one_spelling(text: str, expected: str) -> None:
    assert label(text) == expected


@given(any_text())
def test_what_was_cleaned_is_clean(text: str) -> None:
    for spell in (typed, label, same_name):
        once = spell(text)
        assert spell(once) == once
    hidden = {c for c in label(text) if unicodedata.category(c) == "Cf"}
    assert hidden <= OVERRIDES


def test_a_pin_is_the_same_on_every_keyboard() -> None:
    for pin in ("482917", "٤٨٢٩١٧", "۴۸۲۹۱۷", "४८२९१७", "\uff14829\u00a017\u200f"):
        assert pin_digits(pin) == "482917"


def test_a_passphrase_keeps_all_but_its_composition_and_kinds_of_space() -> None:
    assert passphrase_text(" e\u0301\u00a0\u3000\u0661 \uff33\ufb01 ") == (
        " \u00e9  \u0661 \uff33\ufb01 "
    )


def test_names_that_look_alike_are_the_same() -> None:
    assert same_name("ame\u0301lie  1") == same_name("AM\u00c9LIE\u200d \u0661")
    assert same_name("Ann") != same_name("Anna")
    assert same_name("A\u00b2") != same_name("A2")
    assert same_name("Gra\ufb01a") == same_name("Grafia")
