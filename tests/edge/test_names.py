import pytest

from leukoscope_edge.names import on_terminal, shown


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
