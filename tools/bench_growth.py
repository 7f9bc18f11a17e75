"""Does a frame cost more the larger the slide has grown?

    python tools/bench_growth.py [--areas 10] [--cells 200] [--frames 0]
        [--every-frame] [--json]

Drawn areas are counted one after the other on one slide, each begun as a technician
begins one whose last place cannot be found again. By turns every frame goes to that
slide and to a fresh one that knows its area alone, so that both see the same pictures
on the same busy machine: the ratio of their processor time, on one thread, is what the
slide's size costs. As on the device, calls and outcome are asked after each frame.
A second area costs more than its cells: from then on each frame is compared with places
of other areas, which it may overlap (`vision/motion.py`).

JSON: `areas`, rows of `n_frames` and `n_cells` (of the slide, at the area's end),
`grown_ms` and `alone_ms` (of the processor, median of the area's frames) and `ratio`
of all the area's frames; `first_ratio` and `last_ratio`.
"""

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

import cv2

from leukoscope_edge.capture import items_of, parse_simulated
from leukoscope_edge.inference import (
    Bundle,
    Engine,
    open_bundle,
    open_engine,
    shipped_bundle_for,
)
from leukoscope_edge.screening import SlideRun
from leukoscope_edge.types import Fault, Frame
from leukoscope_train.evaluation import run_simulated

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for tests/rigs

from tests.rigs.quiet_machine import Stopwatch


def main() -> None:
    """Count all areas on one slide, and each on its own."""
    options = _parse()
    cv2.setNumThreads(1)
    bundle = open_bundle(shipped_bundle_for("simulated"))
    with open_engine(bundle, backend="cpu", n_threads=1) as engine:
        rows = grow(engine, bundle, options)
    found = {
        "areas": rows,
        "first_ratio": rows[0]["ratio"],
        "last_ratio": rows[-1]["ratio"],
    }
    print(json.dumps(found, indent=1) if options.json else _text(rows))


def grow(
    engine: Engine, bundle: Bundle, options: argparse.Namespace
) -> list[dict[str, Any]]:
    """Return a row for each area."""
    rows: list[dict[str, Any]] = []
    grown: SlideRun | None = None
    n_frames = 0
    for seed in range(1, options.areas + 1):
        source = f"simulated:cells={options.cells},frames={options.frames},seed={seed}"
        grown_ms: list[float] = []
        alone_ms: list[float] = []
        with parse_simulated(source) as camera:
            scale, only_new = camera.scale_um_per_px, not options.every_frame
            alone = run_simulated(engine, bundle, scale, only_new=only_new)
            if grown is None:
                grown = run_simulated(engine, bundle, scale, only_new=only_new)
            else:
                grown.new_area()
            turn = [(grown, grown_ms), (alone, alone_ms)]
            for item in items_of(camera):
                for run, taken_ms in turn:
                    taken_ms.append(_look(run, item))
                turn.reverse()
        n_frames += len(grown_ms)
        rows.append(
            {
                "n_frames": n_frames,
                "n_cells": len(grown.cells()),
                "grown_ms": round(statistics.median(grown_ms), 2),
                "alone_ms": round(statistics.median(alone_ms), 2),
                "ratio": round(sum(grown_ms) / sum(alone_ms), 3),
            }
        )
    return rows


def _look(run: SlideRun, item: Frame | Fault) -> float:
    """Return what one frame costs, in milliseconds of the processor."""
    with Stopwatch() as watch:
        run.look(item)
        run.cells()
        run.outcome()
    return watch.taken.cpu_ms


def _text(rows: list[dict[str, Any]]) -> str:
    lines = [" ".join(f"{name:>9}" for name in rows[0])]
    lines += [" ".join(f"{value:>9}" for value in row.values()) for row in rows]
    return "\n".join(lines)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--areas", type=int, default=10, help="on one slide")
    parser.add_argument("--cells", type=int, default=200, help="of an area")
    parser.add_argument("--frames", type=int, default=0, help="of an area; 0: all")
    parser.add_argument("--every-frame", action="store_true", help="search each")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
