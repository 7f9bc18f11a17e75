"""The screens. Each reads and shows; what changes something goes through the API."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from jinja2 import Environment, PackageLoader, select_autoescape

from leukoscope_edge import __version__, updates
from leukoscope_edge.records.result import INTENDED_USE
from leukoscope_edge.records.slide import SlideRecord, SlideState
from leukoscope_edge.updates.codes import UNCHANGED
from leukoscope_edge.web.access import (
    SlideId,
    device_of,
    may,
    set_session,
    signed_in,
)
from leukoscope_edge.web.device import Device, has_right
from leukoscope_edge.web.health import health, notices, plot_points, trends
from leukoscope_edge.web.i18n import NAMES, Language
from leukoscope_edge.web.model_list import listed_models, open_slides
from leukoscope_edge.web.orders import Mode
from leukoscope_edge.web.people import Person, Right, Role
from leukoscope_edge.web.review import (
    by_suspicion,
    differences,
    first_pass,
    tab_of,
    verdict_of,
)
from leukoscope_edge.web.security import COOKIE
from leukoscope_edge.web.share import What, sticks
from leukoscope_edge.web.sticks import sticks_of
from leukoscope_edge.web.words import light_names, trend_names, words_for

router = APIRouter()
Anybody = Annotated[Person, Depends(signed_in)]
OPERATOR = Depends(may(Right.SLIDES))
Checker = Annotated[Person, Depends(may(Right.QUALITY))]
N_EVENTS = 20
STEPS = ("ready", "count", "review", "result", "share")


def environment() -> Environment:
    """Return the templates; everything put into them is escaped."""
    loader = PackageLoader("leukoscope_edge.web")
    return Environment(
        loader=loader,
        autoescape=select_autoescape(default=True, default_for_string=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )


def language_for(request: Request) -> Language:
    """Return the language of whoever asks."""
    return device_of(request).language(request)


def render(request: Request, template: str, **values: Any) -> Response:
    """Return a screen, with a session for whoever has none."""
    device = device_of(request)
    session = request.cookies.get(COOKIE, "") or device.sessions.new_id()
    language = device.language(request)
    text = request.app.state.templates.get_template(template).render(
        _=language,
        language=language,
        languages=NAMES,
        words=words_for(language),
        token=device.sessions.token(session),
        person=device.person(request, touch=False),
        is_simulation=device.is_simulation,
        intended_use=language(INTENDED_USE),
        version=__version__,
        device=device,
        path=request.url.path,
        **values,
    )
    response = Response(text, media_type="text/html; charset=utf-8")
    if request.cookies.get(COOKIE, "") != session:
        set_session(request, response, session)
    return response


@router.get("/set-up")
def set_up(request: Request) -> Response:
    """First start: the first person."""
    if device_of(request).people.everybody:
        return RedirectResponse("/", 303)
    return render(request, "set_up.html")


@router.get("/sign-in")
def sign_in(request: Request) -> Response:
    """A name and a PIN."""
    device = device_of(request)
    if not device.people.everybody:
        return RedirectResponse("/set-up", 303)
    return render(request, "sign_in.html", people=device.people.everybody)


@router.get("/")
def home(request: Request, person: Anybody) -> Response:
    """Start a slide; the list of slides; how the device is."""
    device = device_of(request)
    shown = [_summary(device, r) for r in device.store.slides(limit=30)]
    return render(
        request,
        "home.html",
        slides=shown,
        may_count=has_right(person, Right.SLIDES),
        health=health(device, briefly=True),
        notices=notices(device),
    )


def _summary(device: Device, record: SlideRecord) -> dict[str, Any]:
    """Return what the list of slides shows of one."""
    outcome = record.signatures[-1].outcome if record.signatures else record.machine
    newest = device.counter.newest
    identity = device.store.identity(record.id)
    return {
        "id": record.id,
        "sample": identity.sample if identity else "",
        "n_cells": len(record.counted),
        "state": record.state.value,
        "is_live": newest.slide == record.id and newest.mode is not Mode.FINISHED,
        "is_refused": outcome is not None and outcome.result == "none-possible",
        "started_at": record.started_at,
        "next": f"/slides/{record.id}/{_step(record)}",
    }


def _step(record: SlideRecord) -> str:
    match record.state:
        case SlideState.COUNTING:
            return "count" if record.machine_cells else "ready"
        case SlideState.REVIEW:
            return "review"
        case SlideState.SIGNED:
            return "share"


@router.get("/slides/new", dependencies=[OPERATOR])
def new_slide(request: Request) -> Response:
    """What is known of a slide before the first frame."""
    return render(request, "new_slide.html")


def _slide_page(request: Request, slide: str, step: str, **values: Any) -> Response:
    store = device_of(request).store
    return render(
        request,
        f"{step}.html",
        slide=store.slide(slide),
        identity=store.identity(slide),
        step=step,
        steps=STEPS,
        **values,
    )


@router.get("/slides/{slide}/ready", dependencies=[OPERATOR])
def ready(slide: SlideId, request: Request) -> Response:
    """The live picture and the lights."""
    language = device_of(request).language(request)
    return _slide_page(request, slide, "ready", light_names=light_names(language))


@router.get("/slides/{slide}/count", dependencies=[OPERATOR])
def count(slide: SlideId, request: Request) -> Response:
    """The count."""
    return _slide_page(request, slide, "count")


@router.get("/slides/{slide}/review", dependencies=[OPERATOR])
def review(slide: SlideId, request: Request) -> Response:
    """The gallery: the first pass without the model's word, then everything."""
    record = device_of(request).store.slide(slide)
    passing = first_pass(record)
    left = [c for c in passing if c.word is None]
    return _slide_page(
        request,
        slide,
        "review",
        left=left,
        n_passing=len(passing),
        everything=[] if left else by_suspicion(record.cells),
        tab_of=tab_of,
    )


@router.get("/slides/{slide}/result", dependencies=[OPERATOR])
def result(slide: SlideId, request: Request) -> Response:
    """Machine and person side by side, and the signature."""
    device = device_of(request)
    record = device.store.slide(slide)
    signed = record.signatures[-1].outcome if record.signatures else None
    return _slide_page(
        request,
        slide,
        "result",
        together=signed or verdict_of(record, device.card_of(record)),
        differences=differences(record),
        n_left=sum(c.word is None for c in first_pass(record)),
    )


@router.get("/slides/{slide}/share", dependencies=[OPERATOR])
def share(slide: SlideId, request: Request) -> Response:
    """What leaves the device."""
    return _slide_page(request, slide, "share", sticks=sticks(), whats=list(What))


@router.get("/device")
def quality(request: Request, person: Checker) -> Response:
    """Is the device what it was?"""
    device = device_of(request)
    return render(
        request,
        "device.html",
        health=health(device),
        notices=notices(device),
        trends=trends(device),
        plot_points=plot_points,
        trend_names=trend_names(device.language(request)),
        scale=device.scale_um_per_px,
        may_calibrate=has_right(person, Right.DEVICE),
    )


@router.get("/update")
def update(request: Request, person: Anybody) -> Response:
    """The models, and a new one from a stick."""
    device = device_of(request)
    models, data = listed_models(device), device.store.folder
    return render(
        request,
        "update.html",
        progress=device.desk.progress,
        unchanged=UNCHANGED,
        notices=notices(device),
        may_install=has_right(person, Right.MODEL),
        sticks=[(p, updates.holds_update(p)) for p in sticks_of(device.profile)],
        supervisors=[p for p in device.people.everybody if p.role is Role.SUPERVISOR],
        open_slides=open_slides(device),
        models=models,
        can_go_back=len(models) > 1,
        history=[*reversed(updates.history(data))][:N_EVENTS],
        refused=updates.refused_releases(data),
    )


@router.get("/people", dependencies=[Depends(may(Right.PEOPLE))])
def people(request: Request) -> Response:
    """Who may use the device."""
    return render(
        request,
        "people.html",
        people=device_of(request).people.everybody,
        roles=list(Role),
    )
