"""What counts as a changed line, and that changing it is all that happens."""

import ast
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from tests.rigs import mutant_runs
from tests.waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "tools"
sys.path.insert(0, str(TOOLS))
try:
    import mutate
finally:
    sys.path.remove(str(TOOLS))


@pytest.mark.parametrize(
    ("source", "mutants"),
    [
        ("", []),
        ("x = 7", []),
        ("x = 1", ["x = (0)"]),
        ("x = a < b", ["x = (a <= b)"]),
        ("x = a and b", ["x = (a or b)", "x = (b)", "x = (a)"]),
        ("x = True", ["x = (False)"]),
        ("@d(slots=True)\nclass X: pass", []),
        ("x = b if a else c", ["x = b if (not a) else c"]),
        ("if a := b():\n    c", ["if (not (a := b())):\n    c"]),
        ("x = not a", ["x = (a)"]),
        (
            "if a:\n    raise E(b)\n",
            ["if (not a):\n    raise E(b)\n", "if a:\n    pass\n"],
        ),
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


def told_of(file: str, text: str) -> bool:
    """Whether a file is named in full, or on a line with others of its folder."""
    folder, _, name = file.rpartition("/")
    lines = text.splitlines()
    return any(f"`{file}`" in x or (f"`{name}`" in x and folder in x) for x in lines)


def test_of_every_file_of_the_rooms_it_is_told_how_it_was_swept() -> None:
    text = (ROOT / "docs" / "mutations.md").read_text()
    files = [file for files in mutate.ROOMS.values() for file in files]
    assert [file for file in files if not told_of(file, text)] == []
    assert not told_of("web/gone.py", text)


@pytest.mark.parametrize(
    ("line", "statement"),
    [(2, (2, 3)), (3, (2, 3)), (4, (4, 4)), (5, (5, 6)), (6, (5, 6))],
)
def test_a_change_is_reached_by_the_lines_of_its_statement(
    line: int, statement: tuple[int, int]
) -> None:
    source = "def f(a):\n    if (a and\n        1):\n        a = 0\n    a = [1,\n 0]\n"
    [mutant, *_] = [m for m in mutate.mutants_of("x.py", source) if m.line == line]
    assert mutate.statement(ast.parse(source), mutant) == statement


@pytest.mark.parametrize(
    ("changed", "n_differing"),
    [
        ("LIMIT = 3\ndef f(a=1):\n    return a < LIMIT\n", 0),
        ("LIMIT = 3\ndef f(a=1):\n    return a <= LIMIT\n", 1),
        ("LIMIT = 4\ndef f(a=1):\n    return a < LIMIT\n", None),
        ("LIMIT = 3\ndef f(a=2):\n    return a < LIMIT\n", None),
        ("LIMIT = 3\ndef g(a=1):\n    return a < LIMIT\n", None),
    ],
)
def test_only_what_stands_in_a_function_is_exchanged(
    tmp_path: Path, changed: str, n_differing: int | None
) -> None:
    module = tmp_path / "m.py"
    module.write_text("LIMIT = 3\ndef f(a=1):\n    return a < LIMIT\n")
    found = mutant_runs.exchanged(str(module), changed)
    assert (None if found is None else len(found)) == n_differing


TESTS = """
from pathlib import Path

from some_module import is_more, told

def test_above():
    assert is_more(4)

def test_at():
    assert not is_more(3)

def test_red():
    assert is_more(0)

def test_that_passes_once():
    Path("once").touch(exist_ok=is_more(0))

def test_of_another_function():
    assert told() == "told"
"""
MODULE = """
def is_more(a):
    return a > 3

def told():
    return "told"

def reached_by_none():
    return "unread"
"""


def test_a_change_is_noticed_by_a_test_that_reaches_it_and_passes_without_it(
    tmp_path: Path,
) -> None:
    module, tests = tmp_path / "some_module.py", tmp_path / "test_it.py"
    module.write_text(MODULE)
    tests.write_text(TESTS)
    outcomes, failing = _in_a_process(
        tmp_path,
        f"""
        from tests.rigs.mutant_runs import Change, silent, try_all
        source = open({str(module)!r}).read()
        changes = {{
            new: Change(
                path={str(module)!r}, source=source.replace(old, new), lines=lines
            )
            for old, new, lines in (
                ("a > 3", "a >= 3", (3, 3)),
                ("a > 3", "a > 4", (3, 3)),
                ("a > 3", "3 < a", (3, 3)),
                ('"unread"', '"otherwise"', (9, 9)),
            )
        }}
        with silent() as out:
            runs = try_all(["--rootdir", {str(tmp_path)!r}, {str(tests)!r}], changes)
            print([v.rpartition("::")[2] for v in runs.outcomes.values()], file=out)
            print([f.rpartition("::")[2] for f in runs.failing], file=out)
        """,
    )
    assert outcomes == "['test_at', 'test_above', '', '']"
    assert failing == "['test_red', 'test_that_passes_once']"


def _in_a_process(folder: Path, program: str) -> list[str]:
    """Return what a program prints that forks: no worker of pytest may."""
    paths = f"import sys; sys.path[:0] = {[str(ROOT), str(TOOLS), str(folder)]}\n"
    answer = subprocess.run(
        [sys.executable, "-c", paths + dedent(program)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return answer.stdout.splitlines()


GREEDY_MODULE = """
def held(a):
    return len(bytes(a * 2**30)) if a > 8 else 0
"""
"""What `bytes` makes of nothing but zeros the kernel promises, and nobody takes."""
GREEDY_TEST = """
from greedy import held

def test_ends():
    assert held(8) in (0, 8 * 2**30)
"""


@pytest.mark.parametrize(
    "trying",
    [
        """
        from tests.rigs.mutant_runs import Change, silent, try_all
        change = Change(path=module, source=changed, lines=(3, 3))
        with silent() as out:
            runs = try_all(["--rootdir", folder, test], {1: change})
            print(runs.outcomes[1].rpartition("::")[2], file=out)
        """,
        """
        import os
        from multiprocessing import get_context
        from pathlib import Path
        import mutate
        Path(module).write_text(changed)
        arguments = ((test,), Path(folder))
        child = get_context("fork").Process(target=mutate._run_tests, args=arguments)
        child.start()
        child.join()
        print({1: "test_ends"}.get(child.exitcode))
        """,
    ],
    ids=["in_a_fork", "on_a_copy"],
)
def test_a_change_that_takes_memory_without_end_is_noticed(
    tmp_path: Path, trying: str
) -> None:
    module, test = tmp_path / "greedy.py", tmp_path / "test_greedy.py"
    module.write_text(GREEDY_MODULE)
    test.write_text(GREEDY_TEST)
    changed = GREEDY_MODULE.replace("a > 8", "a >= 8")
    names = f"""
        folder, module, test = {str(tmp_path)!r}, {str(module)!r}, {str(test)!r}
        changed = {changed!r}
    """
    assert _in_a_process(tmp_path, dedent(names) + dedent(trying)) == ["test_ends"]


WAITING_MODULE = """
import subprocess
import time

def waited(ends):
    helper = subprocess.Popen(["sleep", "3600"], start_new_session=True)
    with open("helpers", "a") as file:
        print(helper.pid, file=file)
    while not ends:
        time.sleep(0.01)
    helper.kill()
    helper.wait()
"""
WAITING_TEST = """
from waiting import waited

def test_ends():
    waited(True)
"""


TIME_IS_OVER = """
import mutate
import os.path
import time
from tests.rigs import mutant_runs
ends_within, n_forks = mutant_runs.ends_within, 0

def over(pid, patience_s):
    global n_forks
    n_forks += 1
    if n_forks < n_helpers:
        return ends_within(pid, patience_s)
    while not os.path.exists("helpers") or len(open("helpers").readlines()) < n_helpers:
        time.sleep(0.01)
    return False

mutant_runs.ends_within = mutate.ends_within = over
"""
"""The time of a change is over when its test has started what it leaves behind."""


@pytest.mark.parametrize(
    ("n_helpers", "trying"),
    [
        (
            2,  # the first by the program as it is
            """
            change = mutant_runs.Change(path=module, source=changed, lines=(9, 10))
            with mutant_runs.silent() as out:
                runs = mutant_runs.try_all(["--rootdir", folder, test], {1: change})
                print(runs.outcomes[1], file=out)
            """,
        ),
        (
            1,
            """
            from pathlib import Path
            mutant_runs.adopt_orphans()
            mutate.ROOT = folder
            Path(module).write_text(changed)
            print(mutate.outcome_of_tests(Path(folder), (test,), 600.0))
            """,
        ),
    ],
    ids=["in_a_fork", "on_a_copy"],
)
def test_a_change_that_waits_for_ever_is_killed_with_all_that_it_started(
    tmp_path: Path, n_helpers: int, trying: str
) -> None:
    module, test = tmp_path / "waiting.py", tmp_path / "test_waiting.py"
    module.write_text(WAITING_MODULE)
    test.write_text(WAITING_TEST)
    names = f"""
        folder, module, test = {str(tmp_path)!r}, {str(module)!r}, {str(test)!r}
        changed = {WAITING_MODULE.replace("not ends", "ends")!r}
        n_helpers = {n_helpers}
    """
    answer = _in_a_process(tmp_path, dedent(names) + TIME_IS_OVER + dedent(trying))
    assert answer == [mutant_runs.BY_TIME]
    helpers = (tmp_path / "helpers").read_text().split()
    assert len(helpers) == n_helpers
    assert not [pid for pid in helpers if Path("/proc", pid).exists()]


def test_a_child_is_waited_for_only_so_long() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child:
        assert not mutant_runs.ends_within(child.pid, 0.01)
        child.kill()
        assert mutant_runs.ends_within(child.pid, PATIENCE_S)


def test_a_test_of_a_change_is_ended_at_its_own_limit(tmp_path: Path) -> None:
    module, test = tmp_path / "waiting.py", tmp_path / "test_waiting.py"
    module.write_text(WAITING_MODULE)
    test.write_text(WAITING_TEST)
    program = f"""
        from tests.rigs.mutant_runs import Change, silent, try_all
        changed = {WAITING_MODULE.replace("not ends", "ends")!r}
        change = Change(
            path={str(module)!r}, source=changed, lines=(9, 10), patience_s=0.5
        )
        with silent() as out:
            tests = ["--rootdir", {str(tmp_path)!r}, {str(test)!r}]
            runs = try_all(tests, {{1: change}})
            print(runs.outcomes[1], file=out)
    """
    assert _in_a_process(tmp_path, program) == [mutant_runs.BY_TIME]


def test_how_long_a_change_may_wait_grows_with_what_its_tests_take() -> None:
    assert mutant_runs.longest_wait_s(0.0) >= 10
    assert mutant_runs.longest_wait_s(100.0) >= 500


def test_what_may_end_others_is_tried_in_a_namespace_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in mutate.ENDS_OTHERS:
        monkeypatch.setattr(sys, "argv", ["mutate.py", "--only", file])
        monkeypatch.setattr(mutate, "PRELOADED", ())
        monkeypatch.setattr(mutate, "outcomes", lambda *_: pytest.fail("was tried"))
        assert mutate.main() == 0
        assert "not tried" in capsys.readouterr().out
