"""The API about people: who may use the device, and everybody's own PIN.

What is done is kept in the device's events with who did it; a PIN is in none of them.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from leukoscope_edge.accounts import People, PeopleError, Person, Right, named_apart
from leukoscope_edge.messages import message
from leukoscope_edge.web import trail
from leukoscope_edge.web.access import (
    check_pin,
    device_of,
    may,
    open_session,
    signed_in,
)
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.forms import (
    Locked,
    Named,
    NewPerson,
    NewPin,
    NewRole,
    OwnPin,
    Renamed,
)

router = APIRouter(prefix="/api")
Chief = Annotated[Person, Depends(may(Right.PEOPLE))]
Anybody = Annotated[Person, Depends(signed_in)]
NEXT = {"next": "/people"}


@router.post("/people")
def add(body: NewPerson, request: Request, by: Chief) -> dict[str, str]:
    """Add somebody."""
    person = _people(request).add(body.name, body.role, body.pin)
    return _kept(request, by, trail.ADDED, person, role=person.role.value)


@router.post("/people/remove")
def remove(body: Named, request: Request, by: Chief) -> dict[str, str]:
    """Let somebody be here no more."""
    _require_another(request, body.name, by)
    person = _people(request).remove(body.name)
    device_of(request).drafts.forget(person.name)
    return _kept(request, by, trail.REMOVED, person)


@router.post("/people/lock")
def lock(body: Locked, request: Request, by: Chief) -> dict[str, str]:
    """Let somebody in no more, or again."""
    _require_another(request, body.name, by)
    person = _people(request).set_locked(body.name, is_locked=body.is_locked)
    what = trail.LOCKED if body.is_locked else trail.UNLOCKED
    return _kept(request, by, what, person)


@router.post("/people/rename")
def rename(
    body: Renamed, request: Request, response: Response, by: Chief
) -> dict[str, str]:
    """Give somebody another name."""
    people, store = _people(request), device_of(request).store
    before = people.require(body.name)
    named_apart(before, store.worklist.read_together(before.names))
    person = people.rename(body.name, body.to)
    device = device_of(request)
    device.drafts.rename(before.name, person.name)
    device.update_session.rename(before.name, person.name)
    said = _kept(request, by, trail.RENAMED, before, to=person.name)
    if before.name == by.name:
        open_session(request, response, person)
    return said


@router.post("/people/role")
def set_role(body: NewRole, request: Request, by: Chief) -> dict[str, str]:
    """Give somebody another role."""
    person = _people(request).set_role(body.name, body.role)
    return _kept(request, by, trail.ROLE_CHANGED, person, role=person.role.value)


@router.post("/people/pin")
def set_pin(body: NewPin, request: Request, by: Chief) -> dict[str, str]:
    """Give somebody a PIN in the place of one that was forgotten."""
    _require_another(request, body.name, by)
    person = _people(request).set_pin(body.name, body.pin)
    return _kept(request, by, trail.PIN_SET, person)


@router.post("/own-pin")
def change_own_pin(
    body: OwnPin, request: Request, response: Response, person: Anybody
) -> dict[str, str]:
    """Change one's own PIN; other screens that the old one opened are closed."""
    check_pin(request, person.name, body.pin)
    changed = _people(request).set_pin(person.name, body.new)
    _kept(request, person, trail.PIN_CHANGED, changed)
    open_session(request, response, changed)
    return {"next": "/"}


def _people(request: Request) -> People:
    """Return the people, once what is done to them can be kept."""
    device = device_of(request)
    device.store.require_sound()
    return device.people


def _require_another(request: Request, name: str, by: Person) -> None:
    """Let nobody shut themselves out.

    Raises:
        PeopleError: They are about to, or nobody has this name.
    """
    if device_of(request).people.require(name).name == by.name:
        raise PeopleError(message("not-yourself").said())


def _kept(
    request: Request, by: Person, what: str, person: Person, **facts: Any
) -> dict[str, str]:
    device: Device = device_of(request)
    told = {"person": person.name, **facts}
    device.trail.note(device.store, what, told, by.name)
    return NEXT
