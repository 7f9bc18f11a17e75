"""What older programs wrote is read as they meant it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from leukoscope_edge.records.events import Event
from leukoscope_edge.records.slides.cell_record import FieldPicture
from leukoscope_edge.records.slides.slide import Kind
from leukoscope_edge.records.slides.slide_fold import fold
from leukoscope_edge.types import THRESHOLDS, Cell

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
    bench: Any, make_cell: Callable[..., Cell]
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
