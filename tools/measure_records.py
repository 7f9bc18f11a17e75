"""Measure what the records cost: keeping a cell, a word, a signature, a report.

    python tools/measure_records.py [--cells 200] [--suspects 40] [--runs 5] [--json]

Pictures are noise, which compresses worst. The report is printed for a Latin name and
for names in Devanagari and Arabic, whose fonts must be found, shaped and cut down.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from leukoscope_edge.messages import message
from leukoscope_edge.outcome import Interval, Verdict, VerdictName
from leukoscope_edge.records.exports.pdf_report import write_paper
from leukoscope_edge.records.slides.slide import Identity, Origin, SlideSetUp
from leukoscope_edge.records.store import Store, open_store
from leukoscope_edge.sample import SIMULATED_SAMPLE
from leukoscope_edge.types import Call, CallName, Cell, Sighting, Tally, Word

SIDE_PX = 96
NAMES = {"latin": "Ann Other", "shaped": "आशा देवी / فاطمة الزهراء"}
ORIGIN = Origin(
    bundle="measure",
    bundle_sha256="0" * 64,
    engine="none",
    software="measure",
    calibration="none",
    camera="none",
    scale_um_per_px=0.1,
    view_um=20.0,
    limits=("None: this is a measurement.",),
)


def _cell(number: int, *, is_suspect: bool) -> Cell:
    rng = np.random.default_rng(number)
    pictures = [rng.integers(0, 255, (SIDE_PX, SIDE_PX, 3), np.uint8) for _ in range(4)]
    sightings = tuple(
        Sighting(
            frame="f",
            box_px=(0, 0, SIDE_PX, SIDE_PX),
            centre_px=(48.0, 48.0),
            slide_px=(100.0 * number, 0.0),
            sharpness=1.0,
            crop=crop,
            view=pictures[3],
            radius_px=40.0,
        )
        for crop in pictures[:3]
    )
    name = CallName.BLAST if is_suspect else CallName.NORMAL
    call = Call(name=name, p_blast=0.9 if is_suspect else 0.1)
    return Cell(id=number, sightings=sightings, n_sightings=9, call=call)


def _ms(do: Callable[[], object]) -> float:
    start = time.perf_counter()
    do()
    return 1000 * (time.perf_counter() - start)


def _one_slide(
    store: Store, name: str, n_cells: int, n_suspects: int
) -> dict[str, float]:
    """Keep, judge, sign and print one slide; return milliseconds."""
    verdict = Verdict(
        name=VerdictName.FEW,
        messages=(message("test"),),
        n_cells=n_cells,
        n_blast=n_suspects,
        n_unclear=0,
        interval=Interval(low=0.1, high=0.3),
    )
    identity = Identity(sample="S", name=name)
    set_up = SlideSetUp(
        identity=identity,
        facts=SIMULATED_SAMPLE,
        mode="slide",
        domain="simulated",
        origin=ORIGIN,
    )
    slide = store.start_slide(set_up, "ann")
    cells = [_cell(i, is_suspect=i <= n_suspects) for i in range(1, n_cells + 1)]
    keep_ms = [_ms(lambda c=c: store.add_cells(slide, [c], frames={})) for c in cells]  # type: ignore[misc]
    store.finish_count(slide, verdict, "ann", tally=Tally())
    judge_ms = [
        _ms(
            lambda i=i: store.judge_cell(  # type: ignore[misc]
                slide, str(i), Word.NORMAL, "ann", key=f"{slide}-{i}"
            )
        )
        for i in range(1, n_suspects + 11)
    ]

    def sign_and_print() -> None:
        store.sign(slide, lambda _: verdict, "ann", key=f"{slide}-sign")
        write_paper(store, slide, "ann")

    return {
        "keep_cell_ms": statistics.median(keep_ms),
        "judge_cell_ms": statistics.median(judge_ms),
        "sign_to_pdf_ms": _ms(sign_and_print),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cells", type=int, default=200)
    parser.add_argument("--suspects", type=int, default=40)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    runs: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder)) as store:
        for _ in range(options.runs):
            for script, name in NAMES.items():
                times = _one_slide(store, name, options.cells, options.suspects)
                for what, ms in times.items():
                    runs.setdefault(f"{what} {script}", []).append(ms)
    result = {
        what: {"median": round(statistics.median(ms), 1), "max": round(max(ms), 1)}
        for what, ms in runs.items()
    }
    if options.json:
        print(json.dumps(result))
        return
    for what, numbers in result.items():
        print(f"{what:<24} median {numbers['median']:>8}  max {numbers['max']:>8}")


if __name__ == "__main__":
    main()
