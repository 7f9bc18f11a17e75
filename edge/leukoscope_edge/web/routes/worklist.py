"""The list of slides: a screen, and its rows for whoever asks for others.

The rows are asked for by a POST: what is searched for names a sample.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from leukoscope_edge.accounts import Person
from leukoscope_edge.records.slides import Found, Show, Wanted
from leukoscope_edge.web.access import at_slides, device_of
from leukoscope_edge.web.forms import Listed
from leukoscope_edge.web.health import notices
from leukoscope_edge.web.routes.pages import render
from leukoscope_edge.web.slide_list import as_moments, lines_of, tells_early

router = APIRouter()
Operator = Annotated[Person, Depends(at_slides)]


@router.get("/slides")
def worklist(request: Request, person: Operator, show: Show = Show.ALL) -> Response:
    """The newest slides of one kind; a search follows on the page."""
    wanted = Listed(show=show)
    return _page(request, person, wanted, "worklist.html")


@router.post("/api/worklist")
def rows(body: Listed, request: Request, person: Operator) -> Response:
    """Return the rows of other slides, as a part of the page."""
    return _page(request, person, body, "worklist_rows.html")


def _page(request: Request, person: Person, wanted: Listed, template: str) -> Response:
    device, found = device_of(request), _found(request, person, wanted)
    return render(
        request,
        template,
        shows=list(Show),
        wanted=wanted,
        found=found,
        lines=lines_of(device, person, found.slides),
        is_whole=device.store.worklist.is_whole(),
        notices=notices(device),
    )


def _found(request: Request, person: Person, wanted: Listed) -> Found:
    device = device_of(request)
    since, before = as_moments(wanted.since, wanted.until)
    return device.store.worklist.find(
        Wanted(
            show=wanted.show,
            names=person.names,
            sample=wanted.sample,
            since=since,
            before=before,
            page=wanted.page,
            tells_early=tells_early(device),
        )
    )
