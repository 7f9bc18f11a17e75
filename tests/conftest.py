"""What more than one test needs."""

import gc
import os
import random
import re
import shutil
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import settings
from tests.red_bundle import write_bundle
from tests.temporary import leave_memory, live_elsewhere, write_in_memory
from tests.waiting import PATIENCE_S

from leukoscope_edge.service import run_folder

REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

OF_LIBRARIES = ("tqdm_monitor", "IO loop", "Dask-Offload_0")
"""Threads that a library keeps for as long as the process lives."""
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")  # how fast a busy machine is, is no test's matter

SKIPS = Path(__file__).with_name("skips.txt")

SECONDS = set(Path(__file__).with_name("seconds.txt").read_text().splitlines())
"""Functions and files of tests that take seconds."""

for library in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"):
    # The workers share the cores; threads that wait for work only take from the others.
    os.environ.setdefault(library, "1")  # before the workers of xdist begin
write_in_memory(os.environ)
live_elsewhere(os.environ)
# Each of the many processes would compile the program anew where no cache is written.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--shuffle", type=int, metavar="SEED", help="run files and tests in any order"
    )
    parser.addoption(
        "--known-skips",
        action="store_true",
        help=f"fail where a test skips for a reason that is not in {SKIPS.name}",
    )


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Mark what takes seconds; slow files first, or any order by a seed if given."""
    for item in items:
        if "nightly" in item.keywords:
            item.add_marker("slow")
        if "slow" not in item.keywords and takes_seconds(item):
            item.add_marker("seconds")
            item.add_marker("slow")
    seed = config.getoption("--shuffle")
    if seed is None:
        slow_files_first(items)
        return
    rank = random.Random(seed)  # noqa: S311 - no secret
    files = sorted({str(item.path) for item in items})
    rank.shuffle(files)
    place = {file: number for number, file in enumerate(files)}
    rank.shuffle(items)
    items.sort(key=lambda item: place[str(item.path)])


def slow_files_first(items: list[pytest.Item]) -> None:
    """Begin with what takes long: workers that take file by file end together."""
    slow = {item.path for item in items if "slow" in item.keywords}
    slowest = {item.path for item in items if is_slowest(item)}
    items.sort(key=lambda item: (item.path not in slowest, item.path not in slow))


def is_slowest(item: pytest.Item) -> bool:
    return "slow" in item.keywords and "seconds" not in item.keywords


def takes_seconds(item: pytest.Item) -> bool:
    return not SECONDS.isdisjoint({item.path.name, item.name.partition("[")[0]})


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.failed:
        failed.append(report.nodeid)
    if report.skipped and isinstance(report.longrepr, tuple):
        skipped.append((report.nodeid, report.longrepr[2]))


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.skipped and isinstance(report.longrepr, tuple):
        skipped.append((report.nodeid, report.longrepr[2]))


@pytest.hookimpl(trylast=True)  # when the workers have ended
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing in memory but what a test that failed wrote, until the next run."""
    if not failed and not hasattr(config, "workerinput"):
        leave_memory(config._tmp_path_factory._basetemp)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let no test stop running unnoticed: a new reason to skip is a failure."""
    if not session.config.getoption("--known-skips") or hasattr(
        session.config, "workerinput"
    ):
        return
    lines = SKIPS.read_text().splitlines()
    known = [line for line in lines if line and not line.startswith("#")]
    new = new_skips(skipped, known)
    if new:
        print("NEW SKIPS:", *new, sep="\n  ")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


failed: list[str] = []

skipped: list[tuple[str, str]] = []
"""Tests or files, and why each was not run."""


def new_skips(found: Iterable[tuple[str, str]], known: Sequence[str]) -> list[str]:
    """Return what was skipped for a reason that nobody knows; its name excuses none."""
    return [
        f"{name}: {reason}"
        for name, reason in found
        if not any(re.search(pattern, reason) for pattern in known)
    ]


def pytest_report_header() -> str:
    found = (
        "found" if REAL_DATA.is_dir() else "ABSENT: tests on real images are SKIPPED"
    )
    return f"real images: {REAL_DATA} {found}"


@pytest.fixture(scope="session")
def real_data() -> Path:
    if not REAL_DATA.is_dir():
        pytest.skip(f"the real images are not at {REAL_DATA}")
    return REAL_DATA


@pytest.fixture(autouse=True, scope="session")
def _frozen() -> None:
    """Let `gc.collect` pass over what a process of tests keeps until its end."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _no_run_folders_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Take away what services of this test kept in memory (`service.beats`)."""
    if "tmp_path" not in request.fixturenames:
        yield
        return
    folder: Path = request.getfixturevalue("tmp_path")
    yield
    for data in (folder, *folder.glob("*/"), *folder.glob("*/*/")):
        shutil.rmtree(run_folder(data), ignore_errors=True)


forks: list[str] = []
os.register_at_fork(before=lambda: forks.append("".join(traceback.format_stack())))


@pytest.fixture(autouse=True)
def _no_fork() -> Iterator[None]:
    """Let no test fork: a copy waits for ever for threads of torch that it lacks.

    A pool is made with the context "spawn".
    """
    forks.clear()
    yield
    assert not forks, "a fork:\n" + forks[0]


@pytest.fixture(autouse=True, scope="module")
def _no_thread_left() -> Iterator[None]:
    """Let no file of tests leave a thread behind, to go on beside all others."""
    before = set(threading.enumerate())

    def left() -> list[threading.Thread]:
        new = set(threading.enumerate()) - before
        return [thread for thread in new if thread.name not in OF_LIBRARIES]

    yield
    end_s = time.monotonic() + PATIENCE_S
    while left():
        gc.collect()  # a pool that nobody holds any more ends with it
        assert time.monotonic() < end_s, f"left behind: {left()}"
        time.sleep(0.01)


@pytest.fixture
def bundle_factory(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a bundle and returns its folder."""

    def make(**changes: object) -> Path:
        return write_bundle(tmp_path / "bundle", **changes)  # type: ignore[arg-type]

    return make


@pytest.fixture
def bundle_folder(bundle_factory: Callable[..., Path]) -> Path:
    return bundle_factory()
