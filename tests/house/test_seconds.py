"""Of tests that take long: the table names them, and no whole one is nightly."""

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


def test_what_is_nightly_has_a_smaller_version_that_always_runs() -> None:
    """A case among others may be nightly, a whole test or file may not."""
    marked = {
        path.name: line
        for path in TESTS.rglob("*.py")
        for line in path.read_text().splitlines()
        if "mark.nightly" in line and 'mark.nightly" in line' not in line
    }
    assert len(marked) >= 5
    whole = {name: line for name, line in marked.items() if "marks=" not in line}
    assert whole == {}
