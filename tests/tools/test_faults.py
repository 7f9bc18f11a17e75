"""Some of the faults that are done to the whole running service, once each.

One service takes those that need no disk of their own, one after another, and one the
others: after each it must be as good as before. All of them, many times:
`python tools/faults.py`. How long a recovery takes is for that tool to say; here it
must come.
"""

import importlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"
DONE_HERE = (
    "kill -9 of the count",
    "kill -9 of the page",
    "kill -9 of the supervisor",
    "a page of the records is lost with the power",
    "disk full in the middle of a slide",
    "read-only disk",
    "the memory of the beats full, and kill -9 of the count",
    "two hundred half requests held from elsewhere",
    "no memory for the count",
)


@pytest.fixture(scope="module")
def faults() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(TOOLS))
        yield importlib.import_module("faults")


@pytest.fixture(scope="module")
def own_disk(faults: Any) -> Iterator[Any]:
    """A service whose records lie on a disk of its own."""
    with faults._rig(on_own_disk=True) as rig:
        yield rig


@pytest.fixture(scope="module")
def any_disk(faults: Any) -> Iterator[Any]:
    with faults._rig(on_own_disk=False) as rig:
        yield rig


@pytest.mark.slow
@pytest.mark.parametrize("name", DONE_HERE)
def test_the_running_service_survives(
    faults: Any, request: pytest.FixtureRequest, name: str
) -> None:
    (fault,) = [f for f in faults.FAULTS if f.name == name]
    if fault.needs_root and os.geteuid() != 0:
        pytest.skip("NOT DONE HERE: mounting needs root")
    rig = request.getfixturevalue("own_disk" if fault.needs_root else "any_disk")
    row = faults.Row(fault=fault)
    faults._do_once(row, fault.do, rig)
    assert row.violations == []
    assert len(row.times_s) == 1


def test_every_one_of_the_twenty_is_there_and_so_are_its_tests(faults: Any) -> None:
    assert {f.number for f in faults.FAULTS} == set(range(1, 21))
    for fault in faults.FAULTS:
        assert bool(fault.tests) != (fault.do is not None)
        for test in fault.tests:
            path, _, name = test.partition("::")
            assert f"def {name}(" in (faults.ROOT / path).read_text() or not name, test


def test_the_table_counts_what_is_late_apart(faults: Any, tmp_path: Path) -> None:
    page = tmp_path / "faults.md"
    page.write_text(f"# Words\n{faults.MARK}\nold")
    fault = faults.Fault(number=1, name="n", wanted="w", limit_s=5.0, do=lambda _: 0.0)
    row = faults.Row(fault=fault, runs=3, times_s=[1.0, 2.0, 9.0])
    faults._publish(page, [row])
    assert "| 1 | n | w | live | 3 | 0 | 1 | 2.0 | 9.0 | 9.0 | 5 |" in page.read_text()
    assert "old" not in page.read_text()


def test_every_test_that_the_table_names_is_there(faults: Any) -> None:
    named = [test for fault in faults.FAULTS for test in fault.tests]
    assert named
    for file, _, test in (name.partition("::") for name in named):
        text = (TOOLS.parent / file).read_text("utf-8")
        assert f"def {test.partition('[')[0]}(" in text or not test, f"{file}::{test}"
