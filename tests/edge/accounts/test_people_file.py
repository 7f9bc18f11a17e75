"""The list of people on the disk, its lock, and the secret that PINs are keyed with."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from leukoscope_edge.accounts import PeopleError, Person, Role
from leukoscope_edge.accounts.people_file import (
    PEPPER_BYTES,
    locked,
    mark_of,
    name_in,
    pepper,
    person_of,
    plain,
    read_people,
)

ANN = Person(name="Ann", role=Role.SUPERVISOR, pin_hash="x")
BEN = Person(
    name="Ben",
    role=Role.SERVICE,
    pin_hash="",
    n_failures=2,
    n_from_network=3,
    is_locked=True,
    is_removed=True,
    former=("Benjamin", "B"),
)


def test_where_there_is_no_list_nobody_is_here(tmp_path: Path) -> None:
    assert read_people(tmp_path / "people.json") == {}


@pytest.mark.parametrize("person", [ANN, BEN], ids=lambda person: person.name)
def test_a_person_is_read_as_they_were_written(person: Person) -> None:
    assert person_of(plain(person)) == person


def test_what_is_as_usual_is_not_written() -> None:
    kept = {"name", "role", "pin_hash", "n_failures", "n_from_network"}
    assert set(plain(ANN)) == kept
    assert set(plain(BEN)) == kept | {"is_locked", "is_removed", "former"}


def test_people_stand_under_their_names_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "people.json"
    row = '{"name": "ÉVA", "role": "operator", "pin_hash": "x"}'
    path.write_text(f"[{row}]")
    assert list(read_people(path)) == ["ÉVA"]
    path.write_text(f"[{row}, {row}]")
    with pytest.raises(PeopleError, match="holds two people of one name: restore it"):
        read_people(path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Eve", "Eve"),
        ("ANN-EVE", "Ann-Eve"),
        ("ann\u2014eve", "Ann-Eve"),
        ("Ann\u2013Eve", "Ann\u2013Eve"),
        ("ann\u2013eve", "Ann\u2013Eve"),
    ],
)
def test_a_name_finds_who_has_it_before_who_has_one_like_it(
    name: str, expected: str
) -> None:
    assert name_in(["Ann-Eve", "Ann\u2013Eve"], name) == expected


def test_a_file_that_is_replaced_has_another_mark(tmp_path: Path) -> None:
    path = tmp_path / "people.json"
    assert mark_of(path) == ()
    path.write_text("[]")
    before = mark_of(path)
    assert mark_of(path) == before
    (tmp_path / "other").write_text("[1]")
    (tmp_path / "other").replace(path)
    assert mark_of(path) != before


def test_the_secret_is_made_once_and_for_the_device_alone(tmp_path: Path) -> None:
    path = tmp_path / "pepper.key"
    made = pepper(path)
    assert len(made) == PEPPER_BYTES
    assert pepper(path) == made
    assert path.stat().st_mode & 0o777 == 0o600
    assert pepper(tmp_path / "another.key") != made


@pytest.mark.parametrize("n_bytes", [0, PEPPER_BYTES - 1, PEPPER_BYTES + 1])
def test_a_secret_of_another_length_is_refused(tmp_path: Path, n_bytes: int) -> None:
    (tmp_path / "pepper.key").write_bytes(bytes(n_bytes))
    with pytest.raises(PeopleError, match=f"{n_bytes} bytes, expected {PEPPER_BYTES}"):
        pepper(tmp_path / "pepper.key")


@contextmanager
def another_program(folder: Path) -> Iterator[int]:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    yield handle
    os.close(handle)


def test_two_programs_have_the_list_one_after_the_other(tmp_path: Path) -> None:
    with another_program(tmp_path) as other:
        with locked(tmp_path), pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_the_list_is_let_go_of_where_something_fails(tmp_path: Path) -> None:
    with pytest.raises(KeyError), locked(tmp_path):
        raise KeyError
    with another_program(tmp_path) as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
