"""How long the list of slides takes on a device with many.

    python tools/measure_worklist.py --slides 10000 --cells 200

Writes so many counted slides into records, as `tools/measure_year.py` does, and asks
for the first and the last page of each filter, for a sample and for a day: each once
right after the records were opened, then several times. Also says how long the list
takes to be made anew, as after an update from an older program. Prints JSON.
"""

import argparse
import json
import sqlite3
import statistics
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from leukoscope_edge.records import DATABASE_NAME, Store, open_store
from leukoscope_edge.records.slides import Show, Wanted

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for tests/rigs

from tests.rigs.year_of_slides import filled, timed

N_LOOKS = 5
LAST_PAGE = 10**6
TARGET_S = 0.2


def main() -> int:
    """Fill, ask and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--slides", type=int, default=10_000)
    parser.add_argument("--cells", type=int, default=200, help="on each slide")
    parser.add_argument("--keep", type=Path, help="folder of records to fill or use")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = options.keep or Path(name)
        found: dict[str, object] = {"slides": options.slides, "cells": options.cells}
        found |= filled(folder, options.slides, options.cells)
        found |= measured(folder / "data", options.slides)
    print(json.dumps(found, indent=1))
    return 0


def measured(data: Path, n_slides: int) -> dict[str, object]:
    """Return the seconds of each question, cold and warm, and of a new list."""
    cold, warm = {}, {}
    for name, wanted in questions(n_slides).items():
        with open_store(data) as store:
            cold[name] = round(asked_s(store, wanted), 4)
            again = (asked_s(store, wanted) for _ in range(N_LOOKS))
            warm[name] = round(statistics.median(again), 4)
    with closing(sqlite3.connect(data / DATABASE_NAME)) as connection, connection:
        connection.execute("DELETE FROM worklist")  # to be made anew
    with open_store(data) as store:
        store.fill_worklist()
        anew_s = timed(lambda: store.worklist.stop(at_once=False))
    worst_s = max(cold.values())
    return {
        "cold_s": cold,
        "warm_s": warm,
        "made_anew_s": round(anew_s, 1),
        "worst_s": worst_s,
        "target_s": TARGET_S,
        "is_met": worst_s <= TARGET_S,
    }


def questions(n_slides: int) -> dict[str, Wanted]:
    """Return what is asked."""
    filters = {show.value: Wanted(show=show, names=("Amina",)) for show in Show}
    return filters | {
        "last page": Wanted(page=LAST_PAGE),
        "sample": Wanted(sample=f" y-{n_slides // 2}"),
        "day": Wanted(since="2020-01-01T00:00:00+00:00", before="2999-01-01"),
    }


def asked_s(store: Store, wanted: Wanted) -> float:
    """Return the seconds that a question takes."""
    return timed(lambda: store.worklist.find(wanted))


if __name__ == "__main__":
    sys.exit(main())
