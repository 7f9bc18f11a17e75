"""No test stops running unnoticed: a reason to skip is known, or turns the run red."""

import re

import pytest
from tests.conftest import SKIPS, new_skips

KNOWN = ["no GPU|tensorrt", "needs root"]


@pytest.mark.parametrize(
    ("name", "reason", "is_new"),
    [
        ("tests/test_a.py::test_b", "no GPU", False),
        ("tests/test_a.py::test_b", "Skipped: mounting needs root", False),
        ("tests/test_a.py::test_b", "no C compiler", True),
        ("tests/test_tensorrt.py::test_b", "no C compiler", True),
        ("tests/test_a.py::test_no GPU", "no C compiler", True),
    ],
)
def test_a_reason_is_known_by_itself_and_no_name_excuses_it(
    name: str, reason: str, *, is_new: bool
) -> None:
    assert bool(new_skips([(name, reason)], KNOWN)) == is_new


def test_nothing_skipped_is_nothing_new() -> None:
    assert new_skips([], KNOWN) == []


def test_every_known_reason_is_an_expression() -> None:
    lines = [
        line for line in SKIPS.read_text().splitlines() if line[:1] not in ("", "#")
    ]
    assert lines
    assert all(re.compile(line) for line in lines)
