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
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for tests/rigs

from tests.rigs.running_service import Device, own_memory_mb, wait_for
from tests.rigs.year_of_slides import filled, timed

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


def medians(rounds: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the median of each figure."""
    return {k: round(statistics.median(r[k] for r in rounds), 3) for k in rounds[0]}


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


if __name__ == "__main__":
    sys.exit(main())
