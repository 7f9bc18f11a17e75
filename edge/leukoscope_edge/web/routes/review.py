"""The API of a slide's review: a word on a cell, settled, taken back, a cell added."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from leukoscope_edge.accounts import Person, Right
from leukoscope_edge.i18n import Language
from leukoscope_edge.live import cut_missed
from leukoscope_edge.records.exports import model_said
from leukoscope_edge.records.slides import CellRecord, left_for, objective_of
from leukoscope_edge.review import tells_word
from leukoscope_edge.types import Reading
from leukoscope_edge.web.access import (
    SlideId,
    at_slides,
    cell_of,
    device_of,
    may,
    refusal,
)
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.forms import JudgedForm, Keyed, Missed, Settled

router = APIRouter(prefix="/api/slides")
Operator = Annotated[Person, Depends(at_slides)]


@router.post("/{slide}/judge")
def judge(
    slide: SlideId, body: JudgedForm, request: Request, person: Operator
) -> dict[str, Any]:
    """Keep a person's word on a cell, and tell then what the model said."""
    device = device_of(request)
    device.store.review.judge_cell(
        slide,
        body.cell,
        body.word,
        person.name,
        key=body.key,
        kind=body.kind,
        seen=body.seen,
    )
    cell = cell_of(device, slide, body.cell)
    own = dict(cell.words).get(person.name)
    record = device.store.reader.slide(slide)
    is_told = tells_word(record, device.profile.review)
    said = _judged(cell, own, device.language(request) if is_told else None)
    return said | _left(device, slide, person, cell.id)


@router.post("/{slide}/settle")
def settle(
    slide: SlideId,
    body: Settled,
    request: Request,
    person: Annotated[Person, Depends(may(Right.SETTLE))],
) -> dict[str, str]:
    """Keep a supervisor's word on a cell on which two readers differ."""
    store = device_of(request).store
    store.review.settle_cell(
        slide, body.cell, body.word, person.name, key=body.key, kind=body.kind
    )
    return {"next": f"/slides/{slide}/result"}


@router.post("/{slide}/undo")
def undo(
    slide: SlideId, body: Keyed, request: Request, person: Operator
) -> dict[str, Any]:
    """Take the last word back."""
    device = device_of(request)
    cell = device.store.review.undo(slide, person.name, key=body.key)
    return {"cell": cell, "word": None} | _left(device, slide, person, cell)


@router.post("/{slide}/missed")
def add_missed(
    slide: SlideId, body: Missed, request: Request, person: Operator
) -> dict[str, Any]:
    """Keep a cell that the machine missed."""
    device = device_of(request)
    news = device.counter.picture(body.frame)
    if news is None or news.slide != slide:
        raise refusal(409, "picture-gone")
    scale = device.scale_um_per_px(objective_of(device.store.reader.slide(slide)))
    place = (body.x, body.y)
    cell = cut_missed(news, place, device.bundle.card, scale)
    number = device.store.review.add_missed(slide, cell, person.name, key=body.key)
    return {"cell": number, "box": cell.box_px}


def _judged(
    cell: CellRecord, own: Reading | None, say: Language | None
) -> dict[str, Any]:
    """Say somebody's own word, and the model's in a language, None: not yet.

    Nothing of another reader is said.
    """
    is_told = say is not None and cell.call is not None
    return {
        "cell": cell.id,
        "word": own.value if own else None,
        "call": cell.call.value if is_told and cell.call else None,
        "p_blast": cell.p_blast if is_told else None,
        "said": model_said(cell, say) if say is not None and cell.call else "",
    }


def _left(device: Device, slide: str, person: Person, cell: str) -> dict[str, Any]:
    """Say how many cells are left, and which version of this one is seen now."""
    record = device.store.reader.slide(slide)
    seen = record.seen_by(person.name).get(cell, 0)
    return {"n_left": len(left_for(record, person.name)), "seen": seen}
