"""Records of many counted slides, as a running count writes them, without pictures."""

import time
from collections.abc import Callable
from pathlib import Path

from tests.rigs.running_service import NAME, PIN

from leukoscope_edge.accounts import People
from leukoscope_edge.inference import open_bundle, shipped_bundle_for
from leukoscope_edge.messages import message
from leukoscope_edge.outcome import Refusal
from leukoscope_edge.records import DATABASE_NAME, DEVICE, Store, open_store
from leukoscope_edge.records.slides import (
    CellRecord,
    FieldPicture,
    Identity,
    Kind,
    Origin,
    SlideSetUp,
    outcome_of,
)
from leukoscope_edge.records.slides.slide_objects import cell_object, outcome_object
from leukoscope_edge.sample import SIMULATED_SAMPLE
from leukoscope_edge.types import THRESHOLDS, CallName

CELLS_AN_EVENT = 1.5
"""A running count wrote 522 events for 66 slides of 12 cells (`tools/soak.py`)."""
N_NOTES_A_SLIDE = 2
"""Of the device: light of a slide, hourly time, stored cells, people."""


def filled(folder: Path, n_slides: int, n_cells: int) -> dict[str, float]:
    """Make the records of a device, unless they are there; say what that took."""
    data = folder / "data"
    if data.exists():
        return {"database_mb": round((data / DATABASE_NAME).stat().st_size / 1e6, 1)}
    data.mkdir(parents=True)
    People(data / "people").add_first(NAME, PIN)
    with open_store(data) as store:
        filled_s = timed(lambda: fill(store, n_slides, n_cells))
        copy_s = timed(store.keep_copy)
    return {
        "database_mb": round((data / DATABASE_NAME).stat().st_size / 1e6, 1),
        "filled_s": round(filled_s, 1),
        "daily_copy_s": round(copy_s, 2),
    }


def fill(store: Store, n_slides: int, n_cells: int) -> None:
    """Write counted slides, and what a device notes beside them."""
    with store.ledger.quiet() as connection:
        connection.execute("PRAGMA synchronous = OFF")  # ours alone, and made anew
    card = open_bundle(shipped_bundle_for("simulated")).card
    origin = Origin(
        bundle=card.id,
        bundle_sha256=card.model_cpu.sha256,
        engine="onnxruntime-cpu",
        software="leukoscope",
        calibration="built in",
        camera="simulated",
        scale_um_per_px=0.1,
        view_um=20.48,
        limits=card.limits,
    )
    cells = [cell_object(a_cell(i)) for i in range(1, n_cells + 1)]
    for number in range(n_slides):
        set_up = SlideSetUp(
            identity=Identity(sample=f"Y-{number}"),
            facts=SIMULATED_SAMPLE,
            mode="slide",
            domain="simulated",
            origin=origin,
        )
        write(store, store.start_slide(set_up, NAME), cells)


def write(store: Store, slide: str, cells: list[dict[str, object]]) -> None:
    """Write the events of a slide's count in one step."""
    ledger, outcome = store.ledger, outcome_of(Refusal(reason=message("test")))
    n_events = max(1, round(len(cells) / CELLS_AN_EVENT))
    parts = [cells[i::n_events] for i in range(n_events)]
    with ledger.writing():
        for part in [*parts, cells]:  # at its end all of them are written once more
            counted = {"cells": part, "gone": []}
            ledger.append(ledger.next(Kind.CELLS, slide, counted, DEVICE, ""))
        ended = {"outcome": outcome_object(outcome), "frames": {}, "n_smudges": 0}
        ledger.append(ledger.next(Kind.FINISH, slide, ended, NAME, ""))
        for _ in range(N_NOTES_A_SLIDE):
            note = {"what": "light", "facts": {"plasma_level": 200.0}}
            ledger.append(ledger.next(Kind.NOTE, "", note, DEVICE, ""))
        store.worklist.keep(store.reader.slide(slide))


def a_cell(number: int) -> CellRecord:
    """Return a cell with names as long as real ones."""
    return CellRecord(
        id=str(number),
        frame=f"frame {number:06d}",
        frame_sha256=f"{number:064x}",
        box_px=(300, 200, 372, 280),
        slide_px=(13.25 * number, 7.125 * number),
        n_sightings=11,
        call=CallName.NORMAL,
        p_blast=0.0421875,
        crops=f"{number:064x}.png",
        n_crops=3,
        view=f"{number + 1:064x}.png",
        field=FieldPicture(
            file=f"{number + 2:064x}.jpg",
            frame=f"frame {number:06d}",
            box_px=(300, 200, 372, 280),
            found_by=THRESHOLDS,
        ),
    )


def timed(do: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    began_s = time.monotonic()
    do()
    return time.monotonic() - began_s
