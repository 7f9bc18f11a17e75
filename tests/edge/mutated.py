"""Change one line in a copy of the program, and run the tests that hold it."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "edge" / "leukoscope_edge"
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
        tests: In `tests/edge`, which must fail.
    """

    file: str
    old: str
    new: str
    tests: str


def run_mutated(folder: Path, mutation: Mutation, *options: str) -> int:
    """Return pytest's exit status on a changed copy of the program in a folder."""
    package = folder / "leukoscope_edge"
    skip = shutil.ignore_patterns("__pycache__", "bundles")
    shutil.copytree(PACKAGE, package, ignore=skip)
    (package / "bundles").symlink_to(PACKAGE / "bundles")
    source = package / mutation.file
    text = source.read_text()
    assert text.count(mutation.old) == 1, "the line to be changed is no longer there"
    source.write_text(text.replace(mutation.old, mutation.new))
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [*command, *options, f"tests/edge/{mutation.tests}"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
    ).returncode
