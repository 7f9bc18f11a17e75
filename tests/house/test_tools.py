"""A tool is a command: nobody imports one, and it reaches into nothing private."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = sorted((ROOT / "tools").glob("*.py"))
NAMES = {path.stem for path in TOOLS}
OTHERS = sorted(
    path
    for part in ("edge", "train", "export", "tests/rigs")
    for path in (ROOT / part).rglob("*.py")
)
"""Who might; a test may load the tool that it tests, and no other."""


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield each module and each name that is imported, with its module before it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_tool(name: str) -> bool:
    first, _, rest = name.partition(".")
    return first in NAMES or (first == "tools" and rest.partition(".")[0] in NAMES)


def is_private(name: str) -> bool:
    parts = name.split(".")
    return any(p.startswith("_") and not p.startswith("__") for p in parts)


@pytest.mark.parametrize(
    ("text", "tools", "private"),
    [
        ("import soak", ["soak"], []),
        ("from soak import hours", ["soak", "soak.hours"], []),
        ("from tools import soak", ["tools.soak"], []),
        ("from rigs.soak import a", [], []),
        ("from _pytest.runner import a", [], ["_pytest.runner", "_pytest.runner.a"]),
        ("from cv2 import _in", [], ["cv2._in"]),
        ("from __future__ import annotations", [], []),
    ],
)
def test_what_is_imported_is_seen(
    text: str, tools: list[str], private: list[str]
) -> None:
    found = list(imported(ast.parse(text)))
    assert [name for name in found if is_tool(name)] == tools
    assert [name for name in found if is_private(name)] == private


def test_no_tool_is_imported() -> None:
    assert len(TOOLS) > 30
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in (*TOOLS, *OTHERS)
        for name in imported(ast.parse(path.read_text("utf-8")))
        if is_tool(name)
    ]
    assert found == []


def test_a_test_loads_the_tool_that_it_tests_and_no_other() -> None:
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        names = filter(is_tool, imported(ast.parse(path.read_text("utf-8"))))
        loaded = {name.removeprefix("tools.").partition(".")[0] for name in names}
        assert len(loaded) < 2, f"{path.relative_to(ROOT)}: {loaded}"


def test_a_tool_imports_nothing_private_and_has_no_leave_to() -> None:
    found = [
        f"{path.name}: {name}"
        for path in TOOLS
        for name in imported(ast.parse(path.read_text("utf-8")))
        if is_private(name)
    ]
    waived = [p.name for p in TOOLS if "noqa: SLF" in p.read_text("utf-8")]
    assert (found, waived) == ([], [])
