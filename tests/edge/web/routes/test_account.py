"""The API about who is here: the first, signing in, drafts, and the calibration."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import cv2
import pytest
from tests.edge.web.stand_ins import NAME, PIN, PROFILE, Browser, StillCounter
from tests.simulated import camera_on

from leukoscope_edge.accounts import Role
from leukoscope_edge.live import Command, Mode, News
from leukoscope_edge.messages import message
from leukoscope_edge.profile import PageEntry
from leukoscope_edge.records.integrity import Integrity, IntegrityCheck
from leukoscope_edge.web.app import create_app
from leukoscope_edge.web.device import Device


def test_the_calibration_picture_is_ordered_and_the_camera_given_back(
    browser: Browser, device: Device
) -> None:
    counter = cast(StillCounter, device.counter)
    for on in (True, False):
        assert browser.post("/api/device/picture", json={"on": on}).status_code == 200
    assert [(o.do, o.slide) for o in counter.orders] == [
        (Command.PREVIEW, ""),
        (Command.REST, ""),
    ]
    counter.tell(News(mode=Mode.COUNTING, slide="0001", facts={"seq": 1}))
    browser.post("/api/device/picture", json={"on": True})
    assert len(counter.orders) == 2  # its picture is there; the count is not disturbed


@pytest.mark.parametrize(("factor", "warns"), [(1.0, False), (2.0, True)])
def test_the_page_warns_of_red_cells_that_do_not_fit_the_scale(
    browser: Browser, device: Device, factor: float, warns: bool
) -> None:
    camera = camera_on("simulated:seed=3,cells=30")
    pixels = cv2.resize(camera.render(0)[..., ::-1], None, fx=factor, fy=factor)
    jpeg = cv2.imencode(".jpg", pixels)[1].tobytes()
    counter = cast(StillCounter, device.counter)
    counter.tell(News(mode=Mode.PREVIEW, slide="", facts={"seq": 1}, jpeg=jpeg))
    answer = browser.post("/api/device/red-cells", json={}).json()
    assert bool(answer["warning"]) is warns


def test_without_a_picture_no_red_cells_are_checked(browser: Browser) -> None:
    answer = browser.post("/api/device/red-cells", json={})
    why = message("calibrate-then-show").said()
    assert (answer.status_code, answer.json()["detail"]) == (409, why)


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
    [kept] = open_device.store.log.notes("set up")
    assert (kept.by, kept.body["facts"]) == (NAME, {"role": "supervisor"})


def test_nobody_is_the_first_where_it_could_not_be_kept(
    open_device: Device, browser_at: Open
) -> None:
    open_device.store.end_copy()  # or its own look may come between
    IntegrityCheck(open_device.store.folder).say(Integrity.DAMAGED)
    assert browser_at(SCREEN).post("/api/set-up", json=FIRST).status_code == 409
    assert open_device.people.everybody == []


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


FIELD = "/api/people name"
TYPED = "Grace Otieno"


def keep(browser: Browser, text: str, path: str = "/people") -> int:
    texts = {FIELD: text} if text else {}
    answer = browser.post("/api/drafts", json={"path": path, "texts": texts})
    return answer.status_code


def test_it_outlives_a_lock_and_is_shown_to_nobody_else(
    browser: Browser, device: Device
) -> None:
    device.people.add("Bela", Role.SUPERVISOR, PIN)
    assert keep(browser, TYPED) == 200
    browser.post("/api/sign-out")
    browser.sign_in("Bela")
    assert TYPED not in browser.get("/people").text
    browser.post("/api/sign-out")
    browser.sign_in(NAME)
    assert TYPED in browser.get("/people").text
    assert TYPED not in browser.get("/").text
    keep(browser, "")
    assert TYPED not in browser.get("/people").text


def test_nobody_who_is_not_signed_in_keeps_anything(stranger: Browser) -> None:
    stranger.refresh()
    assert keep(stranger, TYPED) == 401


def test_it_is_in_memory_alone(browser: Browser, device: Device) -> None:
    keep(browser, TYPED)
    files = [p for p in Path(device.store.folder).rglob("*") if p.is_file()]
    assert files
    assert not [p for p in files if TYPED.encode() in p.read_bytes()]


def test_who_is_removed_leaves_no_draft(browser: Browser, device: Device) -> None:
    device.people.add("Bela", Role.OPERATOR, PIN)
    device.drafts.keep("Bela", "/people", {FIELD: TYPED})
    assert browser.post("/api/people/remove", json={"name": "Bela"}).status_code == 200
    assert device.drafts.of("Bela", "/people") == {}
