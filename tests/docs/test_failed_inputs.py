"""Inputs that once failed: each row names tests, and every one of them is there."""

import ast
import re
from functools import cache

import pytest
from tests.docs.reading import ROOT

TABLE = (ROOT / "docs" / "inputs.md").read_text("utf-8")
N_ROWS = 80
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows_of(table: str) -> dict[int, list[str]]:
    """The cells of each row, by its number."""
    lines = [re.split(r"\s*\|\s*", x.strip("| ")) for x in table.splitlines()]
    return {int(first): rest for first, *rest in lines if first.isdecimal()}


@cache
def names_in(path: str) -> frozenset[str]:
    """The names of a file's tests, as pytest would collect them."""
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    body = ast.parse(file.read_text("utf-8")).body
    functions = (n.name for n in body if isinstance(n, ast.FunctionDef))
    return frozenset(name for name in functions if name.startswith("test_"))


def missing(text: str) -> list[str]:
    """The tests that a text names and that are not there."""
    named = TEST.findall(text)
    return [f"{path}::{name}" for path, name in named if name not in names_in(path)]


def test_every_input_has_a_right_answer_and_a_test() -> None:
    rows = rows_of(TABLE)
    assert sorted(rows) == list(range(1, N_ROWS + 1))
    for number, cells in rows.items():
        assert len(cells) == 3, number
        assert all(cells), number
        assert TEST.search(cells[-1]), number


def test_every_test_that_the_table_names_is_there() -> None:
    assert missing(TABLE) == []


@pytest.mark.parametrize(
    "name",
    [
        "tests/docs/test_failed_inputs.py::test_none",
        "tests/docs/test_none.py::test_x",
        "tests/docs/test_failed_inputs.py::missing",
    ],
)
def test_a_test_that_is_gone_is_found(name: str) -> None:
    there = "`tests/docs/test_failed_inputs.py::test_a_test_that_is_gone_is_found`"
    assert missing(f"{there}, `{name}`") == [name]
