"""Who may use a route, and the session that says who it is."""

from collections.abc import Callable
from typing import Annotated

from fastapi import HTTPException, Path, Request, Response

from leukoscope_edge.web.device import Device, has_right
from leukoscope_edge.web.people import Person, Right
from leukoscope_edge.web.security import COOKIE, session_of

SlideId = Annotated[str, Path(pattern=r"^[0-9]{4,12}$")]


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
            raise HTTPException(403, f"{person.role.value}s may not do this")
        return person

    return check


def open_session(request: Request, response: Response, person: Person) -> None:
    """Sign somebody in under a new session id."""
    device = device_of(request)
    device.sessions.sign_out(session_of(request.headers))
    set_session(request, response, device.sessions.sign_in(person.name))


def set_session(request: Request, response: Response, session: str) -> None:
    """Put a session's id into the browser's cookie."""
    response.set_cookie(
        COOKIE,
        session,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
