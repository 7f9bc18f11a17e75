"""The API about a slide: start, count, judge, sign, share. No GET changes anything."""

from datetime import datetime, timedelta, timezone
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from leukoscope_edge.accounts import Person, Right
from leukoscope_edge.counting import is_leukopenic
from leukoscope_edge.live import ASKS, BUSY, Command, Mode, News, Order
from leukoscope_edge.media import StickFile, new_file_on, stick_to_write
from leukoscope_edge.quality import (
    FOR_BACKGROUND,
    PURPOSE,
    is_for_background,
    keep_normal_slide,
    usual_objective,
)
from leukoscope_edge.records import CriticalCall
from leukoscope_edge.records.exports import FORMATS, open_version, qr_png, write_pdf
from leukoscope_edge.records.slides import (
    Action,
    Corrected,
    Identity,
    SlideState,
    objective_of,
    open_ranges,
    verdict_of,
)
from leukoscope_edge.sample import AgeGroup, SampleType, SlideFacts
from leukoscope_edge.service import give_memory_back, why_no_new_slide
from leukoscope_edge.web.access import (
    SlideId,
    at_slides,
    check_pin,
    device_of,
    refusal,
    require,
)
from leukoscope_edge.web.device import Device, has_right
from leukoscope_edge.web.forms import (
    Consent,
    CorrectionForm,
    Critical,
    File,
    NewSlide,
    Ordered,
    Reasoned,
    Signed,
    ToStick,
)
from leukoscope_edge.web.share import ExportRequest, What, copy_to_stick, take_file
from leukoscope_edge.web.slide_list import naming_another

router = APIRouter(prefix="/api/slides")
Operator = Annotated[Person, Depends(at_slides)]
CLOCKS_DIFFER = timedelta(minutes=5)


@router.post("")
def start_slide(body: NewSlide, request: Request, person: Operator) -> dict[str, Any]:
    """Start a slide.

    Raises:
        HTTPException: The disk is full or screening is off (503); nothing was begun.
    """
    device = device_of(request)
    device.require_open()
    if why := why_no_new_slide(device.store.folder):
        raise HTTPException(503, why)
    objective = body.objective or usual_objective(device.store, device.profile.camera)
    device.require_objective(objective)
    if body.is_normal:
        _require_may_be_normal(device, body, person)
    earlier = device.store.worklist.slides_of(body.sample)
    differs = naming_another(device, body.sample, body.age, body.sex)
    if earlier and not (body.is_second and (body.is_right or not differs)):
        return {"earlier": earlier, "differs": differs}
    details: dict[str, str] = {
        "sex": body.sex,
        "reason": body.reason,
        "stain": body.stain,
    }
    if body.is_normal:
        details[PURPOSE] = FOR_BACKGROUND
    new = device.set_up(
        Identity(sample=body.sample, name=body.name, number=body.number),
        _facts(device, body),
        objective,
        details=details,
        consents_to_training=body.consents,
    )
    slide = device.store.start_slide(new, person.name, key=body.key)
    return {"next": f"/slides/{slide}/ready"}


def _require_may_be_normal(device: Device, body: NewSlide, person: Person) -> None:
    """Let no slide into the site's background that does not belong there.

    Raises:
        HTTPException: Not a supervisor (403); no count of blood, or another slide of
            the same person (409).
    """
    if not has_right(person, Right.BACKGROUND):
        raise refusal(403, "healthy-by-supervisor")
    if body.sample_type is not SampleType.BLOOD or body.mode != "count":
        raise refusal(409, "background-of-blood")
    of_this_person = map(
        device.store.reader.slide, device.store.worklist.slides_of(body.sample)
    )
    if any(is_for_background(r) and r.void is None for r in of_this_person):
        raise refusal(409, "healthy-again")


@router.post("/{slide}/orders")
def order(
    slide: SlideId, body: Ordered, request: Request, person: Operator
) -> dict[str, str]:
    """Ask the counting process for something."""
    device = device_of(request)
    record = device.store.reader.slide(slide)
    newest = device.counter.newest
    if body.do is Command.LEAVE:
        raise refusal(403, "leave-by-itself")
    if newest.mode in BUSY and newest.slide != slide:
        raise refusal(409, "counted-now", slide=newest.slide)
    if action := ASKS.get(body.do):
        require(device, slide, action)
    if (
        body.do is Command.FINISH
        and newest.mode is Mode.FAILED
        and newest.slide == slide
    ):
        raise refusal(409, "count-failed")
    if body.do in (Command.COUNT, Command.COUNT_MORE, Command.PREVIEW):
        device.require_open()
        device.require_same_model(record)
        device.require_objective(objective_of(record))
    if body.do is Command.COUNT and record.state is SlideState.NEW and not body.anyway:
        _require_lights(newest, slide)
    if body.anyway:
        lights = newest.facts.get("lights", [])
        bad = [light["name"] for light in lights if not light["is_good"]]
        device.store.log.note(
            "started anyway", {"slide": slide, "bad": bad}, person.name
        )
    device.counter.order(Order(do=body.do, slide=slide, by=person.name))
    is_count = body.do in (Command.COUNT, Command.COUNT_MORE)
    return {"next": f"/slides/{slide}/count" if is_count else ""}


@router.post("/{slide}/sign")
def sign(
    slide: SlideId, body: Signed, request: Request, person: Operator
) -> dict[str, str]:
    """Sign the result and put the report on the disk."""
    device = device_of(request)
    check_pin(request, person.name, body.pin)
    quality = device.quality()
    device.store.review.sign(
        slide,
        lambda record: verdict_of(record, device.card_of(record), quality=quality),
        person.name,
        shown=body.shown,
        comment=body.comment,
        key=body.key,
    )
    keep_normal_slide(device.store, device.store.reader.slide(slide), person.name)
    write_pdf(device.store, slide, person.name, device.language(request))
    give_memory_back()  # a font's tables and all pages were in it
    return {"next": f"/slides/{slide}/share"}


@router.post("/{slide}/amend")
def amend(
    slide: SlideId, body: Reasoned, request: Request, person: Operator
) -> dict[str, str]:
    """Open a signed slide for another version."""
    store = device_of(request).store
    store.review.amend(slide, body.why, person.name, key=body.key)
    return {"next": f"/slides/{slide}/review"}


@router.post("/{slide}/void")
def void(
    slide: SlideId, body: Reasoned, request: Request, person: Operator
) -> dict[str, str]:
    """Take a slide out of use.

    Raises:
        HTTPException: A version of it is signed, and this is no supervisor (403).
    """
    device = device_of(request)
    record = require(device, slide, Action.VOID)
    if record.signatures and not has_right(person, Right.WITHDRAW):
        raise refusal(403, "withdrawn-by-supervisor")
    device.counter.order(Order(do=Command.REST, slide=slide, by=person.name))
    device.store.review.void(slide, body.why, person.name, key=body.key)
    return {"next": f"/slides/{slide}/result"}


@router.post("/{slide}/told")
def tell(
    slide: SlideId, body: Critical, request: Request, person: Operator
) -> dict[str, str]:
    """Keep that a critical result was told.

    Raises:
        HTTPException: At a time that is still to come (409).
    """
    device, told_at = device_of(request), body.told_at.astimezone(timezone.utc)
    device.require_looked(slide)
    if told_at > datetime.now(timezone.utc) + CLOCKS_DIFFER:
        raise refusal(409, "time-to-come")
    call = CriticalCall(
        who=body.who,
        how=body.how,
        told_at=told_at.isoformat(timespec="seconds"),
        is_read_back=body.is_read_back,
    )
    device.store.review.tell(slide, call, person.name, key=body.key)
    return {"next": f"/slides/{slide}/share"}


@router.post("/{slide}/correct")
def correct(
    slide: SlideId, body: CorrectionForm, request: Request, person: Operator
) -> dict[str, str]:
    """Put facts of a slide right that were said wrongly when it started."""
    device = device_of(request)
    record = require(device, slide, Action.CORRECT)
    wbc = body.wbc or (None if body.has_no_wbc else record.facts.wbc_10e9_per_l)
    under = device.origin(body.objective) if body.objective else None
    facts = Corrected(
        sample=body.sample,
        name=body.name,
        number=body.number,
        sample_type=body.sample_type,
        age=body.age,
        is_leukopenic=_is_low(device, wbc, body.age or record.facts.age)
        or body.leukopenic,
        wbc_10e9_per_l=body.wbc,
        has_no_wbc=body.has_no_wbc,
        details=body.details,
        objective=body.objective,
        calibration=under.calibration if under else "none",
        scale_um_per_px=under.scale_um_per_px if under else None,
    )
    device.store.review.correct(slide, facts, body.why, person.name, key=body.key)
    return {"next": f"/slides/{slide}/result"}


@router.post("/{slide}/consent")
def consent(
    slide: SlideId, body: Consent, request: Request, person: Operator
) -> dict[str, str]:
    """Keep that a slide's cells may teach a model, or no longer may."""
    device = device_of(request)
    require(device, slide, Action.CONSENT)
    device.store.review.set_consent(slide, person.name, consents=body.consents)
    return {"next": f"/slides/{slide}/share"}


@router.post("/{slide}/files/{what}")
def file(
    slide: SlideId, what: What, body: File, request: Request, person: Operator
) -> Response:
    """Return a file about a slide; that it left is kept, hence a POST."""
    device = device_of(request)
    device.require_looked(slide)
    asked = ExportRequest(body.identified, person.name, device.language(request))
    name, data = take_file(device.store, slide, what, asked)
    give_memory_back()
    disposition = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type=FORMATS[what].media_type, headers=disposition)


@router.get("/{slide}/qr.png")
def qr(slide: SlideId, request: Request, _: Operator) -> Response:
    """Return the code that finds the newest version again."""
    version = open_version(device_of(request).store, slide, identified=False)
    return Response(qr_png(version), media_type="image/png")


@router.post("/{slide}/printed")
def printed(slide: SlideId, request: Request, person: Operator) -> dict[str, str]:
    """Keep that a report is about to be printed. What a printer does is not known."""
    store = device_of(request).store
    version = open_version(store, slide, identified=False)
    store.log.note_export(slide, f"print of version {version.number}", "", person.name)
    return {}


@router.post("/{slide}/stick")
def to_stick(
    slide: SlideId, body: ToStick, request: Request, person: Operator
) -> dict[str, Any]:
    """Copy files about a slide to a stick."""
    device = device_of(request)
    device.require_looked(slide)
    asked = ExportRequest(body.identified, person.name, device.language(request))
    stick_to_write(device.profile, body.stick)  # nothing leaves where there is none

    def on_stick(name: str) -> StickFile:
        return new_file_on(device.profile, body.stick, name)

    names = copy_to_stick(device.store, slide, on_stick, body.whats, asked)
    return {"names": list(names)}


def _require_lights(newest: News, slide: str) -> None:
    """Let no count begin whose lights nobody has been shown.

    Raises:
        HTTPException: They have not been (409).
    """
    is_shown = newest.mode is Mode.PREVIEW and bool(newest.facts.get("lights"))
    if newest.slide != slide or not (is_shown or newest.mode in BUSY):
        raise refusal(409, "lights-first")


def _facts(device: Device, body: NewSlide) -> SlideFacts:
    return SlideFacts(
        sample_type=body.sample_type,
        age=body.age,
        is_leukopenic=body.leukopenic or _is_low(device, body.wbc, body.age),
        mode=body.mode,
        wbc_10e9_per_l=body.wbc,
    )


def _is_low(device: Device, wbc: float | None, age: AgeGroup) -> bool:
    """Say whether a typed white cell count is below what is usual at this site."""
    if wbc is None:
        return False
    return is_leukopenic(wbc, open_ranges(device.store.folder), age)
