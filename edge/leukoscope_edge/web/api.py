"""What the page can do: JSON in, JSON out. Nothing here is changed by a GET.

The guard has already checked host, origin and token. Every route below names the right
that it needs.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from leukoscope_edge.inference.engine import self_test
from leukoscope_edge.records.paper import write_paper
from leukoscope_edge.records.pictures import png_bytes
from leukoscope_edge.records.slide import (
    CellRecord,
    Identity,
    SlideSetUp,
    SlideState,
    Word,
)
from leukoscope_edge.web import explain
from leukoscope_edge.web.access import (
    SlideId,
    device_of,
    may,
    open_session,
    signed_in,
)
from leukoscope_edge.web.calibration import keep_scale, measure_scale
from leukoscope_edge.web.device import LANGUAGE_COOKIE, Device
from leukoscope_edge.web.missed import cut_missed
from leukoscope_edge.web.orders import Do, Mode, Order
from leukoscope_edge.web.people import Entry, Person, Right, Role
from leukoscope_edge.web.review import first_pass, verdict_of
from leukoscope_edge.web.security import session_of
from leukoscope_edge.web.share import What, copy_to_stick, take_file

router = APIRouter(prefix="/api")

SLIDES = Depends(may(Right.SLIDES))
ABOUT_PEOPLE = Depends(may(Right.PEOPLE))
ABOUT_DEVICE = Depends(may(Right.DEVICE))
ABOUT_QUALITY = Depends(may(Right.QUALITY))
Operator = Annotated[Person, SLIDES]
Key = Annotated[str, Field(min_length=8, max_length=64, pattern=r"^[\w-]+$")]
CellId = Annotated[str, Path(max_length=16, pattern=r"^[rm0-9][0-9.]*$")]
YEAR_S = 365 * 24 * 3600
PICTURE_CACHE = "private, max-age=3600, immutable"
"""Pictures are named by what they show and never change."""
MEDIA_TYPES = {
    What.PDF: "application/pdf",
    What.CSV: "text/csv; charset=utf-8",
    What.FHIR: "application/fhir+json",
}
BUSY = frozenset({Mode.COUNTING, Mode.PAUSED, Mode.ENDED})


class Body(BaseModel):
    """A body is strict: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class SetUp(Body):
    """The first start."""

    name: str = Field(max_length=80)
    pin: str = Field(max_length=20)


class SignIn(Body):
    """A name and its PIN."""

    name: str = Field(max_length=80)
    pin: str = Field(max_length=20)


class NewPerson(SetUp):
    """Somebody to add."""

    role: Role


class ChosenLanguage(Body):
    """A language of the page."""

    language: str = Field(max_length=8)


class NewSlide(Body):
    """What is known of a slide before the first frame. Names are kept encrypted."""

    sample: str = Field(min_length=1, max_length=64)
    name: str = Field(default="", max_length=80)
    age: Literal["unknown", "child", "adult"] = "unknown"
    sex: Literal["unknown", "female", "male"] = "unknown"
    reason: Literal["fever", "anaemia", "malaria film", "other"] = "other"
    stain: Literal["Giemsa", "May-Gruenwald-Giemsa", "Wright", "Leishman", "other"] = (
        "Giemsa"
    )
    objective: Literal["100x", "50x", "40x"] = "100x"
    consents: bool = False
    is_second: bool = False
    key: Key


class Ordered(Body):
    """Something to do with the count; `anyway` overrides the lights of Get ready."""

    do: Do
    anyway: bool = False


class Judged(Body):
    """A person's word on a cell."""

    cell: str = Field(max_length=16)
    word: Word
    key: Key


class Keyed(Body):
    """A step that happens once, however often it is sent."""

    key: Key


class Missed(Keyed):
    """A cell that somebody tapped in the live picture."""

    frame: str = Field(max_length=120)
    x: float = Field(ge=0, le=1, description="from the left, as a part of the width")
    y: float = Field(ge=0, le=1, description="from the top, as a part of the height")


class Signed(Keyed):
    """A signature: the PIN once more, and a comment."""

    pin: str = Field(max_length=20)
    comment: str = Field(default="", max_length=1000)


class File(Body):
    """Whether a file says whose blood it is."""

    identified: bool = False


class ToStick(File):
    """What goes on a stick."""

    stick: str = Field(max_length=300)
    whats: list[What] = Field(min_length=1, max_length=len(What))


class Line(Body):
    """A line of a stage micrometer, in pixels of the frame, and its length."""

    x0: float = Field(ge=0, le=1e5)
    y0: float = Field(ge=0, le=1e5)
    x1: float = Field(ge=0, le=1e5)
    y1: float = Field(ge=0, le=1e5)
    length_um: float = Field(gt=0, le=1000)


class Amended(Keyed):
    """Why a signed slide is opened again."""

    why: str = Field(min_length=1, max_length=300)


# --- people ---


@router.post("/set-up")
def set_up(body: SetUp, request: Request, response: Response) -> dict[str, str]:
    """Add the first person and sign them in."""
    device = device_of(request)
    person = device.people.add_first(body.name, body.pin)
    device.store.note("set up", {"role": person.role.value}, person.name)
    open_session(request, response, person)
    return {"next": "/"}


@router.post("/sign-in")
def sign_in(body: SignIn, request: Request, response: Response) -> dict[str, Any]:
    """Open a session."""
    device = device_of(request)
    _check_pin(device, body.name, body.pin)
    person = device.people.find(body.name)
    if person is None:
        raise HTTPException(401, "wrong name or PIN")
    open_session(request, response, person)
    return {"next": "/"}


def _check_pin(device: Device, name: str, pin: str) -> None:
    entry, wait_s = device.people.enter(name, pin)
    if entry is Entry.WAIT:
        raise HTTPException(
            429,
            f"too many wrong PINs: wait {wait_s:.0f} seconds",
            {"Retry-After": f"{wait_s:.0f}"},
        )
    if entry is Entry.WRONG:
        raise HTTPException(401, "wrong name or PIN")


@router.post("/sign-out")
def sign_out(request: Request) -> dict[str, str]:
    """Close the session."""
    device_of(request).sessions.sign_out(session_of(request.headers))
    return {"next": "/sign-in"}


@router.post("/here", dependencies=[Depends(signed_in)])
def here() -> dict[str, str]:
    """Take a sign of life, so that the session does not lock."""
    return {}


@router.post("/language")
def choose_language(
    body: ChosenLanguage, request: Request, response: Response
) -> dict[str, str]:
    """Keep which language this browser shows."""
    if body.language not in device_of(request).languages:
        raise HTTPException(422, "this language is not here")
    response.set_cookie(
        LANGUAGE_COOKIE, body.language, max_age=YEAR_S, samesite="strict"
    )
    return {"next": ""}


@router.post("/people", dependencies=[ABOUT_PEOPLE])
def add_person(body: NewPerson, request: Request) -> dict[str, str]:
    """Add somebody."""
    device_of(request).people.add(body.name, body.role, body.pin)
    return {"next": "/people"}


# --- a slide ---


@router.post("/slides")
def start_slide(body: NewSlide, request: Request, person: Operator) -> dict[str, Any]:
    """Start a slide."""
    device = device_of(request)
    earlier = device.store.slides_of(body.sample)
    if earlier and not body.is_second:
        return {"earlier": earlier}
    details: dict[str, str] = {
        "age": body.age,
        "sex": body.sex,
        "reason": body.reason,
        "stain": body.stain,
        "objective": body.objective,
    }
    new = SlideSetUp(
        identity=Identity(sample=body.sample, name=body.name),
        mode="slide",
        domain=device.bundle.card.domain,
        origin=device.origin(),
        details=details,
        consents_to_training=body.consents,
    )
    slide = device.store.start_slide(new, person.name, key=body.key)
    return {"next": f"/slides/{slide}/ready"}


@router.post("/slides/{slide}/orders")
def order(
    slide: SlideId, body: Ordered, request: Request, person: Operator
) -> dict[str, str]:
    """Ask the counting process for something."""
    device = device_of(request)
    record = device.store.slide(slide)
    newest = device.counter.newest
    if newest.mode in BUSY and newest.slide != slide:
        raise HTTPException(409, f"slide {newest.slide} is being counted: end it first")
    if body.do is Do.COUNT and record.state is SlideState.SIGNED:
        raise HTTPException(409, f"slide {slide} is signed: amend it first")
    if body.anyway:
        lights = newest.facts.get("lights", [])
        bad = [light["name"] for light in lights if not light["is_good"]]
        device.store.note("started anyway", {"slide": slide, "bad": bad}, person.name)
    device.counter.order(Order(do=body.do, slide=slide, by=person.name))
    return {"next": f"/slides/{slide}/count" if body.do is Do.COUNT else ""}


@router.post("/slides/{slide}/judge")
def judge(
    slide: SlideId, body: Judged, request: Request, person: Operator
) -> dict[str, Any]:
    """Keep a person's word on a cell, and tell then what the model said."""
    device = device_of(request)
    device.store.judge_cell(slide, body.cell, body.word, person.name, key=body.key)
    cell = _cell(device, slide, body.cell)
    return _judged(cell) | _left(device, slide)


@router.post("/slides/{slide}/undo")
def undo(
    slide: SlideId, body: Keyed, request: Request, person: Operator
) -> dict[str, Any]:
    """Take the last word back."""
    device = device_of(request)
    steps = device.store.slide(slide).steps
    device.store.undo(slide, person.name, key=body.key)
    undone = {"cell": steps[-1].cell if steps else "", "word": None}
    return undone | _left(device, slide)


@router.post("/slides/{slide}/missed")
def add_missed(
    slide: SlideId, body: Missed, request: Request, person: Operator
) -> dict[str, Any]:
    """Keep a cell that the machine missed."""
    device = device_of(request)
    news = device.counter.picture(body.frame)
    if news is None or news.slide != slide:
        raise HTTPException(409, "this picture is gone: pause, then tap the cell")
    place, scale = (body.x, body.y), device.scale_um_per_px
    cell = cut_missed(news, place, device.bundle.card, scale)
    number = device.store.add_missed(
        slide, cell, Word.UNCLEAR, person.name, key=body.key
    )
    return {"cell": number}


@router.post("/slides/{slide}/sign")
def sign(
    slide: SlideId, body: Signed, request: Request, person: Operator
) -> dict[str, str]:
    """Sign the result and put the report on the disk."""
    device = device_of(request)
    _check_pin(device, person.name, body.pin)
    verdict = verdict_of(device.store.slide(slide), device.bundle.card)
    device.store.sign(slide, verdict, person.name, comment=body.comment, key=body.key)
    write_paper(device.store, slide, person.name)
    return {"next": f"/slides/{slide}/share"}


@router.post("/slides/{slide}/amend")
def amend(
    slide: SlideId, body: Amended, request: Request, person: Operator
) -> dict[str, str]:
    """Open a signed slide for another version."""
    store = device_of(request).store
    store.amend(slide, body.why, person.name, key=body.key)
    return {"next": f"/slides/{slide}/review"}


@router.post("/slides/{slide}/files/{what}")
def file(
    slide: SlideId, what: What, body: File, request: Request, person: Operator
) -> Response:
    """Return a file about a slide; that it left is kept, hence a POST."""
    store = device_of(request).store
    name, data = take_file(store, slide, what, person.name, identified=body.identified)
    disposition = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type=MEDIA_TYPES[what], headers=disposition)


@router.post("/slides/{slide}/stick")
def stick(
    slide: SlideId, body: ToStick, request: Request, person: Operator
) -> dict[str, Any]:
    """Copy files about a slide to a stick."""
    store, by = device_of(request).store, person.name
    names = copy_to_stick(
        store, slide, body.stick, body.whats, by, identified=body.identified
    )
    return {"names": list(names)}


def _judged(cell: CellRecord) -> dict[str, Any]:
    return {
        "cell": cell.id,
        "word": cell.word.value if cell.word else None,
        "call": cell.call.value if cell.call else None,
        "p_blast": cell.p_blast,
    }


def _left(device: Device, slide: str) -> dict[str, Any]:
    record = device.store.slide(slide)
    return {"n_left": sum(c.word is None for c in first_pass(record))}


# --- pictures and explanations ---


def _cell(device: Device, slide: str, cell: str) -> CellRecord:
    found = [c for c in device.store.slide(slide).cells if c.id == cell]
    if not found:
        raise HTTPException(404, f"slide {slide}: there is no cell {cell}")
    return found[0]


@router.get("/slides/{slide}/cells/{cell}/view.png", dependencies=[SLIDES])
def view(slide: SlideId, cell: CellId, request: Request) -> Response:
    """Return the picture of a cell with its surroundings."""
    device = device_of(request)
    record = _cell(device, slide, cell)
    return _png(device.store.pictures.read(slide, record.view))


@router.get("/slides/{slide}/cells/{cell}/heat.png", dependencies=[SLIDES])
def heat(slide: SlideId, cell: CellId, request: Request) -> Response:
    """Return where the model's word on a cell comes from."""
    device = device_of(request)
    data = explain.heat_png(device, slide, _cell(device, slide, cell))
    if data is None:
        raise HTTPException(404, "the model did not judge this cell")
    return _png(data)


@router.get("/slides/{slide}/cells/{cell}", dependencies=[SLIDES])
def explained(slide: SlideId, cell: CellId, request: Request) -> dict[str, Any]:
    """Return all that is known of a cell."""
    device = device_of(request)
    return explain.explanation(device, slide, _cell(device, slide, cell))


@router.get("/golden/{number}.png", dependencies=[SLIDES])
def golden(number: Annotated[int, Path(ge=0)], request: Request) -> Response:
    """Return one of the model's stored cells."""
    crops = device_of(request).bundle.golden.crops
    if number >= len(crops):
        raise HTTPException(404, "there is no such stored cell")
    return _png(png_bytes(crops[number]))


def _png(data: bytes) -> Response:
    return Response(
        data, media_type="image/png", headers={"cache-control": PICTURE_CACHE}
    )


# --- the device ---


@router.post("/device/golden-cells")
def golden_cells(
    request: Request, person: Annotated[Person, ABOUT_QUALITY]
) -> dict[str, Any]:
    """Run the model's stored cells and compare with the stored answers."""
    device = device_of(request)
    worst = self_test(device.engine, device.bundle)
    facts = {"bundle": device.bundle.card.id, "largest_logit_difference": worst}
    device.store.note("golden cells", facts, person.name)
    return {"next": "/device", **facts}


@router.post("/device/calibration")
def calibrate(
    body: Line, request: Request, person: Annotated[Person, ABOUT_DEVICE]
) -> dict[str, Any]:
    """Keep the scale that a line of a stage micrometer gives."""
    device = device_of(request)
    scale = measure_scale((body.x0, body.y0), (body.x1, body.y1), body.length_um)
    keep_scale(device.store, device.profile.camera, scale, person.name)
    return {"um_per_px": scale}
