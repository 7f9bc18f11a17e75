"""Tests write into memory where there is plenty, and where somebody wants it else."""

import tempfile
from pathlib import Path

import pytest
from tests import temporary
from tests.temporary import write_in_memory

PLENTY = "MemTotal: 16000000 kB\nMemAvailable: 9000000 kB\n"


@pytest.fixture(autouse=True)
def _room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporary, "MEMORY_BYTES", 1)
    monkeypatch.setattr(tempfile, "tempdir", tempfile.tempdir)


@pytest.mark.parametrize(
    ("set_before", "told", "expected"),
    [
        ({}, PLENTY, "memory"),
        ({"TMPDIR": "/mine"}, PLENTY, "/mine"),
        ({}, "MemAvailable: 7000000 kB\n", None),
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
    write_in_memory(environment, tmp_path / "memory", facts)
    found = environment.get("TMPDIR")
    assert found == (str(tmp_path / "memory") if expected == "memory" else expected)


def test_a_memory_that_is_full_or_absent_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = tmp_path / "meminfo"
    facts.write_text(PLENTY)
    environment: dict[str, str] = {}
    write_in_memory(environment, tmp_path / "absent", facts)
    monkeypatch.setattr(temporary, "MEMORY_BYTES", 1 << 60)
    write_in_memory(environment, tmp_path, facts)
    assert environment == {}
