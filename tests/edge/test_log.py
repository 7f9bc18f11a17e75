"""The log: one line for what is passed over, now and then, and nobody's name in it."""

import ast
import logging
import subprocess
import sys
from pathlib import Path

import pytest

import leukoscope_edge
from leukoscope_edge import errors
from leukoscope_edge.log import (
    EVERY_S,
    LEFT_OUT,
    NamesNobody,
    Seldom,
    passing_over,
    start_log,
)

FOLDER = Path(leukoscope_edge.__file__).parent
OURS = {
    name
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, errors.LeukoscopeError)
}
LABEL = "S-4711 Ann Example"


def record(
    name: str, msg: object, *args: object, err: bool = False
) -> logging.LogRecord:
    info = None
    if err:
        try:
            raise errors.RecordError(f"slide of {LABEL} is damaged")
        except errors.RecordError:
            info = sys.exc_info()
    return logging.LogRecord(name, logging.WARNING, "file.py", 7, msg, args, info)


def line(found: logging.LogRecord) -> str:
    assert NamesNobody().filter(found)
    return logging.Formatter("%(message)s").format(found)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (record("leukoscope", ""), ""),
        (record("leukoscope", "too few: %d of %d", 3, 9), "too few: 3 of 9"),
        (record("leukoscope.page", "of %s", LABEL), f"of {LEFT_OUT}"),
        (record("uvicorn.error", f"bad request of {LABEL}"), "WARNING at line 7"),
        (record("tuf", "%s is not here", LABEL), "WARNING at line 7"),
    ],
)
def test_a_line_holds_the_programs_own_words_and_figures(
    found: logging.LogRecord, expected: str
) -> None:
    assert line(found) == expected


@pytest.mark.parametrize("name", ["leukoscope", "asyncio"])
def test_an_exception_is_named_and_not_quoted(name: str) -> None:
    said = line(record(name, "reading", err=True))
    assert "RecordError < " in said
    assert "test_log.py" in said
    assert "Ann" not in said


def test_the_same_line_is_said_once_a_minute_with_how_many_there_were() -> None:
    now = [0.0]
    seldom = Seldom(clock=lambda: now[0])

    def said(text: str) -> str:
        found = record("leukoscope", text)
        return str(found.msg) if seldom.filter(found) else ""

    assert [said("a"), said("a"), said("b"), said("a")] == ["a", "", "b", ""]
    now[0] = EVERY_S
    assert [said("a"), said("a"), said("b")] == ["a (2 more like it)", "", "b"]


def test_an_error_that_is_passed_over_ends_nothing_and_leaves_a_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with passing_over(errors.RecordError, doing="listing"):
        raise errors.RecordError(LABEL)
    (text,) = caplog.messages
    assert text.startswith("listing: RecordError < ")
    assert LABEL not in text
    with (
        pytest.raises(errors.SourceError),
        passing_over(errors.RecordError, doing="listing"),
    ):
        raise errors.SourceError(LABEL)


def test_a_library_writes_through_the_same_rules() -> None:
    code = (
        "import logging, leukoscope_edge.log as log; log.start_log(); log.start_log();"
        f"logging.getLogger('uvicorn.error').error('of %s', {LABEL!r})"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert ended.stderr == "leukoscope: uvicorn.error: ERROR at line 1\n"


def modules() -> list[tuple[str, ast.Module]]:
    paths = sorted(FOLDER.rglob("*.py"))
    return [(str(p.relative_to(FOLDER)), ast.parse(p.read_text())) for p in paths]


def names_ours(*parts: ast.expr) -> bool:
    names = {n.id for p in parts for n in ast.walk(p) if isinstance(n, ast.Name)}
    return bool(OURS & names)


def is_silent(node: ast.AST) -> bool:
    """Say whether an error of ours ends here and nobody can hear of it."""
    match node:
        case ast.Call(func=ast.Name(id="suppress") | ast.Attribute(attr="suppress")):
            return names_ours(*node.args)
        case ast.ExceptHandler(type=ast.expr() as kind, name=name, body=body):
            return names_ours(kind) and not is_heard(body, name)
    return False


def is_heard(body: list[ast.stmt], error: str | None) -> bool:
    """Say whether what handles an error raises, or does anything with it."""
    nodes = [node for statement in body for node in ast.walk(statement)]
    named = {n.id for n in nodes if isinstance(n, ast.Name)}
    return error in named or any(isinstance(n, ast.Raise) for n in nodes)


@pytest.mark.parametrize(
    ("body", "silent"),
    [
        ("pass", True),
        ("return None", True),
        ("raise", False),
        ("return str(err)", False),
        ("passed_over(err, doing='this')", False),
    ],
)
def test_a_handler_that_does_nothing_with_an_error_is_silent(
    body: str, silent: bool
) -> None:
    code = f"try:\n    act()\nexcept RecordError as err:\n    {body}\n"
    (handler,) = (
        n for n in ast.walk(ast.parse(code)) if isinstance(n, ast.ExceptHandler)
    )
    assert is_silent(handler) == silent


def test_no_error_of_ours_is_passed_over_in_silence() -> None:
    silent = [
        f"{path}:{node.lineno}"
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call | ast.ExceptHandler) and is_silent(node)
    ]
    assert silent == []


def test_every_process_starts_its_log() -> None:
    mains = {
        path: ast.unparse(node)
        for path, tree in modules()
        for node in tree.body
        if isinstance(node, ast.If) and "__main__" in ast.unparse(node.test)
    }
    without = {path for path, text in mains.items() if "start_log()" not in text}
    assert without == {
        "__main__.py",  # cli.main starts it
        "isolated.py",  # hands over to another module's main
    }
    assert "start_log()" in (FOLDER / "cli" / "__init__.py").read_text()


def test_starting_twice_says_nothing_twice() -> None:
    before = list(logging.getLogger().handlers)
    try:
        start_log()
        start_log()
        assert len(logging.getLogger().handlers) <= len(before) + 1
    finally:
        logging.getLogger().handlers[:] = before
