"""What counts as a changed line, and that changing it is all that happens."""

import importlib.util
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "mutate.py"
spec = importlib.util.spec_from_file_location("mutate", TOOL)
assert spec is not None
assert spec.loader is not None
mutate = importlib.util.module_from_spec(spec)
sys.modules["mutate"] = mutate
spec.loader.exec_module(mutate)


@pytest.mark.parametrize(
    ("source", "mutants"),
    [
        ("", []),
        ("x = 7", []),
        ("x = 1", ["x = (0)"]),
        ("x = a < b", ["x = (a <= b)"]),
        ("x = a and b", ["x = (a or b)"]),
        ("x = not a", ["x = (a)"]),
        ("if a:\n    raise E(b)\n", ["if a:\n    pass\n"]),
        ("x = max(a, b)  # é", ["x = (min(a, b))  # é"]),
    ],
)
def test_each_change_is_one_and_whole(source: str, mutants: list[str]) -> None:
    found = [mutate.applied(source, m) for m in mutate.mutants_of("x.py", source)]
    assert found == mutants


def test_every_file_and_test_of_the_rooms_is_there() -> None:
    for files in mutate.ROOMS.values():
        for file, tests in files.items():
            assert (mutate.PACKAGE / file).is_file()
            assert all((mutate.TESTS / t).is_file() for t in tests)
