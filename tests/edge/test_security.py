"""Rules that hold for the whole of the device's source, and the words about them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEVICE = ROOT / "edge" / "leukoscope_edge"
PICKLERS = {"pickle", "_pickle", "shelve", "marshal", "dill", "cloudpickle", "joblib"}
THREATS = (ROOT / "docs" / "threat-model.md").read_text()


def unpicklers(source: str) -> Iterator[str]:
    """Yield whatever in a module can turn bytes into code."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name in PICKLERS)
        elif isinstance(node, ast.ImportFrom) and node.module in PICKLERS:
            yield str(node.module)
        elif isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            if not (isinstance(node.value, ast.Constant) and node.value.value is False):
                yield "allow_pickle"
        elif isinstance(node, ast.Name) and node.id in ("eval", "exec"):
            yield node.id


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("", []),
        ("import json", []),
        ("import pickle", ["pickle"]),
        ("from joblib import load", ["joblib"]),
        ("np.load(f, allow_pickle=False)", []),
        ("np.load(f, allow_pickle=True)", ["allow_pickle"]),
        ("np.load(f, allow_pickle=asked)", ["allow_pickle"]),
        ("eval(text)", ["eval"]),
    ],
)
def test_the_search_finds_what_it_must(source: str, found: list[str]) -> None:
    assert list(unpicklers(source)) == found


def test_no_module_of_the_device_unpickles_anything() -> None:
    found = {
        str(path.relative_to(ROOT)): names
        for path in DEVICE.rglob("*.py")
        if (names := list(unpicklers(path.read_text())))
    }
    assert found == {}


NAMED_TESTS = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", THREATS)


def test_every_test_that_the_threat_model_names_exists() -> None:
    assert len(NAMED_TESTS) > 15
    missing = [
        f"{path}::{name}"
        for path, name in NAMED_TESTS
        if not (ROOT / path).is_file()
        or f"def {name}(" not in (ROOT / path).read_text()
    ]
    assert missing == []


def test_every_guard_in_the_threat_model_names_a_test_or_admits_that_it_has_none() -> (
    None
):
    rows = [
        line
        for line in THREATS.splitlines()
        if line.startswith("|") and not line.startswith(("| threat", "|---"))
    ]
    unproved = [r for r in rows if "`tests/" not in r and not r.endswith("| — |")]
    assert unproved == []
