"""Measure what leaves: the time to make each file of a slide with a differential.

    python tools/measure_paper.py [--cells 200] [--suspects 40] [--rounds 5]

Prints JSON: for each format the median and the longest time in seconds, and its bytes.
The first paper loads the PDF library and the fonts; it is told apart. How long the
gallery takes to open in a browser: `tools/measure_page.py`.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from leukoscope_edge.messages import message
from leukoscope_edge.outcome import Interval, Verdict, VerdictName
from leukoscope_edge.records.exports.formats import FORMATS, file_of
from leukoscope_edge.records.exports.slide_version import Dossier, open_dossier
from leukoscope_edge.records.slides.slide import Identity, Origin, SlideSetUp
from leukoscope_edge.records.store import open_store
from leukoscope_edge.sample import SIMULATED_SAMPLE
from leukoscope_edge.types import (
    Call,
    CallName,
    Cell,
    Sighting,
    Tally,
)

SIDE_PX = 128
KINDS = ("neutrophil",) * 12 + ("lymphocyte",) * 6 + ("monocyte", "eosinophil")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=200)
    parser.add_argument("--suspects", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        dossier = filled(Path(folder), options.cells, options.suspects)
        print(json.dumps(dict(measured(dossier, options.rounds)), indent=1))


def measured(dossier: Dossier, n_rounds: int) -> Iterator[tuple[str, object]]:
    """Yield how long each file takes."""
    yield "first pdf, s", round(timed(dossier, "pdf")[0], 3)
    for suffix in FORMATS:
        times_s, n_bytes = zip(
            *(timed(dossier, suffix) for _ in range(n_rounds)), strict=True
        )
        found = {"median_s": statistics.median(times_s), "longest_s": max(times_s)}
        rounded = {name: round(value, 3) for name, value in found.items()}
        yield suffix, rounded | {"bytes": n_bytes[0]}


def timed(dossier: Dossier, suffix: str) -> tuple[float, int]:
    """Return how long one file takes, and its bytes."""
    begin_s = time.perf_counter()
    data = file_of(dossier, suffix)
    return time.perf_counter() - begin_s, len(data)


def filled(folder: Path, n_cells: int, n_suspects: int) -> Dossier:
    """Return a finished slide, so many of its cells suspect."""
    store = open_store(folder)
    facts = replace(SIMULATED_SAMPLE, wbc_10e9_per_l=6.2)
    origin = Origin(
        bundle="measured",
        bundle_sha256="0" * 64,
        engine="none",
        software="measured",
        calibration="none",
        camera="none",
        scale_um_per_px=0.1,
        view_um=20.0,
    )
    set_up = SlideSetUp(
        identity=Identity(sample="S-1"),
        facts=facts,
        mode="slide",
        domain="simulated",
        origin=origin,
    )
    slide = store.start_slide(set_up, "measured")
    store.add_cells(slide, [cell(i, n_suspects) for i in range(n_cells)], frames={})
    verdict = Verdict(
        name=VerdictName.FEW,
        messages=(message("test"),),
        n_cells=n_cells,
        n_blast=n_suspects,
        n_unclear=0,
        interval=Interval(low=0.1, high=0.3),
    )
    store.finish_count(slide, verdict, "measured", tally=Tally(n_smudges=3))
    return open_dossier(store, slide)


def cell(number: int, n_suspects: int) -> Cell:
    """Return a cell of noise, which compresses worst."""
    random = np.random.default_rng(number)
    pixels = random.integers(0, 255, (SIDE_PX, SIDE_PX, 3), np.uint8)
    sighting = Sighting(
        frame="f",
        box_px=(0, 0, 40, 40),
        centre_px=(20.0, 20.0),
        slide_px=(50.0 * number, 0.0),
        sharpness=1.0,
        radius_px=20.0,
        crop=pixels,
        view=pixels,
    )
    name = CallName.BLAST if number < n_suspects else CallName.NORMAL
    kinds = ((KINDS[number % len(KINDS)], 0.9), ("blast", 0.1))
    call = Call(name=name, p_blast=0.9, kinds=kinds)
    return Cell(id=number + 1, sightings=(sighting,), n_sightings=2, call=call)


if __name__ == "__main__":
    main()
