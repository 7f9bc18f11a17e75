"""What a word on the command line may be, and what is said where it is nearly right."""

from argparse import ArgumentTypeError
from pathlib import Path

import pytest

from leukoscope_edge.cli.arguments import label, number, path, whole, word

TWO_TO_NINE = whole(2, 9)


@pytest.mark.parametrize("read", [path, word, number, TWO_TO_NINE, label(9)])
def test_an_empty_word_is_a_variable_that_was_not_set(read: object) -> None:
    with pytest.raises(ArgumentTypeError, match="was a variable not set"):
        read("")  # type: ignore[operator]


def test_a_path_may_begin_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    assert path("~/slides") == Path("/home/ann/slides")
    assert path(" ") == Path(" ")


def test_the_home_of_nobody_is_no_path() -> None:
    with pytest.raises(ArgumentTypeError, match="~nobodyhere/x begins with ~"):
        path("~nobodyhere/x")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", 0.0), ("-1.5", -1.5), (".08", 0.08), ("1e-3", 0.001), ("8.", 8.0)],
)
def test_a_number_is_read_as_people_write_one(text: str, expected: float) -> None:
    assert number(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0,08", "a decimal point, not a comma: 0.08"),
        ("0_1", "expected a number, got '0_1'"),
        ("nan", "expected a number"),
        ("inf", "expected a number"),
        ("0x10", "expected a number"),
        (" 1", "got ' 1': write 1 alone"),
        ("0.08um", "write 0.08 alone"),
        ("0.08 µm/px", "write 0.08 alone"),
        ("\u201c0.08\u201d", "write 0.08 alone"),
        ("0.08\r", "write 0.08 alone"),
        ("um", "got 'um'$"),
        ("1,0,0", "expected a number"),
    ],
)
def test_what_is_no_number_is_refused_with_a_hint(text: str, said: str) -> None:
    with pytest.raises(ArgumentTypeError, match=said):
        number(text)


@pytest.mark.parametrize(("text", "expected"), [("2", 2), ("9", 9), ("007", 7)])
def test_a_whole_number_may_be_the_first_and_the_last(text: str, expected: int) -> None:
    assert TWO_TO_NINE(text) == expected


@pytest.mark.parametrize("text", ["1", "10", "-2", "2.0", "+3", "9" * 13, "two"])
def test_a_whole_number_beyond_its_ends_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match=r"expected 2\.\.9, got"):
        TWO_TO_NINE(text)


@pytest.mark.parametrize("text", ["S-1", "\N{DEVANAGARI LETTER KA} 12", "x" * 9])
def test_a_label_is_any_line_that_can_be_seen(text: str) -> None:
    assert label(9)(f"{text} "[:9]) == text


@pytest.mark.parametrize("text", ["a\nb", "\x1b[31m", "\u202eabc", "x" * 10, " " * 10])
def test_a_label_that_hides_something_or_never_ends_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError):
        label(9)(text)
