"""The screens. Each reads and shows; what changes something goes through the API."""

from functools import partial
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from jinja2 import ChoiceLoader, Environment, PackageLoader, select_autoescape

from leukoscope_edge import __version__, updates
from leukoscope_edge.accounts import Person, Right, Role
from leukoscope_edge.counting import MIN_SLIDES, QualityDay
from leukoscope_edge.i18n import Language, local_time, unbroken
from leukoscope_edge.media import READ_ONLY, backups_on, sticks_of, writable_sticks_of
from leukoscope_edge.messages import NOT_FOR_CARE, Message, said_by
from leukoscope_edge.quality import (
    GOLDEN_NOTE,
    cell_location,
    cure_of,
    earlier_bands,
    n_by_model,
    normal_slides,
    normals_said,
    plot,
    trends,
    usual_objective,
)
from leukoscope_edge.records import Store
from leukoscope_edge.records.exports import (
    INTENDED_USE,
    capital,
    model_said,
    report_loader,
)
from leukoscope_edge.records.slides import (
    Action,
    SlideRecord,
    Wanted,
    is_allowed,
    objective_of,
)
from leukoscope_edge.updates import UNCHANGED
from leukoscope_edge.web.access import (
    SlideId,
    asks_set_up_code,
    at_slides,
    device_of,
    may,
    set_session,
    signed_in,
    state_now,
)
from leukoscope_edge.web.device import Device, has_right
from leukoscope_edge.web.forms import Objective
from leukoscope_edge.web.health import health, notices
from leukoscope_edge.web.log import LOG_NAME, log_text
from leukoscope_edge.web.model_list import listed_models, open_slides
from leukoscope_edge.web.script_texts import (
    light_names,
    trend_names,
    words_for,
)
from leukoscope_edge.web.security import COOKIE
from leukoscope_edge.web.slide_list import lines_of, step_of, tells_early

router = APIRouter()
Anybody = Annotated[Person, Depends(signed_in)]
OPERATOR = Depends(at_slides)
Checker = Annotated[Person, Depends(may(Right.QUALITY))]
N_EVENTS, N_DAYS_SHOWN, N_NORMALS_SHOWN = 20, 5, 10
STEPS = ("ready", "count", "review", "result", "share")


def environment() -> Environment:
    """Return the templates; everything put into them is escaped."""
    made = Environment(
        loader=ChoiceLoader([PackageLoader("leukoscope_edge.web"), report_loader()]),
        autoescape=select_autoescape(default=True, default_for_string=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["capital"] = capital
    return made


def language_for(request: Request) -> Language:
    """Return the language of whoever asks."""
    return device_of(request).language(request)


def render(request: Request, template: str, **values: Any) -> Response:
    """Return a screen, with a session for whoever has none."""
    device = device_of(request)
    session = request.cookies.get(COOKIE, "") or device.sessions.new_id()
    language = device.language(request)
    person = device.person(request, touch=False)
    path = request.url.path
    text = request.app.state.templates.get_template(template).render(
        _=language,
        language=language,
        languages={c: one.name for c, one in device.languages.items()},
        words=words_for(language),
        model_said=model_said,
        say=partial(said_by, say=language),
        token=device.sessions.token(session),
        person=person,
        drafts=device.drafts.of(person.name, path) if person else {},
        is_simulation=device.is_simulation,
        is_research=partial(_is_research, device),
        not_for_care=NOT_FOR_CARE,
        intended_use=language(INTENDED_USE),
        software=__version__,
        device=device,
        local_time=local_time,
        path=path,
        **values,
    )
    response = Response(unbroken(text), media_type="text/html; charset=utf-8")
    if request.cookies.get(COOKIE, "") != session:
        set_session(request, response, session)
    return response


def _is_research(device: Device, slide: SlideRecord | None = None) -> bool:
    """Say whether the model of a slide, or else the one in use, is for research."""
    return slide.origin.is_research if slide else device.bundle.card.is_research


@router.get("/set-up")
def set_up(request: Request) -> Response:
    """First start: the first person, with a code where they are not at the device."""
    device, page = device_of(request), device_of(request).profile.page
    if device.people.everybody:
        return RedirectResponse("/", 303)
    asks_code = asks_set_up_code(request)
    code = "" if asks_code or page.is_loopback else device.set_up_code.shown
    return render(request, "set_up.html", asks_code=asks_code, code=code)


@router.get("/sign-in")
def sign_in(request: Request) -> Response:
    """A name and a PIN."""
    device = device_of(request)
    if not device.people.everybody:
        return RedirectResponse("/set-up", 303)
    here = [p for p in device.people.everybody if p.may_enter]
    return render(request, "sign_in.html", people=here)


@router.get("/")
def home(request: Request, person: Anybody) -> Response:
    """Start a slide; the list of slides; how the device is."""
    device = device_of(request)
    newest = device.store.worklist.find(Wanted(tells_early=tells_early(device)))
    return render(
        request,
        "home.html",
        lines=lines_of(device, person, newest.slides),
        is_whole=device.store.worklist.is_whole(),
        may_count=has_right(person, Right.SLIDES),
        health=health(device, briefly=True),
        quality=_out_of_control(device),
        notices=notices(device),
    )


def _elsewhere(request: Request, slide: str, action: Action) -> Response | None:
    """Return the way to where a slide stands, None where an action is allowed there.

    So neither Back nor a tap on a step reopens a count that is over.
    """
    device = device_of(request)
    state = state_now(device, device.store.reader.slide(slide))
    if is_allowed(action, state):
        return None
    return RedirectResponse(f"/slides/{slide}/{step_of(state)}", 303)


@router.get("/slides/new", dependencies=[OPERATOR])
def new_slide(request: Request, person: Anybody) -> Response:
    """What is known of a slide before the first frame."""
    device = device_of(request)
    objective = usual_objective(device.store, device.profile.camera)
    quality = _out_of_control(device)
    return render(
        request,
        "new_slide.html",
        objective=objective,
        quality=quality,
        may_be_normal=has_right(person, Right.BACKGROUND),
        **_site_facts(device),
    )


def slide_page(request: Request, slide: str, step: str, **values: Any) -> Response:
    """Return a screen of a slide."""
    store = device_of(request).store
    record = store.reader.slide(slide)
    return render(
        request,
        f"{step}.html",
        slide=record,
        is_over=not is_allowed(Action.FINISH, record.state),
        identity=store.reader.identity(slide),
        step=step,
        steps=STEPS,
        **values,
    )


@router.get("/slides/{slide}/ready", dependencies=[OPERATOR])
def ready(slide: SlideId, request: Request) -> Response:
    """The live picture and the lights."""
    if elsewhere := _elsewhere(request, slide, Action.GET_READY):
        return elsewhere
    device = device_of(request)
    objective = objective_of(device.store.reader.slide(slide))
    return slide_page(
        request,
        slide,
        "ready",
        light_names=light_names(device.language(request)),
        is_calibrated=device.scale_um_per_px(objective) is not None,
    )


@router.get("/slides/{slide}/count", dependencies=[OPERATOR])
def count(slide: SlideId, request: Request) -> Response:
    """The count."""
    if elsewhere := _elsewhere(request, slide, Action.COUNT):
        return elsewhere
    is_blind = device_of(request).profile.review.hides_count
    return slide_page(request, slide, "count", is_blind=is_blind)


@router.get("/device")
def quality(request: Request, person: Checker) -> Response:
    """Is the device what it was?"""
    device = device_of(request)
    store, card = device.store, device.bundle.card
    return render(
        request,
        "device.html",
        health=health(device),
        notices=notices(device),
        golden=[*reversed(store.log.notes(GOLDEN_NOTE, newest=N_DAYS_SHOWN))],
        drawn=_last_days(store, cell_location.DRAWN_NOTE),
        slides=_last_days(store, cell_location.SLIDE_NOTE),
        slide_trend=cell_location.slide_trend(store),
        trends=trends(store, card.golden.logit_tolerance, card.id),
        earlier_bands=earlier_bands(store),
        quality=_out_of_control(device),
        normals=[*reversed(normal_slides(store))][:N_NORMALS_SHOWN],
        **_site_facts(device),
        plot=plot,
        trend_names=trend_names(device.language(request)),
        scales=_scales(device),
        may_calibrate=has_right(person, Right.DEVICE),
        may_keep=has_right(person, Right.RECORDS),
        backups=[(p, backups_on(p)) for p in sticks_of(device.profile)],
        **writable(request),
    )


def _site_facts(device: Device) -> dict[str, Any]:
    """Return how far this site's own background is, for the model in use and others."""
    found = n_by_model(device.store, device.bundle.card)
    n_normal = found.pop(device.bundle.card.id)
    return {
        "n_normal": n_normal,
        "min_normal": MIN_SLIDES,
        "normals_said": normals_said(n_normal),
        "other_models": found,
    }


def _out_of_control(device: Device) -> list[tuple[Message, Message]]:
    """Return what refuses a new verdict now, each with its cure."""
    return [(p, cure_of(p)) for p in device.quality_to_count()]


def _last_days(store: Store, note: str) -> list[QualityDay]:
    """Return what a test gave last, the newest first."""
    return [*reversed(cell_location.days(store, note, N_DAYS_SHOWN))]


def writable(request: Request) -> dict[str, Any]:
    """Return the sticks that can be written; where none can, why one does not help."""
    profile = device_of(request).profile
    why_not = READ_ONLY.said(language_for(request)) if sticks_of(profile) else ""
    return {"sticks": writable_sticks_of(profile), "why_not": why_not}


def _scales(device: Device) -> list[tuple[str, float | None]]:
    """Return the objectives that may be calibrated, each with its scale."""
    return [(name, device.scale_um_per_px(name)) for name in get_args(Objective)]


@router.get("/device/log.txt", dependencies=[Depends(may(Right.QUALITY))])
def log(request: Request) -> Response:
    """What service asks for; names nobody."""
    disposition = {"content-disposition": f'attachment; filename="{LOG_NAME}"'}
    text = log_text(device_of(request))
    return Response(text, media_type="text/plain; charset=utf-8", headers=disposition)


@router.get("/update")
def update(request: Request, person: Anybody) -> Response:
    """The models, and a new one from a stick."""
    device = device_of(request)
    models, data = listed_models(device), device.store.folder
    return render(
        request,
        "update.html",
        progress=device.update_session.progress,
        unchanged=UNCHANGED,
        notices=notices(device),
        may_install=has_right(person, Right.MODEL),
        may_see_slides=has_right(person, Right.SLIDES),
        sticks=[(p, updates.holds_update(p)) for p in sticks_of(device.profile)],
        supervisors=[
            p
            for p in device.people.everybody
            if p.role is Role.SUPERVISOR and p.may_enter
        ],
        open_slides=open_slides(device),
        models=models,
        can_go_back=len(models) > 1,
        history=[*reversed(updates.history(data))][:N_EVENTS],
        refused=updates.refused_releases(data),
    )


@router.get("/own-pin")
def own_pin(request: Request, _: Anybody) -> Response:
    """Change one's own PIN."""
    return render(request, "own_pin.html")


@router.get("/people", dependencies=[Depends(may(Right.PEOPLE))])
def people(request: Request) -> Response:
    """Who may use the device."""
    return render(
        request,
        "people.html",
        people=device_of(request).people.everybody,
        roles=list(Role),
    )
