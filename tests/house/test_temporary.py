"""Tests write into memory where there is plenty, and where somebody wants it else."""

import tempfile
from pathlib import Path

import pytest
from tests import temporary
from tests.temporary import leave_memory, live_elsewhere, write_in_memory

PLENTY = "MemTotal: 16000000 kB\nMemAvailable: 11000000 kB\n"


@pytest.fixture(autouse=True)
def _room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporary, "MEMORY_BYTES", 1)
    monkeypatch.setattr(tempfile, "tempdir", tempfile.tempdir)


@pytest.mark.parametrize(
    ("set_before", "told", "expected"),
    [
        ({}, PLENTY, "memory"),
        ({"TMPDIR": "/mine"}, PLENTY, "/mine"),
        ({}, "MemAvailable: 10000000 kB\n", None),
        ({}, "MemTotal: 16000000 kB\n", None),
        ({}, None, None),
    ],
)
def test_memory_is_taken_where_there_is_plenty(
    tmp_path: Path, set_before: dict[str, str], told: str | None, expected: str | None
) -> None:
    environment, facts = dict(set_before), tmp_path / "meminfo"
    if told is not None:
        facts.write_text(told)
    (tmp_path / "memory").mkdir()
    write_in_memory(environment, tmp_path / "memory", facts, tmp_path)
    found = environment.get("TMPDIR")
    assert found == (str(tmp_path / "memory") if expected == "memory" else expected)


def test_a_memory_that_is_full_or_absent_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = tmp_path / "meminfo"
    facts.write_text(PLENTY)
    environment: dict[str, str] = {}
    write_in_memory(environment, tmp_path / "absent", facts, tmp_path)
    monkeypatch.setattr(temporary, "MEMORY_BYTES", 1 << 60)
    write_in_memory(environment, tmp_path, facts, tmp_path)
    assert environment == {}


@pytest.mark.parametrize(
    ("most", "is_taken"),
    [("max\n", True), (f"{12 << 30}\n", False), (f"{16 << 30}\n", True)],
)
@pytest.mark.parametrize("names", temporary.LIMITS)
def test_a_container_with_less_writes_on_its_disk(
    tmp_path: Path, names: tuple[str, str], most: str, is_taken: bool
) -> None:
    facts = tmp_path / "meminfo"
    facts.write_text(PLENTY)
    for name, text in zip(names, (most, f"{3 << 30}\n"), strict=True):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    environment: dict[str, str] = {}
    write_in_memory(environment, tmp_path, facts, tmp_path)
    assert ("TMPDIR" in environment) == is_taken


def test_after_a_run_memory_is_as_it_was_and_a_disk_is_left_alone(
    tmp_path: Path,
) -> None:
    memory, disk = tmp_path / "memory", tmp_path / "disk"
    for place in (memory, disk):
        (place / "run").mkdir(parents=True)
        leave_memory(place / "run", memory)
    leave_memory(None, memory)
    assert (list(memory.iterdir()), list(disk.iterdir())) == ([], [disk / "run"])


def test_tests_live_in_a_home_of_their_own_and_workers_in_the_same() -> None:
    environment = {"HOME": "/home/ann"}
    live_elsewhere(environment)
    home = Path(environment["HOME"])
    assert list(home.iterdir()) == []
    worker = environment | {"PYTEST_XDIST_WORKER": "gw1"}
    live_elsewhere(worker)
    assert worker["HOME"] == str(home)
