"""Who came in and who was kept out is kept, and nothing of what was typed."""

import json
from typing import Any

import pytest
from tests.edge.web.stand_ins import NAME, PIN, Browser

from leukoscope_edge.accounts import Role
from leukoscope_edge.errors import RecordError
from leukoscope_edge.records import Store
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.trail import (
    ADDED,
    KEPT_OUT,
    SIGNED_IN,
    SUM_UP_S,
    UNKNOWN,
    Trail,
)

TYPED = "Fatima Diallo"


def notes(device: Device, what: str) -> list[tuple[str, dict[str, Any]]]:
    return [(e.by, e.body["facts"]) for e in device.store.log.notes(what)]


def test_who_signs_in_is_kept(browser: Browser, device: Device) -> None:
    ((by, facts),) = notes(device, SIGNED_IN)
    assert (by, facts) == (NAME, {"from": "testclient", "role": "supervisor"})


def test_a_wrong_pin_is_kept_under_the_name_that_it_was_for(
    stranger: Browser, device: Device
) -> None:
    stranger.refresh()
    for name in (NAME, TYPED):
        stranger.post("/api/sign-in", json={"name": name, "pin": "999999"})
    assert notes(device, KEPT_OUT) == [(NAME, {"from": "testclient"})]
    assert notes(device, UNKNOWN) == [("device", {"n": 1})]
    written = json.dumps([e.body for e in device.store.reader.events("")])
    assert TYPED not in written
    assert "999999" not in written


def test_who_was_added_is_kept_with_who_did_it(
    browser: Browser, device: Device
) -> None:
    answer = browser.post(
        "/api/people", json={"name": "Ben", "pin": "483920", "role": "operator"}
    )
    assert answer.status_code == 200
    assert notes(device, ADDED) == [(NAME, {"person": "Ben", "role": "operator"})]


def test_a_new_pin_ends_the_sessions_that_the_old_one_opened(
    browser: Browser, device: Device
) -> None:
    assert browser.get("/people").status_code == 200
    device.people.set_pin(NAME, "483920")
    assert browser.get("/people", follow_redirects=False).status_code == 303
    browser.sign_in(pin="483920")
    device.people.add("Ben", Role.OPERATOR, PIN)  # another's PIN ends nothing of ours
    assert browser.get("/people").status_code == 200


class FullStore:
    """A store whose disk is full, until there is room."""

    def __init__(self) -> None:
        self.is_full, self.kept, self.log = True, list[tuple[str, str]](), self

    def note(self, what: str, facts: dict[str, Any], by: str) -> None:
        if self.is_full:
            raise RecordError("full")
        self.kept.append((what, by))


def test_a_full_disk_keeps_nobody_out_and_loses_nothing_of_it() -> None:
    store, trail = FullStore(), Trail()
    full: Store = store  # type: ignore[assignment]
    trail.note(full, SIGNED_IN, {}, "Ann")
    assert store.kept == []
    store.is_full = False
    trail.note(full, SIGNED_IN, {}, "Ben")
    assert store.kept == [(SIGNED_IN, "Ann"), (SIGNED_IN, "Ben")]


def test_unknown_names_are_summed_up() -> None:
    now = [0.0]
    store, trail = FullStore(), Trail(clock=lambda: now[0])
    full: Store = store  # type: ignore[assignment]
    store.is_full = False
    for _ in range(100):
        trail.unknown(full)
    assert len(store.kept) == 1
    now[0] += SUM_UP_S
    trail.unknown(full)
    assert len(store.kept) == 2


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "Amina\\ud800", "pin": "483920"}',
        b'{"name": "Amina", "pin": NaN}',
        b'{"name": ["Amina"], "pin": "483920"}',
        b'{"name": "Amina", "pin": "483920", "483920": 1}',
        b'{"name": "Amina", "pin": "483920"',
        b"[" * 20000 + b"]" * 20000,
        "\ud800".encode("utf-8", "surrogatepass"),
        b"",
    ],
)
def test_a_body_that_is_not_understood_is_not_repeated(
    stranger: Browser, device: Device, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    stranger.refresh()
    answer = stranger.post(
        "/api/sign-in", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code in (400, 422)
    for text in (answer.text, caplog.text):
        assert "483920" not in text
        assert "Amina" not in text
    assert not device.page_faults
