"""Who may use the device: removed, locked, renamed, given a role or a PIN, and kept."""

from pathlib import Path
from typing import Any

import pytest
from tests.edge.web.stand_ins import NAME, PIN, QUICK, Browser, fill_slide

from leukoscope_edge.accounts import (
    Entry,
    People,
    PeopleError,
    Role,
    check_pin,
    is_guessed_first,
)
from leukoscope_edge.web import trail
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.log import log_text

OLU, OLUS_PIN, NEW = "Olu", "739105", "860273"


@pytest.fixture
def people(tmp_path: Path) -> People:
    made = People(tmp_path, hasher=QUICK)
    made.add_first(NAME, PIN)
    made.add(OLU, Role.OPERATOR, OLUS_PIN)
    return made


@pytest.fixture
def chief(browser: Browser, device: Device) -> Browser:
    device.people.add(OLU, Role.OPERATOR, OLUS_PIN)
    return browser


def asked(browser: Browser, path: str, **body: Any) -> tuple[int, str]:
    answer = browser.post(f"/api/{path}", json=body)
    return answer.status_code, answer.json().get("detail", "")


@pytest.mark.parametrize(
    "pin",
    [
        "000000",
        "012345",
        "987654",
        "890123",
        "135791",
        "121212",
        "112233",
        "123123",
        "111222",
        "147258",
        "123321",
        "1212121",
        "20112011",
        "123412341234",
    ],
)
def test_a_row_a_repeat_and_a_pattern_are_guessed_first(pin: str) -> None:
    assert is_guessed_first(pin)
    with pytest.raises(PeopleError, match="guessed first"):
        check_pin(pin)


@pytest.mark.parametrize("pin", [PIN, OLUS_PIN, NEW, "102938", "29111974"])
def test_other_pins_are_taken(pin: str) -> None:
    check_pin(pin)


def test_who_is_removed_may_not_enter_and_nobody_gets_the_name(people: People) -> None:
    people.remove("olu")
    assert people.enter(OLU, OLUS_PIN) == (Entry.WRONG, 0.0)
    assert [p.name for p in people.everybody] == [NAME]
    assert [p.name for p in people.ever] == [NAME, OLU]
    with pytest.raises(PeopleError, match="was here before"):
        people.add("OLU", Role.OPERATOR, NEW)
    with pytest.raises(PeopleError, match="nobody here is called"):
        people.set_pin(OLU, NEW)


def test_who_is_locked_enters_again_once_unlocked(people: People) -> None:
    people.set_locked(OLU, is_locked=True)
    assert people.enter(OLU, OLUS_PIN)[0] is Entry.WRONG
    people.set_locked(OLU, is_locked=False)
    assert people.enter(OLU, OLUS_PIN)[0] is Entry.OPEN


@pytest.mark.parametrize("do", ["remove", "lock", "role"])
def test_the_last_supervisor_stays(people: People, do: str) -> None:
    with pytest.raises(PeopleError, match="is the last supervisor"):
        if do == "remove":
            people.remove(NAME)
        elif do == "lock":
            people.set_locked(NAME, is_locked=True)
        else:
            people.set_role(NAME, Role.OPERATOR)
    people.set_role(OLU, Role.SUPERVISOR)
    people.remove(NAME)


def test_a_new_name_keeps_the_pin_and_the_old_name_stays_taken(
    people: People, tmp_path: Path
) -> None:
    people.rename(OLU, " Olu  Adeyemi ")
    again = People(tmp_path, hasher=QUICK)
    assert again.enter("olu adeyemi", OLUS_PIN)[0] is Entry.OPEN
    assert again.require("Olu Adeyemi").names == ("Olu Adeyemi", OLU)
    with pytest.raises(PeopleError, match="was here before"):
        again.add(OLU, Role.OPERATOR, NEW)
    with pytest.raises(PeopleError, match="is here already"):
        again.rename("Olu Adeyemi", NAME)
    again.rename("Olu Adeyemi", OLU)  # one's own former name is free for oneself
    assert again.require(OLU).names == (OLU, "Olu Adeyemi")


def test_a_list_in_which_nothing_is_new_is_read_by_older_programs(
    people: People, tmp_path: Path
) -> None:
    text = (tmp_path / "people.json").read_text()
    for new in ("former", "is_locked", "is_removed"):
        assert new not in text


@pytest.mark.parametrize(
    ("path", "body", "note", "facts"),
    [
        ("remove", {}, trail.REMOVED, {}),
        ("lock", {"is_locked": True}, trail.LOCKED, {}),
        ("lock", {"is_locked": False}, trail.UNLOCKED, {}),
        ("rename", {"to": "Ola"}, trail.RENAMED, {"to": "Ola"}),
        ("role", {"role": "service"}, trail.ROLE_CHANGED, {"role": "service"}),
        ("pin", {"pin": NEW}, trail.PIN_SET, {}),
    ],
)
def test_what_is_done_to_people_is_kept_and_the_log_names_nobody(
    chief: Browser,
    device: Device,
    path: str,
    body: dict[str, Any],
    note: str,
    facts: dict[str, str],
) -> None:
    assert asked(chief, f"people/{path}", name=OLU, **body)[0] == 200
    [kept] = device.store.log.notes(note)
    assert (kept.by, kept.body["facts"]) == (NAME, {"person": OLU, **facts})
    log = log_text(device)
    assert note in log
    assert OLU not in log
    assert NEW not in str(device.store.reader.events(""))


@pytest.mark.parametrize("path", ["remove", "lock", "pin"])
def test_nobody_shuts_themselves_out(chief: Browser, path: str) -> None:
    more = {"lock": {"is_locked": True}, "pin": {"pin": NEW}}.get(path, {})
    status, why = asked(chief, f"people/{path}", name="AMINA", **more)
    assert (status, why) == (
        409,
        "nobody does this to themselves: another supervisor does",
    )


def test_who_is_locked_is_out_at_once(stranger: Browser, device: Device) -> None:
    device.people.add(OLU, Role.OPERATOR, OLUS_PIN)
    stranger.sign_in(OLU, OLUS_PIN)
    assert stranger.get("/own-pin").status_code == 200
    device.people.set_locked(OLU, is_locked=True)
    assert stranger.get("/own-pin", follow_redirects=False).status_code == 303
    assert OLU not in stranger.get("/sign-in").text


def test_only_a_supervisor_changes_people(stranger: Browser, device: Device) -> None:
    device.people.add(OLU, Role.OPERATOR, OLUS_PIN)
    stranger.sign_in(OLU, OLUS_PIN)
    assert asked(stranger, "people/remove", name=NAME)[0] == 403
    assert asked(stranger, "people/role", name=OLU, role="supervisor")[0] == 403


def test_ones_own_pin_is_changed_by_the_old_one(browser: Browser) -> None:
    assert asked(browser, "own-pin", pin=NEW, new=OLUS_PIN) == (
        401,
        "wrong PIN: nothing was done",
    )
    assert asked(browser, "own-pin", pin=PIN, new="112233")[0] == 409
    assert asked(browser, "own-pin", pin=PIN, new=NEW)[0] == 200
    browser.sign_in(pin=NEW)


def test_a_wrong_pin_does_not_end_a_session_and_says_so_to_the_script(
    browser: Browser,
) -> None:
    wrong = browser.post("/api/own-pin", json={"pin": NEW, "new": OLUS_PIN})
    assert wrong.status_code == 401
    assert "x-leukoscope-sign-in" not in wrong.headers
    browser.cookies.clear()
    browser.refresh()
    out = browser.post("/api/own-pin", json={"pin": PIN, "new": NEW})
    assert out.headers["x-leukoscope-sign-in"] == "1"


def test_nobody_becomes_a_third_reader_by_another_name(
    chief: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_normal=1, n_readers=2)
    status, why = asked(chief, "people/rename", name=NAME, to="Amina B")
    assert status == 409
    assert why == f"{NAME} reads slide {slide} with another: sign it first"
    device.store.review.void(slide, "torn", NAME, key="void-0001")
    assert asked(chief, "people/rename", name=NAME, to="Amina B")[0] == 200
    assert "Amina B" in chief.get("/people").text  # who renames herself stays in


def test_nobody_is_chosen_at_the_sign_in(stranger: Browser) -> None:
    text = stranger.get("/sign-in").text
    assert 'name="name"' in text
    assert " checked" not in text
