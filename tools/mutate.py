"""Change single lines of safety code, each alone: do the related tests notice?

    python tools/mutate.py [--room counting] [--only FILE] [--sample 40] [--seed 0]

Comparisons are turned or lose their edge, `and` and `or` change places, a clause is
dropped, a condition is turned, a refusal is not raised, 0 and 1 change places, and True
and False, and maximum and minimum.
Each mutant is tried in a fork of a process that has read the tests
(`tests/rigs/mutant_runs.py`), and where that does not kill it on a copy of the package.
A test notices a change only if it passes, behind the same tests, where nothing differs.
What survives is named: it is a missing test, or stands in docs/mutations.md with the
reason.
"""

import argparse
import ast
import contextlib
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for tests/rigs

from tests.rigs.mutant_runs import (
    BY_TIME,
    Change,
    adopt_orphans,
    children,
    end_children,
    ends_within,
    limit_memory,
    longest_wait_s,
    silent,
    try_all,
)
from tests.rigs.mutated_files import ROOMS

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "edge" / "leukoscope_edge"
TESTS = ROOT / "tests" / "edge"
ENDS_OTHERS = ("service/processes.py",)
"""Changed, it may kill whatever runs here: tried only by the first process of a
namespace of its own, which no signal from within ends."""
TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
ASKED = (ast.Name, ast.Attribute, ast.Call, ast.NamedExpr)
"""A condition that no other change turns."""
EXCHANGED = {"max": "min", "min": "max", "any": "all", "all": "any"}
PATIENCE_S = 1200
"""For the tests of a file as the program is."""
NOT_NEW = "ignore::pytest.PytestAssertRewriteWarning"
"""What is loaded before pytest, which it would read once more."""
PRELOADED = (
    *("cv2", "numpy", "onnx", "onnxruntime", "hypothesis", "fastapi", "fpdf", "tuf"),
    *("cryptography.hazmat.primitives.ciphers.aead", "starlette.testclient"),
)
"""Imported once and not for each mutant; nothing of ours, which each imports anew."""


OPTIONS = ("-m", "not slow or seconds", "-W", NOT_NEW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One changed line.

    Attributes:
        file: In the package.
        line: From 1.
        was: The text that stood there.
        now: What stands there instead.
        start: Where it stood: line and column.
        end: Where it ended.
    """

    file: str
    line: int
    was: str
    now: str
    start: tuple[int, int]
    end: tuple[int, int]


def mutants_of(file: str, source: str) -> Iterator[Mutant]:
    """Yield every mutant of a module; what decorates a class decides nothing."""
    nodes = list(ast.walk(ast.parse(source)))
    decorators = (d for n in nodes for d in getattr(n, "decorator_list", ()))
    left = {part for d in decorators for part in ast.walk(d)}
    for node in nodes:
        for place, changed in () if node in left else _changes(node):
            yield Mutant(
                file=file,
                line=place.lineno,
                was=ast.get_source_segment(source, place) or "",
                now=ast.unparse(changed),
                start=(place.lineno, place.col_offset),
                end=(place.end_lineno or place.lineno, place.end_col_offset or 0),
            )


def _changes(node: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, ast.AST]]:
    """Yield what is replaced and by what."""
    match node:
        case ast.Compare(left=left, ops=[op], comparators=right) if type(op) in TURNED:
            turned = TURNED[type(op)]()
            yield node, ast.Compare(left=left, ops=[turned], comparators=right)
        case ast.BoolOp(op=op, values=values):
            other = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield node, ast.BoolOp(op=other, values=values)
            for n in range(len(values)):
                yield node, ast.BoolOp(op=op, values=values[:n] + values[n + 1 :])
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield node, operand
        case ast.If(test=test) | ast.IfExp(test=test) if isinstance(test, ASKED):
            yield test, ast.UnaryOp(op=ast.Not(), operand=test)
        case ast.Raise(exc=ast.Call()):
            yield node, ast.Pass()
        case ast.Constant(value=bool() as said):
            yield node, ast.Constant(value=not said)
        case ast.Constant(value=int() as number) if number in (0, 1):
            yield node, ast.Constant(value=1 - number)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if (
            name in EXCHANGED
        ):
            func = ast.Name(id=EXCHANGED[name])
            yield node, ast.Call(func=func, args=args, keywords=keywords)


def applied(source: str, mutant: Mutant) -> str:
    """Return a module's text with a mutant's change."""
    lines = source.encode().split(b"\n")
    (top, left), (bottom, right) = mutant.start, mutant.end
    before, behind = lines[top - 1][:left], lines[bottom - 1][right:]
    changed = [before + f"({mutant.now})".encode() + behind]
    if mutant.now == "pass":
        changed = [before + b"pass" + behind]
    return b"\n".join([*lines[: top - 1], *changed, *lines[bottom:]]).decode()


def outcome_on(
    folder: Path, mutant: Mutant, tests: tuple[str, ...], patience_s: float
) -> str:
    """Run the tests on a changed copy; "" where they pass, else what ended them."""
    changed = folder / "leukoscope_edge" / mutant.file
    source = (PACKAGE / mutant.file).read_text()
    changed.write_text(applied(source, mutant))
    try:
        return outcome_of_tests(folder, tests, patience_s)
    finally:
        changed.write_text(source)


def outcome_of_tests(folder: Path, tests: tuple[str, ...], patience_s: float) -> str:
    """Run tests on a copy of the package; "" where they pass, else what ended them."""
    before = children()
    child = get_context("fork").Process(target=_run_tests, args=(tests, folder))
    child.start()
    try:
        has_ended = ends_within(child.pid or 0, patience_s)
        if not has_ended:
            return BY_TIME
        child.join()
        return f"exit {child.exitcode}" if child.exitcode else ""
    finally:
        child.kill()
        child.join()
        end_children(before)


def _run_tests(tests: tuple[str, ...], folder: Path) -> None:
    """Run tests on a copy of the package, in a process of their own; exit as pytest."""
    os.setsid()
    limit_memory()
    os.chdir(ROOT)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    earlier = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(folder), earlier])
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    words = ["-x", "-q", "-p", "no:cacheprovider", *OPTIONS]
    os._exit(pytest.main([*words, *(str(TESTS / t) for t in tests)]))


def changes_of(file: str, mutants: Sequence[Mutant]) -> dict[Mutant, Change]:
    """Return what each mutant makes of its module."""
    path = PACKAGE / file
    source = path.read_text()
    tree = ast.parse(source)
    return {
        m: Change(path=str(path), source=applied(source, m), lines=statement(tree, m))
        for m in mutants
    }


def statement(tree: ast.Module, mutant: Mutant) -> tuple[int, int]:
    """Return the lines of the statement that holds a mutant, without those in it."""
    found = (mutant.line, mutant.line)
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt) or node.lineno > mutant.line:
            continue
        body = getattr(node, "body", None)
        last = body[0].lineno - 1 if body else node.end_lineno or node.lineno
        last = max(last, node.lineno)
        if last >= mutant.line:
            found = (node.lineno, last)
    return found


def outcomes(
    file: str, tests: tuple[str, ...], mutants: Sequence[Mutant]
) -> dict[Mutant, str]:
    """Try mutants of a file: in forks, and what lives or stands outside on a copy.

    Returns:
        Of each mutant what ended it, "" where it survives.
    """
    found: dict[Mutant, str | None] = dict.fromkeys(mutants)
    if file not in ENDS_OTHERS:
        with ProcessPoolExecutor(1, get_context("fork")) as pool:
            words = (file, tests, tuple(mutants))
            found, failing = pool.submit(_outcomes, *words).result()
        for test in failing:
            print(f"{file}: fails as the program is, and takes no part: {test}")
    alive = [m for m in mutants if not found[m]]
    return {m: found[m] or "" for m in mutants} | _on_a_copy(tests, alive)


def _on_a_copy(tests: tuple[str, ...], mutants: list[Mutant]) -> dict[Mutant, str]:
    if not mutants:
        return {}
    with copied() as folder:
        start_s = time.monotonic()
        if ended := outcome_of_tests(folder, tests, PATIENCE_S):
            raise SystemExit(f"{' '.join(tests)}: {ended} as the program is")
        patience_s = longest_wait_s(time.monotonic() - start_s)
        return {m: outcome_on(folder, m, tests, patience_s) for m in mutants}


def _outcomes(
    file: str, tests: tuple[str, ...], mutants: tuple[Mutant, ...]
) -> tuple[dict[Mutant, str | None], list[str]]:
    with silent():
        words = [str(TESTS / t) for t in tests]
        runs = try_all([*words, *OPTIONS], changes_of(file, mutants))
    return runs.outcomes, runs.failing


@contextlib.contextmanager
def copied() -> Iterator[Path]:
    """Yield a folder with a copy of the package."""
    with tempfile.TemporaryDirectory() as name:
        package = Path(name) / "leukoscope_edge"
        skip = shutil.ignore_patterns("__pycache__", "bundles")
        shutil.copytree(PACKAGE, package, ignore=skip)
        (package / "bundles").symlink_to(PACKAGE / "bundles")
        yield Path(name)


def main() -> int:
    """Try mutants; 1 where one survives."""
    options = _options()
    for name in PRELOADED:
        import_module(name)
    adopt_orphans()
    rank, n_survived = random.Random(options.seed), 0  # noqa: S311 - no secret
    chosen = [ROOMS[room] for room in options.room or ROOMS]
    for file, tests in (pair for files in chosen for pair in files.items()):
        if options.only not in (None, file):
            continue
        if file in ENDS_OTHERS and os.getpid() != 1:
            print(f"{file}: not tried: begin with unshare --pid --fork --mount-proc")
            continue
        found = list(mutants_of(file, (PACKAGE / file).read_text()))
        tried = rank.sample(found, min(len(found), options.sample or len(found)))
        n_survived += told(file, outcomes(file, tests, tried), len(found))
    return int(n_survived > 0)


def told(file: str, ended: dict[Mutant, str], n_mutants: int) -> int:
    """Print who survives and who was killed by time alone; return how many survive."""
    alive = [m for m, by in ended.items() if not by]
    late = [m for m, by in ended.items() if by == BY_TIME]
    for m in (*alive, *late):
        how = "killed by time: " if m in late else ""
        print(f"{file}:{m.line}: {how}{m.was!r} -> {m.now!r}", flush=True)
    print(
        f"{file}: {len(ended)} of {n_mutants} tried, {len(alive)} survive, "
        f"{len(late)} killed by time",
        flush=True,
    )
    return len(alive)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--room", choices=ROOMS, action="append")
    parser.add_argument("--only", help="one file of the package")
    parser.add_argument("--sample", type=int, help="so many of each file, at random")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
