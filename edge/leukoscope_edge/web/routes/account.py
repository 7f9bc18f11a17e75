"""The API about people and the device. Nothing here is changed by a GET.

The guard has already checked host, origin and token. Every route names the right that
it needs.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from leukoscope_edge.accounts import Person, Right
from leukoscope_edge.capture.stored import decode_own
from leukoscope_edge.errors import StepError
from leukoscope_edge.live import AT_A_SLIDE, Command, Order
from leukoscope_edge.messages import message
from leukoscope_edge.quality import Scale, keep_scale, measure_scale
from leukoscope_edge.vision.scale import check_red_cells
from leukoscope_edge.web.access import (
    address_of,
    check_pin,
    check_set_up_code,
    device_of,
    may,
    open_session,
    refusal,
    signed_in,
)
from leukoscope_edge.web.device import LANGUAGE_COOKIE
from leukoscope_edge.web.forms import (
    ChosenLanguage,
    LineForm,
    SetUp,
    Showing,
    SignIn,
    Typed,
    UnderObjective,
)
from leukoscope_edge.web.security import session_of
from leukoscope_edge.web.trail import SIGNED_IN

router = APIRouter(prefix="/api")
Calibrator = Annotated[Person, Depends(may(Right.DEVICE))]
YEAR_S = 365 * 24 * 3600


@router.post("/set-up")
def set_up(body: SetUp, request: Request, response: Response) -> dict[str, str]:
    """Add the first person and sign them in."""
    device = device_of(request)
    device.store.require_sound()  # else a note of it could not be kept
    check_set_up_code(request, body.code)
    person = device.people.add_first(body.name, body.pin)
    device.store.log.note("set up", {"role": person.role.value}, person.name)
    open_session(request, response, person)
    return {"next": "/"}


@router.post("/sign-in")
def sign_in(body: SignIn, request: Request, response: Response) -> dict[str, Any]:
    """Open a session."""
    device = device_of(request)
    check_pin(request, body.name, body.pin)
    person = device.people.find(body.name)
    if person is None:
        raise refusal(401, "name-or-pin-wrong")
    facts = {"from": address_of(request) or "the screen", "role": person.role.value}
    device.trail.note(device.store, SIGNED_IN, facts, person.name)
    open_session(request, response, person)
    return {"next": "/"}


@router.post("/sign-out")
def sign_out(request: Request) -> dict[str, str]:
    """Close the session."""
    device = device_of(request)
    if person := device.person(request, touch=False):
        device.update_session.leave(person.name)
    device.sessions.sign_out(session_of(request.headers))
    return {"next": "/sign-in"}


@router.post("/here", dependencies=[Depends(signed_in)])
def here() -> dict[str, str]:
    """Take a sign of life, so that the session does not lock."""
    return {}


@router.post("/drafts")
def keep_drafts(
    body: Typed, request: Request, person: Annotated[Person, Depends(signed_in)]
) -> dict[str, str]:
    """Keep what somebody typed and has not sent, in memory alone."""
    device_of(request).drafts.keep(person.name, body.path, body.texts)
    return {}


@router.post("/language")
def choose_language(
    body: ChosenLanguage, request: Request, response: Response
) -> dict[str, str]:
    """Keep which language this browser shows."""
    if body.language not in device_of(request).languages:
        raise refusal(422, "language-not-here")
    response.set_cookie(
        LANGUAGE_COOKIE, body.language, max_age=YEAR_S, samesite="strict"
    )
    return {"next": ""}


@router.post("/device/calibration")
def calibrate(body: LineForm, request: Request, person: Calibrator) -> dict[str, Any]:
    """Keep the scale that a line of a stage micrometer gives."""
    device = device_of(request)
    um_per_px = measure_scale((body.x0, body.y0), (body.x1, body.y1), body.length_um)
    scale = Scale(um_per_px=um_per_px, width_px=body.width_px, height_px=body.height_px)
    camera = device.profile.camera
    keep_scale(device.store, camera, body.objective, scale, person.name)
    return {"um_per_px": um_per_px}


@router.post("/device/picture")
def show_picture(
    body: Showing,
    request: Request,
    person: Calibrator,
) -> dict[str, str]:
    """Show what the camera sees without a slide, or give the camera back.

    Where a slide is under the lens its picture is there already, and stays.
    """
    counter = device_of(request).counter
    if not body.on:
        counter.order(Order(do=Command.REST, by=person.name))
    elif not counter.newest.slide or counter.newest.mode not in AT_A_SLIDE:
        counter.order(Order(do=Command.PREVIEW, by=person.name))
    return {}


@router.post("/device/red-cells")
def red_cells(
    body: UnderObjective,
    request: Request,
    _: Calibrator,
) -> dict[str, str]:
    """Compare the red cells under the lens with the scale: a warning, never a ruler."""
    device = device_of(request)
    scale, jpeg = device.scale_um_per_px(body.objective), device.counter.newest.jpeg
    if scale is None or not jpeg:
        raise StepError(message("calibrate-then-show"))
    warning = check_red_cells(decode_own(jpeg), scale)
    return {"warning": device.language(request)(warning) if warning else ""}
