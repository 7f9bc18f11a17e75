"""Who may use a route, and the session that says who it is."""

from collections.abc import Callable
from ipaddress import ip_address
from typing import Annotated

from fastapi import HTTPException, Path, Request, Response

from leukoscope_edge.accounts import AT_SCREEN, Entry, Person, Right
from leukoscope_edge.messages import Param, message
from leukoscope_edge.records.slides import (
    Action,
    CellRecord,
    SlideRecord,
    SlideState,
    state_of,
)
from leukoscope_edge.web.device import Device, has_right
from leukoscope_edge.web.security import COOKIE, session_of
from leukoscope_edge.web.trail import KEPT_OUT

SlideId = Annotated[str, Path(pattern=r"^[0-9]{4,12}$")]

CellId = Annotated[str, Path(max_length=16, pattern=r"^[rm0-9][0-9.]*$")]


class SignInFirstError(Exception):
    """Nobody is signed in, or the session locked."""


def device_of(request: Request) -> Device:
    """Return the device that a request is for."""
    device: Device = request.app.state.device
    return device


def signed_in(request: Request) -> Person:
    """Return who is signed in.

    Raises:
        SignInFirstError: Nobody is.
    """
    person = device_of(request).person(request)
    if person is None:
        raise SignInFirstError
    return person


def may(right: Right) -> Callable[[Request], Person]:
    """Return a dependency that lets only those with a right pass."""

    def check(request: Request) -> Person:
        person = signed_in(request)
        if not has_right(person, right):
            raise refusal(403, "role-may-not")
        return person

    return check


def at_slides(request: Request) -> Person:
    """Let those pass who may see slides, once the records were looked through.

    Raises:
        RecordError: They are still being looked through, or they are damaged.
    """
    person = may(Right.SLIDES)(request)
    device_of(request).store.require_sound()
    return person


def open_session(request: Request, response: Response, person: Person) -> None:
    """Sign somebody in under a new session id."""
    device = device_of(request)
    device.sessions.sign_out(session_of(request.headers))
    session = device.sessions.sign_in(person.name, person.pin_hash)
    set_session(request, response, session)


def set_session(request: Request, response: Response, session: str) -> None:
    """Put a session's id into the browser's cookie."""
    response.set_cookie(
        COOKIE,
        session,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def cell_of(device: Device, slide: str, cell: str) -> CellRecord:
    """Return one cell of a slide.

    Raises:
        HTTPException: There is none of that id (404).
    """
    found = [c for c in device.store.reader.slide(slide).cells if c.id == cell]
    if not found:
        raise refusal(404, "no-such-cell", slide=slide, cell=cell)
    return found[0]


def state_now(device: Device, record: SlideRecord) -> SlideState:
    """Return where a slide stands, by its records and by the counting process."""
    return state_of(record.state, device.counter.newest.live_at(record.id))


def require(device: Device, slide: str, action: Action) -> SlideRecord:
    """Return a slide with which something may be done now.

    Raises:
        StepError: It may not, or there is no such slide.
    """
    live = device.counter.newest.live_at(slide)
    return device.store.reader.require(slide, action, live)


def address_of(request: Request) -> str:
    """Return where a request comes from; the device's own screen has no address."""
    host = request.client.host if request.client else ""
    try:
        return AT_SCREEN if ip_address(host).is_loopback else host
    except ValueError:
        return host


def asks_set_up_code(request: Request) -> bool:
    """Say whether the first start is reached from somewhere else than the device."""
    is_open = not device_of(request).profile.page.is_loopback
    return is_open and address_of(request) != AT_SCREEN


def check_set_up_code(request: Request, typed: str) -> None:
    """Let nobody on a network be the first who does not see the device's screen.

    Raises:
        HTTPException: The code is wrong (403), or somebody guesses (429).
    """
    if not asks_set_up_code(request):
        return
    device = device_of(request)
    is_right, left_s = device.set_up_code.is_right(typed)
    if is_right:
        return
    device.trail.unknown(device.store)
    if left_s > 0:
        raise HTTPException(
            429,
            message("codes-wait", n=f"{left_s:.0f}"),
            {"Retry-After": f"{left_s:.0f}"},
        )
    raise refusal(403, "type-the-code")


def refusal(status: int, id_: str, /, **params: Param) -> HTTPException:
    """Return what a person is told where the page does not do what was asked.

    Args:
        status: Of HTTP.
        id_: Of the message.
        params: What stands in its braces.
    """
    return HTTPException(status, message(id_, **params))


def check_pin(request: Request, name: str, pin: str) -> None:
    """Let only the right PIN pass, and keep that a wrong one was tried.

    Raises:
        HTTPException: It is wrong (401), or somebody guesses (429).
    """
    device, address = device_of(request), address_of(request)
    entry, wait_s = device.people.enter(name, pin, address)
    if entry is Entry.WAIT:
        raise HTTPException(
            429,
            message("pins-wait", n=f"{wait_s:.0f}"),
            {"Retry-After": f"{wait_s:.0f}"},
        )
    if entry is Entry.WRONG:
        if person := device.people.find(name):
            facts = {"from": address or "the screen"}
            device.trail.note(device.store, KEPT_OUT, facts, person.name)
        else:
            device.trail.unknown(device.store)
        is_in = device.person(request, touch=False) is not None
        raise refusal(401, "pin-wrong" if is_in else "name-or-pin-wrong")
