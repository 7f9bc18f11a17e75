"""The API about the device: its model, its tests, its records as a whole."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request

from leukoscope_edge import updates
from leukoscope_edge.errors import StepError
from leukoscope_edge.web.access import (
    SignInFirstError,
    check_pin,
    device_of,
    may,
)
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.forms import Accepted, OnStick
from leukoscope_edge.web.model_list import open_slides
from leukoscope_edge.web.orders import BUSY
from leukoscope_edge.web.people import Person, Right, Role
from leukoscope_edge.web.rounds import look_at_model, run_golden
from leukoscope_edge.web.sticks import stick_named

router = APIRouter(prefix="/api")
Checker = Annotated[Person, Depends(may(Right.QUALITY))]
Installer = Annotated[Person, Depends(may(Right.MODEL))]


@router.get("/update")
def update_progress(request: Request) -> dict[str, Any]:
    """Return how far an update is; asking is no sign of life."""
    device = device_of(request)
    if device.person(request, touch=False) is None:
        raise SignInFirstError
    progress = device.desk.progress
    return {
        "stage": progress.stage.value,
        "step": progress.step.name if progress.step else "",
        "fraction": round(progress.fraction, 3),
        "serves": device.bundle.card.id,
    }


@router.post("/update/look")
def look(body: OnStick, request: Request, _: Installer) -> dict[str, str]:
    """Verify what a stick offers."""
    device = device_of(request)
    device.desk.look(device.store, stick_named(device.profile, body.stick))
    return {"next": "/update"}


@router.post("/update/install")
def install(body: OnStick, request: Request, person: Installer) -> dict[str, str]:
    """Begin to install what was looked at."""
    device = device_of(request)
    _require_no_slide(device)
    stick = stick_named(device.profile, body.stick)
    device.desk.install(device.store, stick, person.name)
    return {"next": "/update"}


@router.post("/update/accept")
def accept(body: Accepted, request: Request, _: Installer) -> dict[str, str]:
    """Accept what the new model changes, by the name and PIN of a supervisor."""
    device = device_of(request)
    supervisor = device.people.find(body.name)
    if supervisor is None or supervisor.role is not Role.SUPERVISOR:
        raise HTTPException(403, "only a supervisor accepts what a new model changes")
    check_pin(device, supervisor.name, body.pin)
    device.desk.answer(supervisor.name)
    return {"next": "/update"}


@router.post("/update/decline")
def decline(request: Request, _: Installer) -> dict[str, str]:
    """Accept nothing: the model in use stays."""
    device_of(request).desk.answer(None)
    return {"next": "/update"}


@router.post("/update/clear")
def clear(request: Request, _: Installer) -> dict[str, str]:
    """Forget what came of the last update."""
    device_of(request).desk.clear()
    return {"next": "/update"}


@router.post("/update/roll-back")
def roll_back(request: Request, person: Installer) -> dict[str, str]:
    """Use the model before this one."""
    device = device_of(request)
    _require_no_slide(device)
    device.desk.clear()
    about = updates.device_with(device.store)
    domain = device.bundle.card.domain
    used = updates.roll_back(about, domain, person.name)
    name = updates.name_of(device.store.folder, used.slot, domain)
    device.store.note("model rolled back", {"model": name}, person.name)
    device.desk.say(f"{name} is in use now.")
    look_at_model(device)
    return {"next": "/update"}


@router.post("/device/golden-cells")
def golden_cells(request: Request, person: Checker) -> dict[str, Any]:
    """Run the model's stored cells and compare with the stored answers."""
    device = device_of(request)
    return {"largest_logit_difference": run_golden(device, person.name)}


def _require_no_slide(device: Device) -> None:
    """Let no model change while one counts: a slide is judged by one model.

    Raises:
        StepError: A slide is open.
    """
    newest = device.counter.newest
    if newest.mode in BUSY:
        raise StepError(f"slide {newest.slide} is being counted: finish it first")
    if slides := open_slides(device):
        named = ", ".join(sorted(slides)[:5])
        raise StepError(f"not every slide is counted to its end: finish {named} first")
