"""Sessions: opened by a PIN, closed by leaving or by time."""

import asyncio
from typing import Any

import pytest
from starlette.datastructures import Headers
from tests.edge.web.stand_ins import NAME, PIN, Browser
from tests.waiting import Clock

from leukoscope_edge.web.app import create_app
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.security import (
    LOCK_AFTER_S,
    MAX_BODY_BYTES,
    TOKEN_HEADER,
    Sessions,
    _content_length,
    _limited,
    session_of,
)


def test_nobody_is_signed_in_at_first() -> None:
    sessions = Sessions()
    assert sessions.person("") is None
    assert sessions.person(sessions.new_id()) is None


@pytest.mark.parametrize(
    ("idle_s", "is_open"),
    [(0.0, True), (300.0, True), (300.5, False)],
)
def test_a_session_locks_after_five_idle_minutes(idle_s: float, is_open: bool) -> None:
    clock = Clock()
    sessions = Sessions(clock=clock)
    session = sessions.sign_in("Amina")
    clock.now_s += idle_s
    assert (sessions.person(session) == "Amina") is is_open
    assert len(sessions) == is_open  # what is locked is forgotten


def test_a_cookie_that_no_browser_writes_is_no_session() -> None:
    assert session_of(Headers({"cookie": "leukoscope_session=x"})) == "x"
    assert session_of(Headers({"cookie": "a/b=1; leukoscope_session=x"})) == ""


def test_a_touch_keeps_it_open_and_a_look_does_not() -> None:
    clock = Clock()
    sessions = Sessions(clock=clock)
    touched, looked_at = sessions.sign_in("A"), sessions.sign_in("B")
    for _ in range(4):
        clock.now_s += LOCK_AFTER_S / 2
        sessions.person(touched)
        sessions.person(looked_at, touch=False)
    assert sessions.person(touched) == "A"
    assert sessions.person(looked_at) is None


def test_sessions_that_nobody_left_are_not_kept_for_ever() -> None:
    clock = Clock()
    sessions = Sessions(clock=clock)
    for _ in range(100):
        clock.now_s += LOCK_AFTER_S / 2
        newest = sessions.sign_in("A")
    assert len(sessions) <= 3
    assert sessions.person(newest) == "A"


def test_a_token_opens_its_own_session_only() -> None:
    sessions = Sessions()
    one, other = sessions.new_id(), sessions.new_id()
    assert sessions.is_token(one, sessions.token(one))
    assert not sessions.is_token(one, sessions.token(other))
    assert not sessions.is_token("", sessions.token(""))
    assert not Sessions().is_token(one, sessions.token(one))


def test_the_cookie_is_for_the_server_alone_and_changes_at_sign_in(
    stranger: Browser,
) -> None:
    before = stranger.get("/sign-in").headers["set-cookie"]
    assert "HttpOnly" in before
    assert "SameSite=strict" in before
    stranger.refresh()
    answer = stranger.post("/api/sign-in", json={"name": NAME, "pin": PIN})
    assert answer.headers["set-cookie"].split(";")[0] != before.split(";")[0]


def test_every_answer_keeps_foreign_script_frames_and_caches_out(
    stranger: Browser,
) -> None:
    found = stranger.get("/sign-in").headers
    policy = found["content-security-policy"].split("; ")
    assert policy[0] == "default-src 'self'"
    nothing = {"object-src", "base-uri", "form-action", "frame-ancestors"}
    assert {p.removesuffix(" 'none'") for p in policy if "none" in p} == nothing
    assert found["x-frame-options"] == "DENY"
    assert found["x-content-type-options"] == "nosniff"
    assert found["referrer-policy"] == "no-referrer"
    assert found["cross-origin-opener-policy"] == "same-origin"
    assert found["cross-origin-resource-policy"] == "same-origin"
    assert found["cache-control"] == "no-store"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "FROBNICATE"])
def test_whatever_may_change_something_needs_the_token(
    browser: Browser, method: str
) -> None:
    headers = {TOKEN_HEADER: "guessed"}
    assert browser.request(method, "/api/here", headers=headers).status_code == 403


def test_no_form_is_larger_than_64_kib() -> None:
    assert MAX_BODY_BYTES == 65_536


def test_leaving_closes_the_session(browser: Browser) -> None:
    assert browser.get("/").status_code == 200
    assert browser.post("/api/sign-out", json={}).status_code == 200
    assert browser.get("/", follow_redirects=False).status_code == 303


def test_guessing_is_told_to_wait(stranger: Browser) -> None:
    stranger.refresh()
    guesses = [
        stranger.post("/api/sign-in", json={"name": NAME, "pin": "999999"})
        for _ in range(4)
    ]
    assert [g.status_code for g in guesses] == [401, 401, 401, 429]
    assert int(guesses[-1].headers["retry-after"]) > 0


def test_the_second_set_up_is_refused(stranger: Browser) -> None:
    stranger.refresh()
    answer = stranger.post("/api/set-up", json={"name": "Eve", "pin": "918273"})
    assert answer.status_code == 409
    assert stranger.get("/set-up", follow_redirects=False).status_code == 303


@pytest.mark.parametrize(
    ("said", "n_bytes"),
    [
        (None, 0),
        ("0", 0),
        ("7", 7),
        ("x", MAX_BODY_BYTES + 1),
        ("²", MAX_BODY_BYTES + 1),
    ],
)
def test_a_length_that_is_no_number_is_too_long(said: str | None, n_bytes: int) -> None:
    headers = Headers({} if said is None else {"content-length": said})
    assert _content_length(headers) == n_bytes


def test_a_body_in_pieces_without_a_length_has_an_end_too() -> None:
    pieces = [b"x" * (MAX_BODY_BYTES // 2)] * 3

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": pieces.pop(), "more_body": True}

    async def read_all() -> list[str]:
        limited = _limited(receive)
        return [(await limited())["type"] for _ in range(3)]

    kinds = asyncio.run(read_all())
    assert kinds == ["http.request", "http.request", "http.disconnect"]


@pytest.mark.parametrize(
    ("headers", "is_let_in"),
    [
        ({}, True),
        ({"origin": "http://localhost:8000"}, True),
        ({"origin": "http://localhost:9000"}, False),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://[::"}, False),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
    ],
)
def test_only_a_page_of_this_very_address_may_change_anything(
    browser: Browser, headers: dict[str, str], is_let_in: bool
) -> None:
    answer = browser.post("/api/sign-out", json={}, headers=headers)
    assert answer.status_code == (200 if is_let_in else 403)


@pytest.mark.parametrize("token", ["", "0" * 64])
def test_nothing_changes_without_the_token_of_the_page(
    browser: Browser, token: str
) -> None:
    headers = {TOKEN_HEADER: token}
    assert browser.post("/api/sign-out", json={}, headers=headers).status_code == 403
    assert browser.post("/api/sign-out", json={}).status_code == 200


@pytest.mark.parametrize(("beyond", "is_too_much"), [(0, False), (1, True)])
def test_a_body_may_be_as_long_as_is_allowed_and_no_longer(
    browser: Browser, beyond: int, *, is_too_much: bool
) -> None:
    answer = browser.post("/api/sign-out", content=b" " * (MAX_BODY_BYTES + beyond))
    assert (answer.status_code == 413) is is_too_much


def test_a_new_sign_in_closes_the_session_before(
    browser: Browser, device: Device
) -> None:
    (before,) = device.sessions._open
    browser.post("/api/sign-in", json={"name": NAME, "pin": PIN})
    assert before not in device.sessions._open


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_cookie_is_secure_where_the_page_is(device: Device, scheme: str) -> None:
    device.people.add_first(NAME, PIN)
    with Browser(create_app(device), base_url=f"{scheme}://localhost:8000") as client:
        cookie = client.get("/sign-in").headers["set-cookie"]
    assert ("Secure" in cookie) == (scheme == "https")


@pytest.mark.parametrize(
    ("opened_by", "now", "is_so"),
    [("a", "a", True), ("a", "b", False), ("", "b", True)],
)
def test_a_session_knows_which_pin_opened_it(
    opened_by: str, now: str, is_so: bool
) -> None:
    sessions = Sessions()
    session = sessions.sign_in("Amina", opened_by)
    assert sessions.is_opened_by(session, now) is is_so
    assert sessions.is_opened_by("nobody's", now) is False
