"""What a year of slides costs a device: start, Home, a new slide, memory, disk.

    python tools/measure_year.py --slides 5000 --rounds 5

Writes so many counted slides into the records, as a running count writes them but
without their pictures, starts the service on them and uses it; by turns with a new
device, so that a busy machine is as busy for both. Prints JSON. `--keep DIR` leaves the
records there, for the next time.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

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
    cell_object,
    outcome_object,
    outcome_of,
)
from leukoscope_edge.sample import SIMULATED_SAMPLE
from leukoscope_edge.types import THRESHOLDS, CallName

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for tests/rigs

from tests.rigs.running_service import NAME, PIN, Device, own_memory_mb, wait_for

CELLS_AN_EVENT = 1.5
"""A running count wrote 522 events for 66 slides of 12 cells (`tools/soak.py`)."""
N_NOTES_A_SLIDE = 2
"""Of the device: light of a slide, hourly time, stored cells, people."""
N_LOOKS = 5
PORT = 8794


def main() -> int:
    """Fill, start, use and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--slides", type=int, default=1000)
    parser.add_argument("--cells", type=int, default=200, help="on each slide")
    parser.add_argument("--rounds", type=int, default=3, help="starts of each device")
    parser.add_argument("--keep", type=Path, help="folder of records to fill or use")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        old, new = options.keep or Path(name) / "old", Path(name) / "new"
        found: dict[str, Any] = {
            "slides": options.slides,
            "cells": options.cells,
            **filled(old, options.slides, options.cells),
        }
        filled(new, 1, options.cells)
        rounds = [
            [used(Device(folder / "data", port=PORT)) for folder in (old, new)]
            for _ in range(options.rounds)
        ]
        of_old, of_new = zip(*rounds, strict=True)
        found["medians"] = medians(of_old)
        found["medians_of_a_new_device"] = medians(of_new)
    print(json.dumps(found, indent=1))
    return 0


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


def medians(rounds: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the median of each figure."""
    return {k: round(statistics.median(r[k] for r in rounds), 3) for k in rounds[0]}


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


def used(device: Device) -> dict[str, float]:
    """Start the service, look at Home and count a slide; return what that took.

    `start_to_slides_s` is when the records were looked through: slides open and may be
    begun from then on.
    """
    began_s = time.monotonic()
    device.start()
    try:
        wait_for(device.answers)
        answers_s = time.monotonic() - began_s
        wait_for(lambda: device.mode() == "idle")
        count_s = time.monotonic() - began_s
        device.sign_in()
        home_s = [timed(lambda: device.look_at("/")) for _ in range(N_LOOKS)]
        wait_for(lambda: device.page.get("/slides/new").is_success)
        slides_s = time.monotonic() - began_s
        quality_s = timed(lambda: device.look_at("/device"))
        models_s = timed(lambda: device.look_at("/update"))
        begin_s = timed(lambda: device.begin(f"NEW-{time.monotonic_ns()}"))
        wait_for(lambda: device.mode() == "ended")
        mb = {n: own_memory_mb(device.pid(n)) for n in ("page", "count")}
        return {
            "start_to_page_s": round(answers_s, 2),
            "start_to_count_s": round(count_s, 2),
            "start_to_slides_s": round(slides_s, 2),
            "first_home_s": round(home_s[0], 2),
            "home_s": round(statistics.median(home_s), 3),
            "quality_s": round(quality_s, 3),
            "models_s": round(models_s, 3),
            "begin_slide_s": round(begin_s, 2),
            "restarts": device.n_restarts(),
            **{f"own_mb_of_{n}": round(v, 1) for n, v in mb.items()},
        }
    finally:
        device.stop()


def timed(do: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    began_s = time.monotonic()
    do()
    return time.monotonic() - began_s


if __name__ == "__main__":
    sys.exit(main())
