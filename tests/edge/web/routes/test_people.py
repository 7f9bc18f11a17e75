"""Who may use the device: removed, locked, renamed, given a role or a PIN, and kept."""

import html
from typing import Any

import pytest
from tests.edge.web.stand_ins import NAME, PIN, Browser, fill_slide

from leukoscope_edge.accounts import Role
from leukoscope_edge.messages import message
from leukoscope_edge.records import DAMAGED
from leukoscope_edge.records.integrity import Integrity, IntegrityCheck
from leukoscope_edge.web import trail
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.log import log_text

OLU, OLUS_PIN, NEW = "Olu", "739105", "860273"


@pytest.fixture
def chief(browser: Browser, device: Device) -> Browser:
    device.people.add(OLU, Role.OPERATOR, OLUS_PIN)
    return browser


def asked(browser: Browser, path: str, **body: Any) -> tuple[int, str]:
    answer = browser.post(f"/api/{path}", json=body)
    return answer.status_code, answer.json().get("detail", "")


def is_in(browser: Browser) -> bool:
    """Whether whoever looks is signed in still."""
    return browser.get("/people", follow_redirects=False).status_code == 200


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


def test_nothing_is_done_to_people_where_it_could_not_be_kept(
    chief: Browser, device: Device
) -> None:
    device.store.end_copy()  # or its own look may come between
    IntegrityCheck(device.store.folder).say(Integrity.DAMAGED)
    before = device.people.everybody
    new = {"name": "Ben", "role": "operator", "pin": NEW}
    assert asked(chief, "people", **new) == (409, DAMAGED.said())
    assert asked(chief, "people/pin", name=OLU, pin=NEW) == (409, DAMAGED.said())
    assert device.people.everybody == before


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


def test_ones_own_pin_is_changed_by_the_old_one(
    browser: Browser, device: Device
) -> None:
    assert asked(browser, "own-pin", pin=NEW, new=OLUS_PIN) == (
        401,
        "wrong PIN: nothing was done",
    )
    assert asked(browser, "own-pin", pin=PIN, new="112233")[0] == 409
    assert asked(browser, "own-pin", pin=PIN, new=NEW)[0] == 200
    [kept] = device.store.log.notes(trail.PIN_CHANGED)
    assert (kept.by, kept.body["facts"]) == (NAME, {"person": NAME})
    assert is_in(browser)  # by the new one
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


def test_what_one_person_was_told_and_typed_goes_with_a_new_name(
    chief: Browser, device: Device
) -> None:
    told = message("backup-on-stick", name="a.backup")
    device.update_session.say_to(NAME, told)
    device.drafts.keep(NAME, "/slides/new", {"comment": "typed"})
    assert asked(chief, "people/rename", name=NAME, to="Ama") == (200, "")
    assert device.update_session.told_to(NAME) is None
    assert device.update_session.told_to("Ama") == told
    assert device.drafts.of("Ama", "/slides/new") == {"comment": "typed"}
    assert told.said() in html.unescape(chief.get("/device").text)


def test_nobody_becomes_a_third_reader_by_another_name(
    chief: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_normal=1, n_readers=2)
    status, why = asked(chief, "people/rename", name=NAME, to="Amina B")
    assert status == 409
    assert why == f"{NAME} reads slide {slide} with another: sign it first"
    device.store.review.void(slide, "torn", NAME, key="void-0001")
    assert asked(chief, "people/rename", name=NAME, to="Amina B")[0] == 200
    assert is_in(chief)  # who renames herself stays in
