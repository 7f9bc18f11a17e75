"""Tables and intervals as they are written."""

import pytest

from leukoscope_train.evaluation.tables import (
    markdown_table,
    with_interval,
)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((None, None, None), "none"),
        ((0.5, None, None), "0.500"),
        ((0.5, 0.4, 0.6), "0.500 (0.400 to 0.600)"),
    ],
)
def test_intervals_are_written_as_far_as_they_are_known(
    values: tuple[float | None, ...], words: str
) -> None:
    assert with_interval(values) == words


def test_tables_are_aligned() -> None:
    table = markdown_table(["a", "bb"], [["long", "c"]])
    assert table.splitlines() == ["| a    | bb |", "| ---- | -- |", "| long | c  |"]
