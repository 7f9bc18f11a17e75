"""Every text that the device's programs ask a language for: a catalogue must hold it.

A text is asked for by a call of what a function took as `say` or `language`, or stands
as the label or the word of a fact. Where it was given a name, or is one of two, the
walk below looks there. What a variable brings is tested where it is made.
"""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

EDGE = Path(__file__).parents[3] / "edge" / "leukoscope_edge"
LANGUAGES = frozenset({"say", "language"})
"""What a function calls the reader's language."""
FACT_PARTS = {"Fact": 1, "_count": 1, "_word": 0}
"""What makes a fact, and which argument is a person's: its label, its word."""
Function = ast.FunctionDef | ast.Lambda


def texts_of(node: ast.expr, named: dict[str, list[ast.expr]]) -> Iterator[str]:
    """Yield the texts that an argument can be; none where it comes from elsewhere."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp():
            yield from texts_of(node.body, named)
            yield from texts_of(node.orelse, named)
        case ast.Name() if node.id in named:
            for value in named[node.id]:
                yield from texts_of(value, {})


def named_in(function: Function) -> dict[str, list[ast.expr]]:
    """Return what a function's own names are set to."""
    named: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            named.setdefault(node.targets[0].id, []).append(node.value)
    return named


def asked_in(function: Function) -> Iterator[ast.expr]:
    """Yield what a function, or one in it, asks the language for that it was given."""
    own = {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
    for node in ast.walk(function):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        at = FACT_PARTS.get(node.func.id, 0 if node.func.id in LANGUAGES & own else -1)
        if 0 <= at < len(node.args):
            yield node.args[at]


@functools.cache
def asked_texts() -> frozenset[str]:
    """Return every text that a module asks a language for."""
    return frozenset(
        text
        for path in EDGE.rglob("*.py")
        for function in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(function, Function)
        for node in asked_in(function)
        for text in texts_of(node, named_in(function))
    )
