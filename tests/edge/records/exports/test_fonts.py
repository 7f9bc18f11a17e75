"""Fonts for paper: the own ones first, and which way a text runs."""

import pytest

from leukoscope_edge.records.exports.fonts import is_right_to_left


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", False), ("Ann", False), ("فاطمة", True), ("שרה", True), ("12 فاطمة", True)],
)
def test_knows_which_way_a_text_runs(text: str, expected: bool) -> None:
    assert is_right_to_left(text) is expected
