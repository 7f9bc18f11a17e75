"""What was typed and not sent: for whoever typed it, on the same screen, in memory."""

from pathlib import Path

from tests.edge.web.stand_ins import NAME, PIN, Browser

from leukoscope_edge.accounts import Drafts, Role
from leukoscope_edge.web.device import Device

FIELD = "/api/people name"
TYPED = "Grace Otieno"


def keep(browser: Browser, text: str, path: str = "/people") -> int:
    texts = {FIELD: text} if text else {}
    answer = browser.post("/api/drafts", json={"path": path, "texts": texts})
    return answer.status_code


def test_nothing_typed_is_nothing_kept() -> None:
    drafts = Drafts()
    assert drafts.of("ann", "/") == {}
    drafts.keep("ann", "", {})
    assert drafts.of("ann", "/") == {}


def test_of_each_person_the_last_screen_is_kept() -> None:
    drafts = Drafts()
    drafts.keep("ann", "/a", {"x": "1"})
    drafts.keep("ben", "/a", {"x": "2"})
    drafts.keep("ann", "/b", {"x": "3"})
    drafts.keep("ann", "/a", {})  # of a screen that is kept no more
    assert drafts.of("ann", "/a") == {}
    assert drafts.of("ann", "/b") == {"x": "3"}
    assert drafts.of("ben", "/a") == {"x": "2"}
    drafts.forget("ben")
    assert drafts.of("ben", "/a") == {}


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
