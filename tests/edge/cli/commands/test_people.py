"""A lost PIN: a new one from the device's own console, kept in the audit chain."""

import os
from pathlib import Path

import pytest
from tests.edge.web.stand_ins import PIN, QUICK

from leukoscope_edge.accounts import Entry, People, Role
from leukoscope_edge.cli import main
from leukoscope_edge.records import open_store

NEW = "739164"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    open_store(tmp_path).close()
    people = People(tmp_path / "people", hasher=QUICK)
    people.add_first("Amina", PIN)
    people.add("Ben", Role.OPERATOR, PIN)
    return tmp_path


def set_pin(data: Path, name: str, pin: str) -> int:
    file = data / "pin"
    file.write_text(pin + "\n")
    given = ["people", "set-pin", name, "--pin-file", str(file), "--data", str(data)]
    return main([*given, "--by", "root"])


def test_a_new_pin_holds_at_once_on_a_page_that_is_open(data: Path) -> None:
    page = People(data / "people", hasher=QUICK)
    for _ in range(6):
        page.enter("Amina", "111222")
    assert page.enter("Amina", PIN)[0] is Entry.WAIT
    assert set_pin(data, "amina", NEW) == 0
    assert page.enter("Amina", PIN)[0] is Entry.WRONG
    assert page.enter("Amina", NEW) == (Entry.OPEN, 0.0)
    page.add("Cleo", Role.OPERATOR, PIN)  # and is not written over by the page
    assert People(data / "people", hasher=QUICK).enter("Amina", NEW)[0] is Entry.OPEN


def test_it_stands_in_the_audit_chain_without_the_pin(data: Path) -> None:
    assert set_pin(data, "Ben", NEW) == 0
    with open_store(data) as store:
        [note] = store.log.notes("PIN set anew")
        assert note.body["facts"] == {"person": "Ben"}
        assert NEW not in str(note)
        assert store.verify_audit() == []


@pytest.mark.parametrize(
    ("name", "pin", "why"),
    [
        ("Eve", NEW, "nobody here is called Eve; known: Amina, Ben"),
        ("", NEW, "nobody here is called"),
        ("Ben", "", "a PIN needs"),
        ("Ben", "12345", "a PIN needs"),
        ("Ben", "123456", "guessed first"),
    ],
)
def test_what_will_not_do_changes_nothing(
    data: Path, name: str, pin: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert set_pin(data, name, pin) == 1
    assert why in capsys.readouterr().err
    people = People(data / "people", hasher=QUICK)
    assert people.enter("Ben", PIN)[0] is Entry.OPEN
    with open_store(data) as store:
        assert store.log.notes("PIN set anew") == []


def test_where_nobody_is_set_up_it_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert set_pin(tmp_path, "Ben", NEW) == 1
    assert "nobody is set up here" in capsys.readouterr().err
    assert main(["people", "list", "--data", str(tmp_path / "none")]) == 1


@pytest.mark.parametrize("text", [b"\xff\xfe", None])
def test_a_file_that_is_no_pin(
    data: Path, text: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    file = data / "pin"
    if text is not None:
        file.write_bytes(text)
    given = ["people", "set-pin", "Ben", "--pin-file", str(file), "--data", str(data)]
    assert main(given) == 1
    assert "cannot be read as a PIN" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT DONE HERE: needs root")
def test_root_is_sent_to_the_service_s_user(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.chown(data / "people" / "people.json", 65534, 65534)
    assert set_pin(data, "Ben", NEW) == 1
    assert "run this as nobody (`sudo -u nobody ...`)" in capsys.readouterr().err


def test_names_and_roles_are_listed(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["people", "list", "--data", str(data)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["supervisor  Amina", "operator    Ben"]


def people_say(data: Path, *words: str) -> int:
    return main(["people", *words, "--data", str(data), "--by", "root"])


def test_what_the_page_does_with_people_the_console_does_too(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (
        ("lock", "ben"),
        ("unlock", "Ben"),
        ("set-role", "Ben", "service"),
        ("rename", "Ben", "Benno"),
        ("remove", "Benno"),
    ):
        assert people_say(data, *words) == 0
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "Ben is locked",
        "Ben may sign in again",
        "Ben is service now",
        "Ben is Benno now",
        "Benno was removed",
    ]
    with open_store(data) as store:
        kept = [(e.by, e.body["what"]) for e in store.log.notes()]
        assert store.verify_audit() == []
    assert kept == [
        ("root", "person locked"),
        ("root", "person unlocked"),
        ("root", "role changed"),
        ("root", "person renamed"),
        ("root", "person removed"),
    ]


def test_the_console_does_not_remove_the_last_supervisor(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert people_say(data, "remove", "Amina") != 0
    assert "is the last supervisor" in capsys.readouterr().err
