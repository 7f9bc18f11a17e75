"""Catalogues are read strictly, and recognise the machine's sentences."""

import re
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leukoscope_edge.errors import ConfigError
from leukoscope_edge.i18n import (
    choose,
    direction_of,
    language_of,
    languages,
    local_time,
    message_in,
    parse_po,
    unbroken,
    zone_of,
)
from leukoscope_edge.messages import Message, message

HEAD = 'msgid ""\nmsgstr "X-Name: Fran\xe7ais\\nX-Direction: ltr\\n"\n'


def test_an_empty_catalogue_has_no_words() -> None:
    assert parse_po("", where="x.po") == {}


def test_reads_comments_long_strings_and_escapes() -> None:
    text = (
        '# hello\nmsgid "a\\n"\n"b"\nmsgstr ""\n"ç \\"d\\""\n\nmsgid "e"\nmsgstr ""\n'
    )
    assert parse_po(text, where="x.po") == {"a\nb": 'ç "d"'}


@pytest.mark.parametrize(
    "text", ["hello", "msgstr", "msgid a", '"a"', "msgid __import__('os')"]
)
def test_refuses_what_is_no_catalogue(text: str) -> None:
    with pytest.raises(ConfigError, match=r"x\.po, line 1"):
        parse_po(text, where="x.po")


@pytest.mark.parametrize(
    "head", ["", "X-Name: A", "X-Name: A\\nX-Direction: up", "X-Direction: rtl"]
)
def test_a_catalogue_says_its_own_name_and_direction(head: str) -> None:
    with pytest.raises(ConfigError, match=r"xx\.po: its head must have X-Name"):
        language_of("xx", f'msgid ""\nmsgstr "{head}"')


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        parse_po(text, where="x.po")
    except ConfigError as err:
        assert "x.po, line" in str(err)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("5 cells", "5 cells"),
        ("18.4 % (8.8 to 32.0 %)", "18.4\xa0% (8.8 to 32.0\xa0%)"),
        ("१२ % और %", "१२\xa0% और %"),
        ('<p title="5 %">5 %</p>', '<p title="5 %">5\xa0%</p>'),
    ],
)
def test_no_line_ends_between_a_figure_and_its_percent_sign(
    text: str, expected: str
) -> None:
    assert unbroken(text) == expected


def test_a_sentence_is_recognised_and_its_figures_are_carried_over() -> None:
    catalogue = """
msgid "{k} of {n} cells are unclear"
msgstr "sur {n} cellules, {k} incertaines"
msgid "No result, because {reason}."
msgstr "Pas de résultat : {reason}."
"""
    french = language_of("fr", HEAD + catalogue)
    said = french("No result, because 3 of 12 cells are unclear.")
    assert said == "Pas de résultat : sur 12 cellules, 3 incertaines."
    assert french("3 of many cells are unclear") == "3 of many cells are unclear"
    assert french("") == ""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", None),
        ("It is as good.", None),
        (
            "It is as good. Accepted by Ada.",
            message("accepted-by", what="It is as good.", name="Ada"),
        ),
        ("It is as good. Accepted by Ada", None),
    ],
)
def test_a_sentence_of_an_older_record_is_read_as_its_message(
    text: str, found: Message | None
) -> None:
    assert message_in(text, "accepted-by") == found


@given(st.text(max_size=80))
def test_what_nobody_translated_stays_as_it_is(text: str) -> None:
    french = language_of("fr", HEAD + 'msgid "a {why} b"\nmsgstr "c {why} d"')
    said = french(text)
    assert said == text or (text.startswith("a ") and said.startswith("c "))


def test_arabic_runs_from_right_to_left_and_the_others_do_not() -> None:
    directions = {code: lang.direction for code, lang in languages().items()}
    assert directions == {
        "en": "ltr",
        "fr": "ltr",
        "es": "ltr",
        "hi": "ltr",
        "ar": "rtl",
    }


@pytest.mark.parametrize(
    ("wanted", "accepted", "expected"),
    [
        ("", "", "en"),
        ("fr", "hi", "fr"),
        ("xx", "es-MX,es;q=0.9", "es"),
        ("", "de,ar;q=0.5", "ar"),
        ("../..", ";;;,,,", "en"),
    ],
)
def test_chooses_the_persons_language_then_the_browsers(
    wanted: str, accepted: str, expected: str
) -> None:
    assert choose(wanted, accepted) == expected


def test_a_braced_name_that_comes_twice_must_hold_the_same_both_times() -> None:
    language = language_of("fr", HEAD + 'msgid "{a} and {a}"\nmsgstr "deux {a}"')
    assert language("x and x") == "deux x"
    assert language("x and y") == "x and y"


def test_a_brace_of_a_figure_takes_a_number_alone() -> None:
    language = language_of("fr", HEAD + 'msgid "{k} cells"\nmsgstr "{k} cellules"')
    assert language("-1.5 cells") == "-1.5 cellules"
    assert language("no cells") == "no cells"


def test_the_most_telling_pattern_is_tried_first() -> None:
    catalogue = (
        'msgid "{why}."\nmsgstr "[{why}]"\n\n'
        'msgid "the count failed: {why}."\nmsgstr "échec : {why}"'
    )
    language = language_of("fr", HEAD + catalogue)
    assert language("the count failed: heat.") == "échec : heat"
    assert language("heat.") == "[heat]"


def test_a_time_is_told_in_the_zone_of_the_machine() -> None:
    told = local_time("2026-11-30T05:24:00+00:00")
    assert re.fullmatch(r"2026-\d\d-\d\d \d\d:\d\d UTC[+-]\d\d:\d\d", told)
    shown, _, zone = told.rpartition(" UTC")
    again = datetime.fromisoformat(f"{shown}{zone}")
    assert again == datetime(2026, 11, 30, 5, 24, tzinfo=timezone.utc)


def test_a_zone_west_of_greenwich_is_told_with_its_minutes() -> None:
    west = timezone(-timedelta(hours=3, minutes=30))
    assert zone_of(datetime(2026, 1, 1, tzinfo=west)) == "UTC-03:30"


def test_the_direction_is_the_language_s_and_plain_text_runs_as_english() -> None:
    assert direction_of(languages()["ar"]) == "rtl"
    assert direction_of(str) == "ltr"
