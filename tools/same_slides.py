"""Does a change of the road of a frame change a count or a call?

    python tools/same_slides.py --out before.json      # in a checkout before the change
    python tools/same_slides.py --against before.json  # and after it

Counts drawn slides of five sorts, seed by seed: steady, jerky, in bad light, small and
large. Of each slide it keeps a digest of every frame's placement and report and of
every cell: its number, place, box, sharpness, pictures and call. A change that claims
to be quicker and nothing else leaves all digests as they are. Prints how many slides
differ, and the processor time a frame (median over the slides); ends with 1 where one
differs. Digests count on any machine, times on a quiet one (`quiet_machine.py`).

JSON: by slide `digest`, `n_cells`, `n_blasts`, `n_frames`, `frame_cpu_ms`.
"""

import argparse
import hashlib
import json
import statistics
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2

from leukoscope_edge.capture import parse_simulated
from leukoscope_edge.inference import (
    Bundle,
    Engine,
    open_bundle,
    open_engine,
    shipped_bundle_for,
)
from leukoscope_edge.screening import FrameResult
from leukoscope_edge.types import CallName, Cell, Frame
from leukoscope_train.evaluation.simulated_run import simulated_run

SORTS = (
    "cells=24,jerks=0",
    "cells=24,jerks=6",
    "cells=24,tones=0.6,corners=0.4",
    "cells=6,jerks=1",
    "cells=120,jerks=1",
)
"""Settings of `simulated:`."""


def main(arguments: list[str] | None = None) -> int:
    """Count, compare and print."""
    options = _parse(arguments)
    cv2.setNumThreads(1)
    bundle = open_bundle(shipped_bundle_for("simulated"))
    with open_engine(bundle, backend="cpu", n_threads=1) as engine:
        found = {
            source: slide(source, bundle, engine)
            for source in _sources(options.seeds, options.frames)
        }
    if options.out:
        options.out.write_text(json.dumps(found, indent=1) + "\n")
    before = json.loads(options.against.read_text()) if options.against else {}
    others = different(before, found)
    print(_text(found, before, others))
    return int(bool(others))


def _sources(n_seeds: int, n_frames: int) -> list[str]:
    return [
        f"simulated:seed={seed},frames={n_frames},{SORTS[seed % len(SORTS)]}"
        for seed in range(1, n_seeds + 1)
    ]


def slide(source: str, bundle: Bundle, engine: Engine) -> dict[str, Any]:
    """Count one slide frame by frame and return what came of it."""
    with parse_simulated(source) as camera:
        run = simulated_run(engine, bundle, camera.scale_um_per_px)
        digest, n_frames, spent_s = hashlib.sha256(), 0, 0.0
        while isinstance(frame := camera.read(), Frame):
            began_s = time.process_time()
            looked = run.look(frame)
            run.cells()
            spent_s += time.process_time() - began_s
            n_frames += 1
            _take_in(digest, _of_frame(looked))
    cells = run.cells()
    for cell in cells:
        _take_in(digest, _of_cell(cell))
    _take_in(digest, [run.outcome()])
    return {
        "digest": digest.hexdigest(),
        "n_cells": len(cells),
        "n_blasts": sum(
            c.call is not None and c.call.name is CallName.BLAST for c in cells
        ),
        "n_frames": n_frames,
        "frame_cpu_ms": round(1e3 * spent_s / max(n_frames, 1), 2),
    }


def _of_frame(looked: FrameResult) -> Iterable[object]:
    seen = looked.seen
    yield looked.report, looked.place, looked.bearing
    for detection in (*seen.whole, *seen.cut_off, *seen.smudges):
        box, place = detection.box_px, detection.slide_px
        yield box, place, detection.sharpness, detection.radius_px


def _of_cell(cell: Cell) -> Iterable[object]:
    yield cell.id, cell.island, cell.n_sightings, cell.call
    for sighting in cell.sightings:
        yield sighting.frame, sighting.box_px, sighting.slide_px, sighting.sharpness
        yield sighting.crop.tobytes()
    yield cell.view.tobytes()


def _take_in(digest: Any, facts: Iterable[object]) -> None:
    for fact in facts:
        digest.update(fact if isinstance(fact, bytes) else repr(fact).encode())


def different(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return the slides whose digests differ, or that only one side has."""
    if not before:
        return []
    return sorted(
        source
        for source in before.keys() | after.keys()
        if before.get(source, {}).get("digest") != after.get(source, {}).get("digest")
    )


def _text(found: dict[str, Any], before: dict[str, Any], others: list[str]) -> str:
    lines = [f"{len(found)} slides, {_cpu_ms(found):.2f} ms of the processor a frame"]
    if before:
        lines[0] += f" (before: {_cpu_ms(before):.2f})"
        lines.append(f"{len(others)} slides differ")
    return "\n".join([*lines, *others])


def _cpu_ms(found: dict[str, Any]) -> float:
    return float(statistics.median(one["frame_cpu_ms"] for one in found.values()))


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--frames", type=int, default=80, help="of each slide")
    parser.add_argument("--out", type=Path, help="a file for the digests")
    parser.add_argument("--against", type=Path, help="digests of before the change")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
