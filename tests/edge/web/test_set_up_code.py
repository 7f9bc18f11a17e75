"""From a network nobody is the first without the code of the device's screen."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.edge.web.stand_ins import NAME, PIN, PROFILE, Browser

from leukoscope_edge.accounts import SetUpCode
from leukoscope_edge.profile import PageEntry
from leukoscope_edge.web.app import create_app
from leukoscope_edge.web.device import Device

URL = "http://localhost:8000"
SCREEN, NETWORK = ("127.0.0.1", 50000), ("192.168.4.20", 50000)
FIRST = {"name": NAME, "pin": PIN}
Open = Callable[[tuple[str, int]], Browser]


@pytest.fixture
def open_device(device: Device) -> Device:
    """One whose page is open to a network."""
    page = PageEntry(address="192.168.4.1")
    return replace(device, profile=replace(PROFILE, page=page))


@pytest.fixture
def browser_at(open_device: Device) -> Open:
    def opened(client: tuple[str, int]) -> Browser:
        browser = Browser(create_app(open_device), base_url=URL, client=client)
        browser.refresh()
        return browser

    return opened


def test_the_screen_shows_the_code_and_needs_none(
    open_device: Device, browser_at: Open
) -> None:
    browser = browser_at(SCREEN)
    text = browser.get("/set-up").text
    assert open_device.set_up_code.shown in text
    assert 'name="code"' not in text
    assert browser.post("/api/set-up", json=FIRST).status_code == 200


def test_a_stranger_sees_no_code_and_is_not_the_first(
    open_device: Device, browser_at: Open
) -> None:
    browser = browser_at(NETWORK)
    text = browser.get("/set-up").text
    assert open_device.set_up_code.shown not in text
    assert 'name="code"' in text
    for wrong in ({}, {"code": ""}, {"code": "x"}):
        answer = browser.post("/api/set-up", json=FIRST | wrong)
        assert answer.status_code in (403, 429)
    assert open_device.people.everybody == []


def test_who_reads_it_from_the_screen_is(open_device: Device, browser_at: Open) -> None:
    body = FIRST | {"code": open_device.set_up_code.shown}
    assert browser_at(NETWORK).post("/api/set-up", json=body).status_code == 200
    (person,) = open_device.people.everybody
    assert person.name == NAME


def test_guessing_waits_on_the_network_and_not_at_the_screen(
    open_device: Device, browser_at: Open
) -> None:
    stranger = browser_at(NETWORK)
    statuses = [
        stranger.post("/api/set-up", json=FIRST | {"code": "1"}).status_code
        for _ in range(4)
    ]
    assert (statuses[0], statuses[-1]) == (403, 429)
    right = FIRST | {"code": open_device.set_up_code.shown}
    answer = stranger.post("/api/set-up", json=right)
    assert (answer.status_code, answer.headers["retry-after"] != "0") == (429, True)
    assert browser_at(SCREEN).post("/api/set-up", json=FIRST).status_code == 200


def test_a_page_of_this_machine_alone_asks_for_none(device: Device) -> None:
    browser = Browser(create_app(device), base_url=URL, client=SCREEN)
    browser.refresh()
    text = browser.get("/set-up").text
    assert device.set_up_code.shown not in text
    assert browser.post("/api/set-up", json=FIRST).status_code == 200


def test_a_code_is_eight_digits_however_they_are_typed() -> None:
    now = [0.0]
    code = SetUpCode(clock=lambda: now[0])
    digits = code.shown.replace("-", "")
    assert len(digits) == 8
    assert code.shown != SetUpCode().shown  # one in a hundred million
    for typed in (digits, code.shown, f" {digits[:4]} {digits[4:]} "):
        assert code.is_right(typed) == (True, 0.0)
    for typed in ("", "-", digits[:7], digits + "0"):
        is_right, waits_s = code.is_right(typed)
        assert not is_right
        now[0] += waits_s
    assert code.is_right(digits) == (True, 0.0)
