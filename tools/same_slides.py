"""Does a change of the road of a frame change a count or a call?

    python tools/same_slides.py --out before.json      # in a checkout before the change
    python tools/same_slides.py --against before.json  # and after it

    python tools/same_slides.py --every-frame --out every.json
    python tools/same_slides.py --against every.json   # only what is new is searched

Counts drawn slides of five sorts, seed by seed: steady, jerky, in bad light, small and
large. Of each slide it keeps a digest of every frame's placement and report and of
every cell: its number, place, box, sharpness, pictures and call. A change that claims
to be quicker and nothing else leaves all digests as they are. Prints how many slides
differ, by how many cells and calls, and the processor time a frame (median over the
slides); ends with 1 where a digest differs. Digests count on any machine, times on a
quiet one (`quiet_machine.py`).

JSON: by slide `digest`, `n_cells`, `n_true`, `n_blasts`, `n_frames`, `n_searched`,
`frame_cpu_ms`, `cells` (each `island`, `x`, `y`, `call`).
"""

import argparse
import hashlib
import json
import math
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2

from leukoscope_edge.capture import SimulatedCamera, parse_simulated
from leukoscope_edge.counting import FrameResult
from leukoscope_edge.inference import (
    Bundle,
    Engine,
    open_bundle,
    open_engine,
    shipped_bundle_for,
)
from leukoscope_edge.types import CallName, Cell, Frame
from leukoscope_train.evaluation import run_simulated

SORTS = (
    "cells=24,jerks=0",
    "cells=24,jerks=6",
    "cells=24,tones=0.6,corners=0.4",
    "cells=6,jerks=1",
    "cells=120,jerks=1",
)
"""Settings of `simulated:`."""
SAME_PX = 30.0
"""Two places of one cell lie nearer, those of two cells farther: half a nucleus."""


def main(arguments: list[str] | None = None) -> int:
    """Count, compare and print."""
    options = _parse(arguments)
    cv2.setNumThreads(1)
    bundle = open_bundle(shipped_bundle_for("simulated"))
    with open_engine(bundle, backend="cpu", n_threads=1) as engine:
        found = {
            source: slide(source, bundle, engine, only_new=not options.every_frame)
            for source in _sources(options.first, options.seeds, options.frames)
        }
    if options.out:
        options.out.write_text(json.dumps(found, indent=1) + "\n")
    before = json.loads(options.against.read_text()) if options.against else {}
    others = different(before, found)
    print(_text(found, before, others))
    return int(bool(others))


def _sources(first: int, n_seeds: int, n_frames: int) -> list[str]:
    return [
        f"simulated:seed={seed},frames={n_frames},{SORTS[seed % len(SORTS)]}"
        for seed in range(first, first + n_seeds)
    ]


def slide(
    source: str, bundle: Bundle, engine: Engine, *, only_new: bool = False
) -> dict[str, Any]:
    """Count one slide frame by frame and return what came of it."""
    with parse_simulated(source) as camera:
        n_true = _n_shown(camera)
        run = run_simulated(engine, bundle, camera.scale_um_per_px, only_new=only_new)
        digest, n_frames, n_searched, spent_s = hashlib.sha256(), 0, 0, 0.0
        while isinstance(frame := camera.read(), Frame):
            began_s = time.process_time()
            looked = run.look(frame)
            run.cells()
            spent_s += time.process_time() - began_s
            n_frames += 1
            n_searched += bool(looked.found_by) + len(looked.late)
            _take_in(digest, _of_frame(looked))
    n_searched += len(run.catch_up())
    cells = run.cells()
    for cell in cells:
        _take_in(digest, _of_cell(cell))
    _take_in(digest, [run.outcome()])
    return {
        "digest": digest.hexdigest(),
        "n_cells": len(cells),
        "n_true": n_true,
        "n_blasts": sum(
            c.call is not None and c.call.name is CallName.BLAST for c in cells
        ),
        "n_frames": n_frames,
        "n_searched": n_searched,
        "cells": [_place_and_call(cell) for cell in cells],
        "frame_cpu_ms": round(1e3 * spent_s / max(n_frames, 1), 2),
    }


def _n_shown(camera: SimulatedCamera) -> int:
    """Return how many of the drawn cells some frame shows whole."""
    height, width = camera.render(0).shape[:2]
    return sum(
        any(
            min(x - px, y - py) >= cell.radius_px
            and px + width - x >= cell.radius_px
            and py + height - y >= cell.radius_px
            for px, py in camera.places_px
        )
        for cell in camera.truth
        for x, y in (cell.centre_px,)
    )


def _place_and_call(cell: Cell) -> dict[str, Any]:
    x, y = cell.best.slide_px
    call = cell.call.name.value if cell.call else ""
    return {"island": cell.island, "x": round(x, 1), "y": round(y, 1), "call": call}


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


def compared(before: dict[str, Any], after: dict[str, Any]) -> dict[str, int]:
    """Count the cells of slides that both sides have, and how they differ.

    Returns:
        `cells` before, `missing` after, `new` after, `called_otherwise`.
    """
    sums: Counter[str] = Counter()
    for source in before.keys() & after.keys():
        old, new = before[source].get("cells", []), after[source].get("cells", [])
        pairs = [(a, b) for a in old for b in new if _is_same(a, b)]
        sums["cells"] += len(old)
        sums["missing"] += len(old) - len({id(a) for a, _ in pairs})
        sums["new"] += len(new) - len({id(b) for _, b in pairs})
        sums["called_otherwise"] += sum(a["call"] != b["call"] for a, b in pairs)
    return dict(sums)


def _is_same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    away_px = math.hypot(a["x"] - b["x"], a["y"] - b["y"])
    return a["island"] == b["island"] and away_px < SAME_PX


def _text(found: dict[str, Any], before: dict[str, Any], others: list[str]) -> str:
    n_frames, n_searched, n_cells, n_true = (
        sum(one[name] for one in found.values())
        for name in ("n_frames", "n_searched", "n_cells", "n_true")
    )
    lines = [f"{len(found)} slides, {_cpu_ms(found):.2f} ms of the processor a frame"]
    lines.append(f"{n_searched} of {n_frames} frames searched")
    lines.append(f"{n_cells} cells counted, of {n_true} that are shown whole")
    if before:
        lines[0] += f" (before: {_cpu_ms(before):.2f})"
        lines.append(f"{len(others)} slides differ")
        lines += [f"{n} {what}" for what, n in compared(before, found).items()]
        lines += _counts_that_differ(before, found)
    return "\n".join([*lines, *others])


def _counts_that_differ(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    both = sorted(before.keys() & after.keys())
    counts = [(s, before[s]["n_cells"], after[s]["n_cells"]) for s in both]
    return [f"{s}: {old} cells, now {new}" for s, old, new in counts if old != new]


def _cpu_ms(found: dict[str, Any]) -> float:
    return float(statistics.median(one["frame_cpu_ms"] for one in found.values()))


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=40, help="how many slides")
    parser.add_argument("--first", type=int, default=1, help="seed of the first")
    parser.add_argument("--frames", type=int, default=80, help="of each slide")
    parser.add_argument("--every-frame", action="store_true", help="search each")
    parser.add_argument("--out", type=Path, help="a file for the digests")
    parser.add_argument("--against", type=Path, help="digests of before the change")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
