"""Who may use a route: by session, by right, by where the request comes from."""

from dataclasses import replace

import pytest
from fastapi import FastAPI, HTTPException, Request, Response
from tests.edge.web.stand_ins import NAME, PIN, StillCounter, fill_slide

from leukoscope_edge.accounts import AT_SCREEN, Right, Role
from leukoscope_edge.errors import StepError
from leukoscope_edge.live import Mode, News
from leukoscope_edge.profile import PageEntry
from leukoscope_edge.records.slides import Action, SlideState
from leukoscope_edge.web.access import (
    SignInFirstError,
    address_of,
    asks_set_up_code,
    at_slides,
    cell_of,
    check_pin,
    check_set_up_code,
    may,
    open_session,
    refusal,
    require,
    signed_in,
    state_now,
)
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.security import COOKIE
from leukoscope_edge.web.trail import UNKNOWN

SCREEN, NETWORK = "127.0.0.1", "192.168.4.20"


def request_of(
    device: Device,
    *,
    host: str | None = SCREEN,
    session: str = "",
    scheme: str = "http",
) -> Request:
    app = FastAPI()
    app.state.device = device
    headers = [(b"cookie", f"{COOKIE}={session}".encode())] if session else []
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "scheme": scheme,
        "server": ("localhost", 8000),
        "headers": headers,
        "query_string": b"",
        "client": (host, 5000) if host is not None else None,
        "app": app,
    }
    return Request(scope)


def signed_in_as(device: Device, role: Role, name: str = "Ben") -> Request:
    person = device.people.add(name, role, PIN)
    session = device.sessions.sign_in(name, person.pin_hash)
    return request_of(device, session=session)


@pytest.fixture
def open_device(device: Device) -> Device:
    """One whose page is open to a network."""
    page = PageEntry(address="192.168.4.1")
    return replace(device, profile=replace(device.profile, page=page))


def test_nobody_is_let_in_without_a_session(device: Device) -> None:
    for session in ("", "made up"):
        with pytest.raises(SignInFirstError):
            signed_in(request_of(device, session=session))


def test_who_is_signed_in_is_known(device: Device) -> None:
    assert signed_in(signed_in_as(device, Role.OPERATOR)).name == "Ben"


@pytest.mark.parametrize(
    ("role", "right", "is_let_in"),
    [
        (Role.OPERATOR, Right.SLIDES, True),
        (Role.OPERATOR, Right.PEOPLE, False),
        (Role.SERVICE, Right.MODEL, True),
        (Role.SERVICE, Right.SLIDES, False),
        (Role.SUPERVISOR, Right.PEOPLE, True),
    ],
)
def test_a_route_lets_pass_who_has_its_right(
    device: Device, role: Role, right: Right, *, is_let_in: bool
) -> None:
    request = signed_in_as(device, role)
    if is_let_in:
        assert may(right)(request).role is role
        return
    with pytest.raises(HTTPException) as refused:
        may(right)(request)
    assert refused.value.status_code == 403


def test_slides_are_for_those_who_may_see_them(device: Device) -> None:
    assert at_slides(signed_in_as(device, Role.OPERATOR)).name == "Ben"
    with pytest.raises(HTTPException):
        at_slides(signed_in_as(device, Role.SERVICE, "Sam"))


@pytest.mark.parametrize(
    ("host", "address"),
    [
        (None, ""),
        (SCREEN, AT_SCREEN),
        ("127.8.9.1", AT_SCREEN),
        ("::1", AT_SCREEN),
        (NETWORK, NETWORK),
        ("fe80::1", "fe80::1"),
        ("no address", "no address"),
    ],
)
def test_only_a_loopback_address_is_the_screen(
    device: Device, host: str | None, address: str
) -> None:
    assert address_of(request_of(device, host=host)) == address


@pytest.mark.parametrize(
    ("is_open", "host", "asks"),
    [(True, NETWORK, True), (True, SCREEN, False), (False, NETWORK, False)],
)
def test_the_code_is_asked_of_whoever_is_not_at_the_screen(
    device: Device, open_device: Device, host: str, *, is_open: bool, asks: bool
) -> None:
    request = request_of(open_device if is_open else device, host=host)
    assert asks_set_up_code(request) is asks


def test_a_wrong_code_is_refused_and_then_waits(open_device: Device) -> None:
    request = request_of(open_device, host=NETWORK)
    check_set_up_code(request, open_device.set_up_code.shown)
    check_set_up_code(request_of(open_device), "wrong, at the screen")
    found = []
    for _ in range(4):
        with pytest.raises(HTTPException) as refused:
            check_set_up_code(request, "1")
        found.append(refused.value)
    assert (found[0].status_code, found[-1].status_code) == (403, 429)
    assert int((found[-1].headers or {})["Retry-After"]) > 0
    [tried] = open_device.store.log.notes(UNKNOWN)
    assert tried.body["facts"] == {"n": 1}


@pytest.mark.parametrize("name", [NAME, "Nobody"])
def test_a_wrong_pin_tells_a_stranger_nothing_of_who_is_here(
    device: Device, name: str
) -> None:
    device.people.add_first(NAME, PIN)
    with pytest.raises(HTTPException) as refused:
        check_pin(request_of(device), name, "999999")
    assert refused.value.status_code == 401
    assert refused.value.detail == refusal(401, "name-or-pin-wrong").detail


def test_a_right_pin_passes_and_a_wrong_one_inside_is_called_that(
    device: Device,
) -> None:
    request = signed_in_as(device, Role.OPERATOR)
    check_pin(request, "Ben", PIN)
    with pytest.raises(HTTPException) as refused:
        check_pin(request, "Ben", "999999")
    assert refused.value.detail == refusal(401, "pin-wrong").detail


def test_a_new_session_ends_the_one_before(device: Device) -> None:
    request = signed_in_as(device, Role.OPERATOR)
    response = Response()
    open_session(request, response, device.people.require("Ben"))
    with pytest.raises(SignInFirstError):
        signed_in(request)
    cookie = response.headers["set-cookie"].split(";")[0].removeprefix(f"{COOKIE}=")
    assert signed_in(request_of(device, session=cookie)).name == "Ben"
    device.people.set_pin("Ben", "529174")  # a forgotten one, or one that leaked
    with pytest.raises(SignInFirstError):
        signed_in(request_of(device, session=cookie))


def test_who_guesses_on_the_network_locks_nobody_out_at_the_screen(
    device: Device,
) -> None:
    device.people.add_first(NAME, PIN)
    statuses = []
    for host in [NETWORK] * 8:
        with pytest.raises(HTTPException) as refused:
            check_pin(request_of(device, host=host), NAME, "999999")
        statuses.append(refused.value.status_code)
    assert statuses[-1] == 429
    check_pin(request_of(device), NAME, PIN)


@pytest.mark.parametrize(("scheme", "is_secure"), [("http", False), ("https", True)])
def test_no_script_reads_the_cookie_and_no_other_page_sends_it(
    device: Device, scheme: str, *, is_secure: bool
) -> None:
    response = Response()
    person = device.people.add_first(NAME, PIN)
    open_session(request_of(device, scheme=scheme), response, person)
    cookie = response.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert ("Secure" in cookie) is is_secure


def test_a_cell_that_is_not_there_is_not_found(device: Device) -> None:
    slide = fill_slide(device, n_normal=1)
    assert cell_of(device, slide, "1").id == "1"
    with pytest.raises(HTTPException) as refused:
        cell_of(device, slide, "2")
    assert refused.value.status_code == 404


def test_the_lens_decides_too_what_may_be_done(device: Device) -> None:
    slide = fill_slide(device, n_normal=1, is_finished=False)
    record = require(device, slide, Action.VOID)
    assert state_now(device, record) is SlideState.PAUSED
    counter = device.counter
    assert isinstance(counter, StillCounter)
    counter.tell(News(mode=Mode.COUNTING, slide=slide, facts={"seq": 1}))
    assert state_now(device, record) is SlideState.COUNTING
    with pytest.raises(StepError, match="while it is counting"):
        require(device, slide, Action.VOID)


def test_a_refusal_has_its_status_and_its_words() -> None:
    found = refusal(404, "no-such-cell", slide="0001", cell="7")
    assert found.status_code == 404
    assert "0001" in found.detail.said()
    assert "7" in found.detail.said()
