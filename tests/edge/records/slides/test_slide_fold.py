"""What older programs wrote is read as they meant it."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from tests.edge.records.bench import make_cell

from leukoscope_edge.i18n import language_codes, languages
from leukoscope_edge.messages import message
from leukoscope_edge.records import Event
from leukoscope_edge.records.slides import Action, FieldPicture, Kind, SlideState
from leukoscope_edge.records.slides.slide_fold import (
    CannotFollowError,
    apply,
    fold,
    why_not,
)
from leukoscope_edge.types import THRESHOLDS

NETWORK = "a network"


def kept(file: str) -> FieldPicture:
    return FieldPicture(
        file=file, frame=f"frame {file}", box_px=(0, 0, 9, 9), found_by=""
    )


def of_an_older_program(event: Event) -> Event:
    """The event as it was written when no kept frame said what found its cells."""
    if event.kind != Kind.CELLS.value:
        return event
    cells = [dict(c) for c in event.body["cells"]]
    for cell in cells:
        if "field" in cell:
            cell["field"] = {k: v for k, v in cell["field"].items() if k != "found_by"}
    return replace(event, body=event.body | {"cells": cells})


def test_a_kept_frame_of_an_older_record_was_looked_at_by_what_served_then(
    bench: Any,
) -> None:
    store, slide = bench.store, bench.counted(n=0)

    def add(number: int, file: str) -> None:
        cells, fields = [make_cell(number)], {number: kept(file)}
        store.count.add_cells(slide, cells, frames={}, fields=fields)

    add(1, "a")
    store.count.change_segmenter(slide, NETWORK, "the profile asks for it")
    add(1, "a")  # known better, and in the same frame as before
    add(2, "b")
    add(3, "b")
    store.count.change_segmenter(slide, THRESHOLDS, "it failed")
    store.count.add_cells(slide, [make_cell(2)], frames={})
    add(3, "c")
    record = fold(of_an_older_program(e) for e in store.reader.events(slide))
    fields = [c.field for c in record.machine_cells.values() if c.field]
    assert [(f.file, f.found_by) for f in fields] == [
        ("a", THRESHOLDS),
        ("b", NETWORK),
        ("c", THRESHOLDS),
    ]


ORPHAN = Event(
    seq=1,
    slide="0001",
    kind=Kind.FINISH.value,
    at="2026-11-01T10:00:00+00:00",
    by="Ada",
    key="",
    body={},
    previous="",
    hash="",
)
LIVE = {"counting", "paused", "ended"}
"""States that only the counting process tells."""


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("state", SlideState)
def test_why_a_step_is_not_allowed_is_said_in_every_language(
    action: Action, state: SlideState
) -> None:
    kept = SlideState.COUNTING if state.value in LIVE else state
    record: Any = SimpleNamespace(id="0001", state=kept)
    live: Any = state.value if state.value in LIVE else ""
    told = why_not(record, action, live)
    step = "count it" if action is Action.COUNT else action.value
    assert told.said() == f"slide 0001: cannot {step} while it is {state.value}"
    for code in language_codes()[1:]:
        language = languages()[code]
        words = (language.words[step], language.words[state.value])
        assert all(word in told.said(language) for word in words)


def test_an_event_that_cannot_follow_says_why_as_a_message() -> None:
    with pytest.raises(ValueError, match="there is no slide 0001") as found:
        apply(None, ORPHAN)
    assert isinstance(found.value, CannotFollowError)
    assert found.value.told == message("no-such-slide", slide="0001")
