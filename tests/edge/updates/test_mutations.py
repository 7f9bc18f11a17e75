"""The tests of this room must notice when a safeguard is taken out.

Each mutation changes one line in a copy of the program and runs the tests that hold it.
They must fail, and fail as tests do: an error of collection does not count.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "edge" / "leukoscope_edge"
SOME_FAILED = 1
"""pytest's exit status where tests ran and some failed."""


@dataclass(frozen=True)
class Mutation:
    file: str
    old: str
    new: str
    tests: str


MUTATIONS = {
    "no fsync": Mutation(
        "durable.py",
        "    os.fsync(descriptor)",
        "    del descriptor",
        "test_durable.py",
    ),
    "no folder sync": Mutation(
        "durable.py", "    sync_path(path.parent)", "    pass", "test_durable.py"
    ),
    "no hash check of a slot": Mutation(
        "slots.py",
        "    return digest.hexdigest() == fact.sha256",
        "    return True",
        "test_install.py::test_a_damaged_model_gives_way_to_the_one_before_and_says_so",
    ),
    "no checksum of the commit file": Mutation(
        "state.py",
        'or sealed["sha256"] != digest',
        "",
        "test_damage.py::test_a_changed_commit_file_is_not_believed",
    ),
    "no floor": Mutation(
        "manifest.py",
        "    if found < had:",
        "    if False:",
        "test_attacks.py::test_rollback_after_the_trusted_metadata_was_lost",
    ),
    "no third floor": Mutation(
        "state.py",
        "    floor = max(kept, *(c.floor for c in (newest, *whole)))",
        "    floor = newest.floor",
        "test_damage.py::test_all_three_floors_must_go_before_an_old_stick_comes_in",
    ),
    "no limit of tries": Mutation(
        "install.py",
        "    if trial.n_tries >= MAX_TRIES:",
        "    if False:",
        "test_faults.py::test_killed_for_ever_in_the_trial_ends_by_itself",
    ),
    "no trial": Mutation(
        "install.py",
        "    device.try_model(folder)",
        "    pass",
        "test_install.py::test_a_failed_trial_changes_nothing_and_is_remembered",
    ),
    "no revocation": Mutation(
        "manifest.py",
        "    if manifest.release in bad:",
        "    if False:",
        "test_install.py::test_a_failed_trial_changes_nothing_and_is_remembered",
    ),
    "links are followed": Mutation(
        "stick.py",
        "os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK",
        "os.O_RDONLY | os.O_NONBLOCK",
        "test_stick.py::test_links_pipes_and_devices_are_not_followed",
    ),
}


def run_mutated(folder: Path, mutation: Mutation) -> int:
    package = folder / "leukoscope_edge"
    skip = shutil.ignore_patterns("__pycache__", "bundles")
    shutil.copytree(PACKAGE, package, ignore=skip)
    (package / "bundles").symlink_to(PACKAGE / "bundles")
    source = package / "updates" / mutation.file
    text = source.read_text()
    assert text.count(mutation.old) == 1, "the line to be changed is no longer there"
    source.write_text(text.replace(mutation.old, mutation.new))
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [*command, f"tests/edge/updates/{mutation.tests}"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
    ).returncode


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTATIONS)
def test_the_tests_fail_without(tmp_path: Path, name: str) -> None:
    assert run_mutated(tmp_path, MUTATIONS[name]) == SOME_FAILED


@pytest.mark.slow
def test_and_pass_with_it(tmp_path: Path) -> None:
    """The copy itself is not what makes them fail."""
    line = "    os.fsync(descriptor)"
    unchanged = Mutation("durable.py", line, line, "test_durable.py")
    assert run_mutated(tmp_path, unchanged) == 0
