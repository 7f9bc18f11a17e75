"""The table of tests that take seconds names tests that there are."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]


def test_every_line_names_a_function_or_a_file_of_tests() -> None:
    lines = (TESTS / "seconds.txt").read_text().splitlines()
    named = {line for line in lines if line and not line.startswith("#")}
    files = list(TESTS.rglob("test_*.py"))
    there = {path.name for path in files}
    for path in files:
        there.update(re.findall(r"def (test_\w+)\(", path.read_text()))
    assert len(named) > 100
    assert named <= there, f"gone: {sorted(named - there)}"
