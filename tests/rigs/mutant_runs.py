"""Run tests on a changed program, each change in a fork of one process.

pytest collects once. A first fork runs every test as the program is, and tells which
lines each reaches. Then each change is a fork in which the code of the functions that
differ is exchanged; of the tests, those run that reach the changed lines, the quickest
first, until one fails.

Two things are not changed in this way: what does not stand in a function (a constant,
a default), and what a test starts as a program of its own. `mutate.py` and
`tests/edge/mutated.py` try these on a copy.

Given changes as JSON on its input, it answers in JSON.
"""

import contextlib
import ctypes
import gc
import json
import os
import pickle
import resource
import select
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import _lru_cache_wrapper
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

IS_FUNCTION = 0x1
"""`CO_OPTIMIZED`: a function's code has it, a module's and a class's have not."""
CPU_S, CPU_TIMES = 20, 10
"""What a change may take: so long, and so many times what its tests take."""
WAIT_S, WAIT_TIMES = 20, 6
"""The same by the clock: who waits for what never comes takes no processor."""
DATA_BYTES = 4 << 30
"""What a changed program may hold; the tests as the program is hold a tenth of it."""
PATIENCE_S = 600
NO_END = "(no end)"
"""The outcome where the tests' process died."""
BY_TIME = "(killed by time)"
"""The outcome where the tests still waited when their time was over."""
OVER = signal.SIGALRM
PR_SET_CHILD_SUBREAPER = 36
"""Of prctl(2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A module with one change.

    Attributes:
        path: The module's file.
        source: The whole text after the change.
        lines: The first and the last line changed: who runs one of them reaches it.
        test: The start of the name of the tests that shall run; "" for all.
        patience_s: So long tests may wait for what never comes; None for a limit by
            what they take as the program is.
    """

    path: str
    source: str
    lines: tuple[int, int]
    test: str = ""
    patience_s: float | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """What a test does as the program is: only one that passes can notice a change.

    Attributes:
        passed: Whether it passes.
        cpu_s: What it takes.
        wall_s: The same by the clock.
        lines: The lines that it reaches, with their files.
    """

    passed: bool
    cpu_s: float
    wall_s: float
    lines: set[tuple[str, int]]


@dataclass(slots=True)
class Runs:
    """A plugin of pytest in whose place forks run the tests.

    Attributes:
        changes: What is tried.
        tell: Called with each outcome.
        outcomes: Of each change the test that failed, `NO_END` or `BY_TIME`, "" where
            none of them noticed, None where the change does not stand in a function.
        failing: Tests that fail as the program is, at first or in a fork in which
            the code was exchanged for the same; they notice nothing.
    """

    changes: Mapping[Any, Change]
    tell: Callable[[Any, str | None], None]
    outcomes: dict[Any, str | None] = field(default_factory=dict)
    failing: list[str] = field(default_factory=list)
    without_effect: dict[tuple[str, ...], str] = field(default_factory=dict)
    """Of tests in a row the first that fails where nothing differs."""

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Try each change."""
        adopt_orphans()
        session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
        paths = {change.path for change in self.changes.values()}
        reaches = _in_fork(lambda: _reaches(session.items, paths), 6 * PATIENCE_S)
        if not isinstance(reaches, dict):
            raise RuntimeError("the tests do not end as the program is")
        self.failing = [test for test, reach in reaches.items() if not reach.passed]
        functions = _functions(paths)
        gc.freeze()  # so that forks share it
        for key, change in self.changes.items():
            tests = _chosen(session.items, reaches, change)
            self.outcomes[key] = self._outcome(tests, reaches, change, functions)
            self.tell(key, self.outcomes[key])
        return True

    def _outcome(
        self,
        tests: list[pytest.Item],
        reaches: Mapping[str, Reach],
        change: Change,
        functions: list[FunctionType],
    ) -> str | None:
        """Believe a test that fails if it passes behind the same tests unchanged."""
        codes = exchanged(change.path, change.source)
        if codes is None:
            return None
        same = {f.__code__: f.__code__.replace() for f in functions}
        while tests := [t for t in tests if t.nodeid not in self.failing]:
            by = _first_noticed(tests, reaches, codes, functions, change.patience_s)
            names = tuple(t.nodeid for t in tests)
            names = names[: names.index(by) + 1] if by in names else names
            if by in ("", BY_TIME):
                return by
            if names not in self.without_effect:
                self.without_effect[names] = _first_noticed(
                    tests[: len(names)], reaches, same, functions, change.patience_s
                )
            if not (fails := self.without_effect[names]):
                return by
            if fails not in names:
                raise RuntimeError(f"{fails} as the program is: {names}")
            self.failing.append(fails)
        return ""


def try_all(
    tests: Iterable[str],
    changes: Mapping[Any, Change],
    tell: Callable[[Any, str | None], None] = lambda *_: None,
) -> Runs:
    """Collect tests and try changes on them.

    Args:
        tests: Files, names of tests and options, as pytest takes them.
        changes: By any key.
        tell: Called with each key and outcome.
    """
    runs = Runs(changes, tell)
    with tempfile.TemporaryDirectory() as folder:
        words = ["-q", "-s", "-p", "no:cacheprovider", f"--basetemp={folder}/t"]
        words.append("--timeout=0")  # its clock is the one that ends a change's test
        pytest.main([*words, *tests], plugins=[runs])
    return runs


def exchanged(path: str, source: str) -> dict[CodeType, CodeType] | None:
    """Return the functions' code that differs, old to new; None where more does."""
    old = list(_codes(compile(Path(path).read_text(), path, "exec")))
    new = list(_codes(compile(source, path, "exec")))
    if [name for name, _ in old] != [name for name, _ in new]:
        return None
    pairs = [(a, b) for (_, a), (_, b) in zip(old, new, strict=True)]
    bodies = [(a, b) for a, b in pairs if not a.co_flags & IS_FUNCTION]
    functions = [(a, b) for a, b in pairs if a.co_flags & IS_FUNCTION]
    if any(_own(a) != _own(b) for a, b in bodies):
        return None
    if any(a.co_freevars != b.co_freevars for a, b in functions):
        return None
    return {a: b for a, b in functions if a != b}


def _codes(code: CodeType, name: str = "") -> Iterator[tuple[str, CodeType]]:
    yield name, code
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _codes(inner, f"{name}.{inner.co_name}")


def _own(code: CodeType) -> tuple[object, ...]:
    """What a body does itself, without the functions in it."""
    values = [repr(c) for c in code.co_consts if not isinstance(c, CodeType)]
    return code.co_code, code.co_names, tuple(values)


def _functions(paths: set[str]) -> list[FunctionType]:
    """Return the functions that some files defined."""
    return [
        f
        for f in gc.get_objects()
        if isinstance(f, FunctionType) and f.__code__.co_filename in paths
    ]


def _reaches(items: list[pytest.Item], paths: set[str]) -> dict[str, Reach]:
    """Run every test, and tell which lines of some files it reaches."""
    caches = [c for c in gc.get_objects() if isinstance(c, _lru_cache_wrapper)]
    found = {}
    for item, after in zip(items, [*items[1:], None], strict=True):
        for cache in caches:  # what one holds hides the lines that made it
            cache.cache_clear()
        cpu_s, wall_s = time.process_time(), time.monotonic()
        lines = set[tuple[str, int]]()
        with _traced(paths, lines):
            reports = runtestprotocol(item, log=False, nextitem=after)
        passed = all(report.passed for report in reports)
        cpu_s, wall_s = time.process_time() - cpu_s, time.monotonic() - wall_s
        found[item.nodeid] = Reach(passed, cpu_s, wall_s, lines)
    return found


@contextlib.contextmanager
def _traced(paths: set[str], lines: set[tuple[str, int]]) -> Iterator[None]:
    """Note the lines of some files that are run meanwhile, in threads too."""

    def inside(frame: FrameType, _what: str, _value: object) -> Any:
        lines.add((frame.f_code.co_filename, frame.f_lineno))
        return inside

    def entered(frame: FrameType, _what: str, _value: object) -> Any:
        return inside if frame.f_code.co_filename in paths else None

    threading.settrace(entered)
    sys.settrace(entered)
    try:
        yield
    finally:
        sys.settrace(None)
        threading.settrace(None)


def _chosen(
    items: list[pytest.Item], reaches: Mapping[str, Reach], change: Change
) -> list[pytest.Item]:
    """Return the tests that could notice a change, the quickest first."""
    first, last = change.lines
    changed = {(change.path, line) for line in range(first, last + 1)}
    able = [
        item
        for item in items
        if reaches[item.nodeid].passed
        and changed & reaches[item.nodeid].lines
        and change.test in item.nodeid
    ]
    return sorted(able, key=lambda item: reaches[item.nodeid].wall_s)


def _first_noticed(
    tests: list[pytest.Item],
    reaches: Mapping[str, Reach],
    codes: Mapping[CodeType, CodeType],
    functions: list[FunctionType],
    patience_s: float | None,
) -> str:
    """Return the first test that fails with other code, "" where none does."""
    limit_s = CPU_S + CPU_TIMES * sum(reaches[t.nodeid].cpu_s for t in tests)
    limits_s = [patience_s or longest_wait_s(reaches[t.nodeid].wall_s) for t in tests]

    def run() -> str:
        resource.setrlimit(resource.RLIMIT_CPU, (int(limit_s), int(limit_s)))
        limit_memory()
        for function in functions:
            function.__code__ = codes.get(function.__code__, function.__code__)
        return _first_failing(tests, limits_s)

    return str(_in_fork(run, sum(limits_s, WAIT_S)))


def longest_wait_s(wall_s: float) -> float:
    """Return how long tests may take on a changed program, by what they take."""
    return WAIT_S + WAIT_TIMES * wall_s


def limit_memory() -> None:
    """Let this process and its children each hold so much, and no more for ever."""
    resource.setrlimit(resource.RLIMIT_DATA, (DATA_BYTES, DATA_BYTES))


def _first_failing(items: list[pytest.Item], limits_s: list[float]) -> str:
    """Run tests until one fails; the alarm ends this process at a test's limit."""
    after = [*items[1:], None]
    for item, follows, limit_s in zip(items, after, limits_s, strict=True):
        signal.setitimer(signal.ITIMER_REAL, limit_s)
        if any(r.failed for r in runtestprotocol(item, log=False, nextitem=follows)):
            return item.nodeid
    return ""


def _in_fork(ask: Callable[[], Any], patience_s: float) -> Any:
    """Return what a function returns in a fork; else `BY_TIME` or `NO_END`."""
    before = children()
    with tempfile.TemporaryFile() as answer:
        pid = os.fork()
        if pid == 0:
            with contextlib.suppress(BaseException):
                os.setsid()
                os.dup2(1, 2)  # what is said goes nowhere as well
                pickle.dump(ask(), answer)
                answer.flush()
                os._exit(0)
            os._exit(1)
        has_ended = ends_within(pid, patience_s)
        if not has_ended:
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        end_children(before)
        if status:
            is_late = not has_ended or os.waitstatus_to_exitcode(status) == -OVER
            return BY_TIME if is_late else NO_END
        answer.seek(0)
        return pickle.load(answer)  # noqa: S301 - our own fork's


def ends_within(pid: int, patience_s: float) -> bool:
    """Wait so long for a child's end; it still has to be reaped."""
    handle = os.pidfd_open(pid)
    try:
        return bool(select.select([handle], [], [], patience_s)[0])
    finally:
        os.close(handle)


def adopt_orphans() -> None:
    """Become the parent of what a dead child leaves behind, in whatever session."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children() -> set[int]:
    """Return the numbers of this process's children, the dead too."""
    lists = Path("/proc/self/task").glob("*/children")
    return {int(pid) for one in lists for pid in one.read_text().split()}


def end_children(before: set[int]) -> None:
    """Kill the children that are new, and those that come to us by their death."""
    while new := children() - before:
        for pid in new:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def main() -> None:
    """Read tests and changes, print outcomes and what fails as the program is."""
    asked = json.load(sys.stdin)
    changes: dict[Hashable, Change] = {
        name: Change(**{**entry, "lines": tuple(entry["lines"])})
        for name, entry in asked["changes"].items()
    }
    with silent() as out:
        runs = try_all(asked["tests"], changes)
        json.dump({"outcomes": runs.outcomes, "failing": runs.failing}, out)


@contextlib.contextmanager
def silent() -> Iterator[Any]:
    """Let nobody print, children included; yields what still leads to the output."""
    with os.fdopen(os.dup(1), "w") as out, open(os.devnull, "r+b") as null:  # noqa: PTH123
        os.dup2(null.fileno(), 0)
        os.dup2(null.fileno(), 1)
        yield out
        out.flush()
        os.dup2(out.fileno(), 1)


if __name__ == "__main__":
    main()
