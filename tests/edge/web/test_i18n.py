"""The catalogues: read strictly, complete, and in step with the screens."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leukoscope_edge.errors import ConfigError
from leukoscope_edge.records.result import INTENDED_USE
from leukoscope_edge.web.i18n import NAMES, choose, languages, parse_po
from leukoscope_edge.web.words import GOLDEN, LIGHTS, SIGNS, TEXTS

WEB = Path(__file__).parents[3] / "edge" / "leukoscope_edge" / "web"


def used_texts() -> set[str]:
    """Every text that a screen asks a language for."""
    found = {INTENDED_USE, *LIGHTS.values(), *TEXTS.values(), *SIGNS, GOLDEN}
    for template in (WEB / "templates").glob("*.html"):
        for double, single in re.findall(
            r"""_\((?:"([^"]+)"|'([^']+)')\)""", template.read_text()
        ):
            found.add(double or single)
    return found


def test_an_empty_catalogue_has_no_words() -> None:
    assert parse_po("", where="x.po") == {}


def test_reads_comments_long_strings_and_escapes() -> None:
    text = '# hello\nmsgid "a\\n"\n"b"\nmsgstr ""\n"ç \\"d\\""\n\nmsgid "e"\nmsgstr ""\n'
    assert parse_po(text, where="x.po") == {"a\nb": 'ç "d"'}


@pytest.mark.parametrize(
    "text", ["hello", 'msgstr', 'msgid a', '"a"', "msgid __import__('os')"]
)
def test_refuses_what_is_no_catalogue(text: str) -> None:
    with pytest.raises(ConfigError, match=r"x\.po, line 1"):
        parse_po(text, where="x.po")


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        parse_po(text, where="x.po")
    except ConfigError as err:
        assert "x.po, line" in str(err)


@pytest.mark.parametrize("code", [c for c in NAMES if c != "en"])
def test_every_text_of_every_screen_is_translated(code: str) -> None:
    missing = used_texts() - set(languages()[code].words)
    assert not missing, f"{code}.po lacks {sorted(missing)}"


@pytest.mark.parametrize("code", [c for c in NAMES if c != "en"])
def test_no_catalogue_keeps_what_no_screen_uses(code: str) -> None:
    left_over = set(languages()[code].words) - used_texts()
    assert not left_over


def test_arabic_runs_from_right_to_left_and_the_others_do_not() -> None:
    directions = {code: lang.direction for code, lang in languages().items()}
    assert directions == {
        "en": "ltr", "fr": "ltr", "es": "ltr", "hi": "ltr", "ar": "rtl"
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
