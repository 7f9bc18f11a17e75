"""Change one line of the program, and run the test that holds it."""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "edge" / "leukoscope_edge"
RUNS = ROOT / "tests" / "rigs" / "mutant_runs.py"
SOME_FAILED = 1
"""pytest's exit status where tests ran and some failed; an error of collection does not
count."""


@dataclass(frozen=True)
class Mutation:
    """One safeguard taken out.

    Attributes:
        file: In the package.
        old: The line, which stands there once.
        new: What takes its place.
        tests: The file in `tests/edge` and the test in it which must fail.
        patience_s: So long the test may wait for what never comes then.
        on_a_copy: The line is run in processes that the test starts.
    """

    file: str
    old: str
    new: str
    tests: str
    patience_s: int = 300
    on_a_copy: bool = False

    @property
    def changed(self) -> str:
        """The module's text after the change."""
        text = (PACKAGE / self.file).read_text()
        assert text.count(self.old) == 1, "the line to be changed is no longer there"
        return text.replace(self.old, self.new)

    @property
    def lines(self) -> tuple[int, int]:
        """First and last line of the old text, from 1."""
        before = (PACKAGE / self.file).read_text().partition(self.old)[0]
        first = before.count("\n") + 1
        return first, first + self.old.rstrip("\n").count("\n")


@dataclass(frozen=True)
class Noticed:
    """What a table's tests notice.

    Attributes:
        by: Of each mutation the test that failed, "" where none did.
        failing: Tests that fail without any mutation.
    """

    by: dict[str, str]
    failing: list[str]


def tried(mutations: dict[str, Mutation]) -> Noticed:
    """Try every mutation of a table on its test.

    Those that need a copy are tried at the same time as all others: what they make a
    test wait for takes no processor.
    """
    copies = {name for name, one in mutations.items() if one.on_a_copy}
    with ThreadPoolExecutor() as pool:
        fails = {
            name: pool.submit(_fails_on_a_copy, mutations[name]) for name in copies
        }
        found = _tried_in_forks(mutations, {*mutations} - copies)
        left = {name for name, test in found["outcomes"].items() if test is None}
        fails |= {name: pool.submit(_fails_on_a_copy, mutations[name]) for name in left}
    noticed = {n: mutations[n].tests if f.result() else "" for n, f in fails.items()}
    return Noticed(found["outcomes"] | noticed, found["failing"])


def _tried_in_forks(mutations: dict[str, Mutation], names: set[str]) -> Any:
    """Run the tests of all mutations as the program is, and then those of some."""
    changes = {
        name: {
            "path": str(PACKAGE / one.file),
            "source": one.changed,
            "lines": one.lines,
            "test": one.tests,
            "patience_s": one.patience_s,
        }
        for name, one in mutations.items()
        if name in names
    }
    tests = sorted({f"tests/edge/{one.tests}" for one in mutations.values()})
    answer = subprocess.run(
        [sys.executable, str(RUNS)],
        input=json.dumps({"tests": tests, "changes": changes}),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return json.loads(answer.stdout)


def _fails_on_a_copy(mutation: Mutation) -> bool:
    with TemporaryDirectory() as name:
        package = Path(name) / "leukoscope_edge"
        skip = shutil.ignore_patterns("__pycache__", "bundles")
        shutil.copytree(PACKAGE, package, ignore=skip)
        (package / "bundles").symlink_to(PACKAGE / "bundles")
        (package / mutation.file).write_text(mutation.changed)
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
        path = os.pathsep.join([name, os.environ.get("PYTHONPATH", "")])
        limit = f"--timeout={mutation.patience_s}"
        status = subprocess.run(
            [*command, limit, f"tests/edge/{mutation.tests}"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
        ).returncode
    return status == SOME_FAILED
