"""Tests pass in what they need: nothing private is patched, nor a module's clock."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PUBLIC_ALL_THE_SAME = {"_exit"}
"""Of `os`: its name begins so, and it is no secret of anybody."""


def is_private(name: str) -> bool:
    is_dunder = name.startswith("__") and name.endswith("__")
    return name.startswith("_") and not is_dunder and name not in PUBLIC_ALL_THE_SAME


def patched(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and the name of each attribute that is set from outside."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="setattr") | ast.Name(id="setattr"),
                args=[whose, ast.Constant(value=str(name)), *_],
            ):
                yield node.lineno, name
                if isinstance(whose, ast.Attribute):
                    yield node.lineno, whose.attr
            case ast.Assign(targets=targets):
                for target in targets:
                    if isinstance(target, ast.Attribute) and not is_self(target.value):
                        yield node.lineno, target.attr


def is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in {"self", "cls"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("monkeypatch.setattr(module, '_private', 1)", ["_private"]),
        ("monkeypatch.setattr(network._session, 'run', 1)", ["run", "_session"]),
        ("service._is_ready = True", ["_is_ready"]),
        ("self._own = True", []),
        ("monkeypatch.setattr(module, 'time', 1)", ["time"]),
    ],
)
def test_what_is_set_from_outside_is_seen(text: str, names: list[str]) -> None:
    assert [name for _, name in patched(ast.parse(text))] == names


def test_nothing_private_is_patched() -> None:
    found = [
        f"{path.relative_to(TESTS)}:{line} {name}"
        for path in sorted(TESTS.rglob("*.py"))
        for line, name in patched(ast.parse(path.read_text("utf-8")))
        if is_private(name) or name == "time"
    ]
    assert found == []
