"""Every named mutation still finds its line: once, and changes it.

The mutations themselves run in the full run alone; a safeguard that was moved or
written anew is noticed here, in the quick one.
"""

from importlib import import_module
from pathlib import Path

import pytest
from tests.edge.mutated import PACKAGE, ROOT, Mutation

TABLES = sorted((ROOT / "tests").rglob("test_mutations.py"))


def named(table: Path) -> dict[str, Mutation]:
    """The mutations of a table by `room: name`."""
    module = ".".join(table.relative_to(ROOT).with_suffix("").parts)
    found: dict[str, Mutation] = import_module(module).MUTATIONS
    return {f"{table.parent.name}: {name}": one for name, one in found.items()}


NAMED = {name: one for table in TABLES for name, one in named(table).items()}


def test_every_room_with_a_table_is_read() -> None:
    assert {name.partition(":")[0] for name in NAMED} >= {
        "counting",
        "edge",
        "service",
        "updates",
    }


@pytest.mark.parametrize("name", NAMED)
def test_the_line_stands_there_once_and_is_changed(name: str) -> None:
    mutation = NAMED[name]
    assert (PACKAGE / mutation.file).read_text().count(mutation.old) == 1
    assert mutation.new != mutation.old


@pytest.mark.parametrize("name", NAMED)
def test_the_tests_that_hold_it_are_there(name: str) -> None:
    file, _, test = NAMED[name].tests.partition("::")
    text = (ROOT / "tests" / "edge" / file).read_text()
    assert f"def {test}" in text
