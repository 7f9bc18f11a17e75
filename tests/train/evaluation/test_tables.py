"""Tables and intervals as they are written."""

import pytest

from leukoscope_train.evaluation.tables import (
    markdown_table,
    people_table,
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


def test_what_size_alone_calls_stands_beside_each_person() -> None:
    shares = {"label": 1, "n_cells": 4, "normal": 0.25, "unclear": 0.0}
    rows = [shares | {"person": p, "blast": 0.75} for p in ("a", "b")]
    sizes = [shares | {"person": p, "blast": v} for p, v in (("b", 0.5), ("a", 1.0))]
    lines = people_table(rows, sizes).splitlines()
    assert [line.split("|")[-2].strip() for line in lines[2:]] == ["1.00", "0.50"]
    assert "by size" not in people_table(rows)
