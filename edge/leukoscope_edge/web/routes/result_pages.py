"""The screens of a slide after the count: review, result, paper, sharing."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, get_args

from fastapi import APIRouter, Request, Response

from leukoscope_edge.accounts import Right
from leukoscope_edge.i18n import zone_of
from leukoscope_edge.inference import attribution, numbers_by_kind
from leukoscope_edge.outcome import VerdictName
from leukoscope_edge.records import Store
from leukoscope_edge.records.exports import (
    FORMATS,
    HEADS,
    KIND_KEYS,
    KIND_OF_ONE,
    KINDS,
    WAYS_OF_TELLING,
    SlideVersion,
    list_facts,
    load_ahead,
    open_version,
    report_values,
    said_flags,
    shown_of,
    shown_version,
    slides_beside,
    suspects,
    table,
    to_send,
)
from leukoscope_edge.records.slides import (
    Action,
    CellRecord,
    Outcome,
    SlideRecord,
    SlideState,
    details_of,
    digest_of,
    is_allowed,
    left_for,
    objective_of,
    outcome_of,
    overruled_blasts,
    pass_of,
    told_of_machine,
    verdict_of,
)
from leukoscope_edge.review import (
    TABS,
    agreement,
    by_suspicion,
    differences,
    hides_model,
    tab_of,
)
from leukoscope_edge.types import Reading
from leukoscope_edge.web.access import SlideId, device_of, state_now
from leukoscope_edge.web.device import Device, has_right
from leukoscope_edge.web.forms import Objective, Stain
from leukoscope_edge.web.routes.pages import (
    OPERATOR,
    Anybody,
    language_for,
    render,
    slide_page,
    writable,
)
from leukoscope_edge.web.slide_list import naming_another

router = APIRouter()
CRITICAL = frozenset((VerdictName.BLASTS.value, VerdictName.FEW.value))
"""Results that somebody is told at once."""


@router.get("/slides/{slide}/review", dependencies=[OPERATOR])
def review(slide: SlideId, request: Request, person: Anybody) -> Response:
    """The gallery: the first pass without the model's word, then everything."""
    record = device_of(request).store.reader.slide(slide)
    passing = pass_of(record, person.name)
    left = [replace(c, word=None) for c in left_for(record, person.name)]
    is_blind = hides_model(record, device_of(request).profile.review)
    return slide_page(
        request,
        slide,
        "review",
        left=left,
        seen=record.seen_by(person.name),
        n_passing=len(passing),
        is_waiting=is_blind and not left,
        everything=[] if left or is_blind else by_suspicion(record.cells),
        tab_of=tab_of,
        tabs=TABS,
        kind_keys=KIND_KEYS,
        kind_of_one=KIND_OF_ONE,
        kinds_names=KINDS,
        references=numbers_by_kind(),
        reference_attribution=attribution(),
    )


@router.get("/slides/{slide}/result", dependencies=[OPERATOR])
def result(slide: SlideId, request: Request, person: Anybody) -> Response:
    """Machine and person side by side, and the signature.

    Before the first look is over it shows nothing of model and readers.
    """
    load_ahead()  # who signs gets a paper
    device = device_of(request)
    record = device.store.reader.slide(slide)
    signature = record.signatures[-1] if record.signatures else None
    is_fresh = not signature or record.state is SlideState.AMENDING
    n_own = len(left_for(record, person.name))
    is_blind = hides_model(record, device.profile.review)
    together = (
        outcome_of(verdict_of(record, device.card_of(record), quality=device.quality()))
        if is_fresh or signature is None
        else signature.outcome
    )
    may_void = not record.signatures or has_right(person, Right.WITHDRAW)
    state = state_now(device, record)
    shown = None if is_blind else shown_version(device.store, record, together)
    return slide_page(
        request,
        slide,
        "result",
        **differential_values(shown),
        together=together,
        shown=digest_of(record, together),
        signed=signature,
        comment=_comment(device.store, record),
        void_why=device.store.reader.reason(slide, record.void) if record.void else "",
        objective=objective_of(record),
        details=details_of(record),
        stains=[(stain, stain) for stain in get_args(Stain)],
        objectives=[(o, o.replace("x", "×")) for o in get_args(Objective)],
        may_void=may_void and is_allowed(Action.VOID, state),
        may_correct=is_allowed(Action.CORRECT, state),
        may_count_more=is_allowed(Action.COUNT_MORE, state),
        may_sign=is_allowed(Action.SIGN, state),
        may_amend=is_allowed(Action.AMEND, state),
        **({} if is_blind else _after_first_look(device, record, together)),
        kind_of_one=KIND_OF_ONE,
        is_blind=is_blind,
        n_left=n_own or len(record.to_review) + record.n_others_left,
        is_mine_left=n_own > 0,
        differing=_differing(device, record),
        may_settle=has_right(person, Right.SETTLE),
        may_settle_words=list(Reading),
    )


def _after_first_look(
    device: Device, record: SlideRecord, together: Outcome
) -> dict[str, Any]:
    """Return what the page shows of model and readers; before, a name is undefined."""
    suspected, unsigned = slides_beside(device.store, record, together)
    return {
        "machine": told_of_machine(record.machine, together),
        "differences": differences(record),
        "disputed": record.disputed,
        "overruled": overruled_blasts(record),
        "kind_disputed": record.kind_disputed,
        "agreement": agreement(record) if record.n_readers > 1 else None,
        "suspected_beside": suspected,
        "unsigned_beside": unsigned,
    }


def differential_values(version: SlideVersion | None) -> dict[str, Any]:
    """Return what a screen shows of a differential, nothing before the first look."""
    if version is None:
        return {"to_send": ()}
    return {
        "differential": table(version),
        "to_send": list(to_send(version)),
        "heads": HEADS,
        "differential_said": said_flags(version),
        "comparison": [f for f in list_facts(version) if f.group == "comparison"],
    }


def _differing(device: Device, record: SlideRecord) -> list[str]:
    """Return the other slides of the sample that name another age or sex."""
    identity = device.store.reader.identity(record.id)
    if identity is None or record.void is not None:
        return []
    sex = record.details.get("sex", "unknown")
    return naming_another(device, identity.sample, record.facts.age, sex, but=record.id)


def _comment(store: Store, record: SlideRecord) -> str:
    """Return the comment of the version before, to be carried into the next."""
    if record.state is not SlideState.AMENDING:
        return ""
    return store.reader.comment(record.id, record.signatures[-1]) or ""


@router.get("/slides/{slide}/print", dependencies=[OPERATOR])
def print_page(slide: SlideId, request: Request, identified: bool = False) -> Response:
    """The report for a printer: what the PDF says, laid out by the browser."""
    language = language_for(request)
    device_of(request).require_looked(slide)
    version = open_version(device_of(request).store, slide, identified=identified)
    path = f"/api/slides/{slide}"

    def picture(cell: CellRecord) -> str:
        return f"{path}/cells/{cell.id}/view.png"

    values = report_values(version, language, suspects(version, language), picture)
    qr = f"{path}/qr.png"
    return render(request, "print.html", identified=identified, qr=qr, **values)


@router.get("/slides/{slide}/share", dependencies=[OPERATOR])
def share(slide: SlideId, request: Request) -> Response:
    """What leaves the device, and to whom a critical result was told."""
    store, profile = device_of(request).store, device_of(request).profile
    record = store.reader.slide(slide)
    may_tell = is_allowed(Action.TELL, record.state)
    now = datetime.now().astimezone()
    return slide_page(
        request,
        slide,
        "share",
        **writable(request),
        formats=FORMATS.values(),
        about_mb=_about_mb(store, record),
        told=list(zip(store.reader.told_to(record), record.told, strict=True)),
        may_tell=may_tell and not hides_model(record, profile.review),
        is_critical=bool(record.signatures)
        and record.signatures[-1].outcome.result in CRITICAL,
        ways=WAYS_OF_TELLING,
        zone=zone_of(now),
        offset_min=(now.utcoffset() or timedelta()) // timedelta(minutes=1),
    )


def _about_mb(store: Store, record: SlideRecord) -> dict[str, str]:
    """Return how large each file will be, by its suffix; none while it is counted."""
    if record.machine is None and record.void is None:
        return {}
    is_void = record.void is not None
    shown = shown_of(record) if record.has_pictures and not is_void else ()
    n_bytes = store.pictures.n_bytes(record.id, (c.view for c in shown))
    n_cells = 0 if is_void else len(record.cells)
    sizes = {k: one.about_bytes(n_cells, n_bytes) for k, one in FORMATS.items()}
    return {suffix: f"{max(n / 1e6, 0.1):.1f}" for suffix, n in sizes.items()}
