"""The API about a cell: its picture, where the model looked, what it measures."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response

from leukoscope_edge.accounts import Person
from leukoscope_edge.inference import list_reference_cells
from leukoscope_edge.records import png_bytes
from leukoscope_edge.records.exports import called
from leukoscope_edge.records.slides import left_for
from leukoscope_edge.review import hides_model
from leukoscope_edge.web import explain
from leukoscope_edge.web.access import (
    CellId,
    SlideId,
    at_slides,
    cell_of,
    device_of,
    refusal,
)
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.forms import Remark

router = APIRouter(prefix="/api", dependencies=[Depends(at_slides)])

Operator = Annotated[Person, Depends(at_slides)]


@router.get("/slides/{slide}/cells/{cell}/view.png")
def view(slide: SlideId, cell: CellId, request: Request) -> Response:
    """Return the picture of a cell with its surroundings."""
    device = device_of(request)
    record = cell_of(device, slide, cell)
    return _png(device.store.pictures.read(slide, record.view))


@router.get("/slides/{slide}/cells/{cell}/field.jpg")
def field(slide: SlideId, cell: CellId, request: Request) -> Response:
    """Return the frame that was kept of a cell."""
    device = device_of(request)
    kept = cell_of(device, slide, cell).field
    if kept is None:
        raise refusal(404, "no-frame-kept")
    data = device.store.pictures.read(slide, kept.file)
    return Response(data, media_type="image/jpeg")


@router.get("/slides/{slide}/cells/{cell}/heat.png")
def heat(slide: SlideId, cell: CellId, request: Request, person: Operator) -> Response:
    """Return where the model's word on a cell comes from."""
    device = device_of(request)
    _require_looked(device, slide, person)
    data = explain.heat_png(device, slide, cell_of(device, slide, cell))
    if data is None:
        raise refusal(404, "not-judged")
    return _png(data)


@router.get("/slides/{slide}/cells/{cell}/crop.png")
def crop(slide: SlideId, cell: CellId, request: Request) -> Response:
    """Return a cell as the model saw it."""
    device = device_of(request)
    found = explain.sharpest_crop(device, slide, cell_of(device, slide, cell))
    if found is None:
        raise refusal(404, "not-judged")
    return _png(png_bytes(found))


@router.get("/slides/{slide}/cells/{cell}")
def explained(
    slide: SlideId, cell: CellId, request: Request, person: Operator
) -> dict[str, Any]:
    """Return all that is known of a cell, to somebody who has judged what they must."""
    device = device_of(request)
    found = cell_of(device, slide, cell)
    _require_looked(device, slide, person)
    said = called(found, device.language(request))
    said_of = explain.explanation(device, slide, found) | {"said": said}
    return said_of | {"kind": found.kind}


@router.get("/slides/{slide}/cells/{cell}/remarks")
def remarks(
    slide: SlideId, cell: CellId, request: Request, person: Operator
) -> list[dict[str, str]]:
    """Return the notes on a cell; who has still to look sees only her own."""
    device = device_of(request)
    record = device.store.reader.slide(slide)
    known = device.store.reader.remarks(slide, cell_of(device, slide, cell))
    is_blind = hides_model(record, device.profile.review)
    is_blind = is_blind or bool(left_for(record, person.name))
    return [
        {"by": by, "text": text}
        for by, text in known
        if not is_blind or by == person.name
    ]


@router.post("/slides/{slide}/cells/{cell}/remarks")
def remark(
    slide: SlideId, cell: CellId, body: Remark, request: Request, person: Operator
) -> dict[str, str]:
    """Keep a note on a cell."""
    store = device_of(request).store
    store.review.remark(slide, cell, body.text, person.name, key=body.key)
    return {}


@router.get("/references/{number}.jpg")
def reference(number: Annotated[int, Path(ge=0)]) -> Response:
    """Return the picture of a known cell."""
    cells = list_reference_cells()
    if number >= len(cells):
        raise refusal(404, "no-known-cell")
    data = cells[number].path.read_bytes()
    return Response(data, media_type="image/jpeg")


@router.get("/golden/{number}.png")
def golden(number: Annotated[int, Path(ge=0)], request: Request) -> Response:
    """Return one of the model's stored cells."""
    crops = device_of(request).bundle.golden.crops
    if number >= len(crops):
        raise refusal(404, "no-stored-cell")
    return _png(png_bytes(crops[number]))


def _require_looked(device: Device, slide: str, person: Person) -> None:
    """Tell nobody what others think who has still to say what they see.

    Raises:
        HTTPException: There are cells left to look at (409).
    """
    record = device.store.reader.slide(slide)
    is_hidden = hides_model(record, device.profile.review)
    if is_hidden or left_for(record, person.name):
        raise refusal(409, "say-first")


def _png(data: bytes) -> Response:
    return Response(data, media_type="image/png")
