"""What does a frame of a running count cost, step by step, and would looking ahead pay?

    python tools/bench_live.py [SOURCE] [--um-per-px N] [--segmenter NAME]
        [--frames 120] [--rounds 5] [--threads 1] [--opencv 1] [--ahead 1 2]
        [--sync-ms 0] [--json]

Walks the road of the page's counting process: `SlideRun` frame by frame, and `Keeper`,
which writes to records in a temporary folder (TMPDIR says on which disk). The steps are
timed where frames are looked at one by one. Then, in turns, the same frames are looked
at with 1, 2, ... searches for cells at once (`SlideRun.look_at_all`): with 2, the next
frame is searched while this one's cells are cut out, judged and kept. Cells, calls and
sightings must come out the same, or this ends with 1. All rounds run in turns, and
ratios are of times in one round.

`--sync-ms` makes each sync of a file so much slower, as a memory card is. Frames are
read before the clock starts. For fewer cores: `taskset -c 0,1 python tools/...`.
"""

import argparse
import json
import os
import resource
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from leukoscope_edge import screening
from leukoscope_edge.capture.camera import items_of
from leukoscope_edge.capture.source import is_sequence, open_source
from leukoscope_edge.inference.backend import open_engine
from leukoscope_edge.inference.bundle import Bundle, open_bundle, shipped_bundle_for
from leukoscope_edge.inference.segmenter_fallback import ServingSegmenter
from leukoscope_edge.live.recorder import Keeper
from leukoscope_edge.live.snapshot import boxes_of, count_facts
from leukoscope_edge.records.slide import Identity, Origin, SlideSetUp
from leukoscope_edge.records.store import Store, open_store
from leukoscope_edge.sample import SIMULATED_SAMPLE
from leukoscope_edge.screening import Looked, SlideRun, new_context
from leukoscope_edge.types import Cell, Domain, Fault, Frame

Items = list[Frame | Fault]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slide:
    """Frames in memory, and what is known of them."""

    source: str
    items: Items
    domain: Domain
    scale_um_per_px: float | None
    read_ms: list[float]


class Steps:
    """Milliseconds of every step, by name."""

    def __init__(self) -> None:
        self.times_ms: dict[str, list[float]] = defaultdict(list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time what happens inside."""
        start_s = time.perf_counter()
        yield
        self.times_ms[name].append(1e3 * (time.perf_counter() - start_s))

    def time(self, name: str, owner: object, function: str) -> Callable[[], None]:
        """Time a function where it stands; what is returned takes the clock away."""
        plain = getattr(owner, function)

        def timed(*given: Any, **named: Any) -> Any:
            with self.step(name):
                return plain(*given, **named)

        setattr(owner, function, timed)
        return lambda: setattr(owner, function, plain)


def main() -> int:
    """Measure, compare and print."""
    options = _parse()
    cv2.setNumThreads(options.opencv)
    slide = _read(options)
    bundle = open_bundle(shipped_bundle_for(slide.domain))
    steps = Steps()
    steps.times_ms["capture"] = slide.read_ms
    frame_ms: dict[int, list[float]] = {n: [] for n in options.ahead}
    counted = set()
    for _ in range(options.rounds):
        counted.add(_walk(slide, bundle, options, 1, steps)[1])
        for n in options.ahead:
            taken_ms, cells = _walk(slide, bundle, options, n, None)
            frame_ms[n].append(taken_ms)
            counted.add(cells)
    found = {
        "source": slide.source,
        "n_frames": len(slide.items),
        "n_cells": len(next(iter(counted))),
        "same": len(counted) == 1,
        "cores": len(os.sched_getaffinity(0)),
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "steps_ms": _steps(steps, len(slide.items) * options.rounds),
        "ahead": [_ahead(n, frame_ms, options.ahead[0]) for n in options.ahead],
    }
    print(json.dumps(found, indent=1) if options.json else _table(found))
    return 0 if found["same"] else 1


def _read(options: argparse.Namespace) -> Slide:
    items: Items = []
    read_ms = []
    with open_source(options.source, scale_um_per_px=options.um_per_px) as camera:
        shown, start_s = items_of(camera), time.perf_counter()
        while len(items) < options.frames and (item := next(shown, None)) is not None:
            items.append(item)
            now_s = time.perf_counter()
            read_ms.append(1e3 * (now_s - start_s))
            start_s = now_s
        return Slide(
            source=options.source,
            items=items,
            domain=camera.domain,
            scale_um_per_px=camera.scale_um_per_px,
            read_ms=read_ms,
        )


def _walk(
    slide: Slide,
    bundle: Bundle,
    options: argparse.Namespace,
    n_at_once: int,
    steps: Steps | None,
) -> tuple[float, tuple[object, ...]]:
    """Count a slide; return milliseconds a frame, and the cells with their calls."""
    threads = options.threads
    with (
        tempfile.TemporaryDirectory() as folder,
        open_store(Path(folder) / "records") as store,
        open_engine(bundle, backend="cpu", n_threads=threads) as engine,
        _slower_sync(options.sync_ms),
    ):
        segmenter = ServingSegmenter(options.segmenter, n_threads=threads)
        run = SlideRun(
            engine,
            bundle,
            context=new_context(
                SIMULATED_SAMPLE, bundle.card, None, slide.scale_um_per_px
            ),
            scale_um_per_px=slide.scale_um_per_px,
            is_sequence=is_sequence(slide.source),
            segmenter=segmenter,
        )
        keeper = Keeper(store, _start(store, slide, bundle), bundle.card)
        store.end_copy()
        clock = steps or Steps()
        unclock = [
            clock.time("registration", run, "_place"),
            clock.time("gate", screening, "_why_not"),
            clock.time("segmentation", segmenter, "segment"),
            clock.time("crops and album", run, "take_in"),
        ]
        start_s = time.perf_counter()
        looks = run.look_at_all(slide.items, n_at_once)
        for item, looked in zip(slide.items, looks, strict=True):
            cells = _take_in(item, looked, run, keeper, clock)
        taken_ms = 1e3 * (time.perf_counter() - start_s) / len(slide.items)
        for take_away in unclock:
            take_away()
    return taken_ms, tuple((c.id, c.call, c.n_sightings) for c in cells)


def _take_in(
    item: Frame | Fault, looked: Looked, run: SlideRun, keeper: Keeper, clock: Steps
) -> tuple[Cell, ...]:
    """Do with a frame's cells what the counting process does, but for showing them."""
    with clock.step("classification"):
        cells = run.cells()
    with clock.step("record"):
        keeper.saw(item, looked)
        keeper.keep(cells)
    with clock.step("what the page is told"):
        boxes_of(looked, cells, keeper)
        count_facts(run, cells, keeper)
    return cells


def _start(store: Store, slide: Slide, bundle: Bundle) -> str:
    origin = Origin(
        bundle=bundle.card.id,
        bundle_sha256=bundle.card.model_cpu.sha256,
        engine="cpu",
        software="bench",
        calibration="none",
        camera=slide.source,
        scale_um_per_px=slide.scale_um_per_px,
        view_um=1.0,
    )
    identity = Identity(sample="bench")
    set_up = SlideSetUp(
        identity=identity,
        facts=SIMULATED_SAMPLE,
        mode="slide",
        domain=slide.domain,
        origin=origin,
    )
    return store.start_slide(set_up, "bench")


@contextmanager
def _slower_sync(more_ms: float) -> Iterator[None]:
    plain = os.fsync

    def slow(descriptor: int) -> None:
        plain(descriptor)
        time.sleep(more_ms / 1e3)

    if more_ms:
        setattr(os, "fsync", slow)  # noqa: B010 - to put a slow disk in its place
    try:
        yield
    finally:
        os.fsync = plain


def _steps(steps: Steps, n_frames: int) -> list[dict[str, Any]]:
    """Return what a step costs; its mean is over all frames, with it or without."""
    rows = []
    for name, times in steps.times_ms.items():
        p50, p95 = np.percentile(times, [50, 95])
        n = len(times) if name == "capture" else n_frames
        mean = sum(times) / n
        rows.append(
            {"step": name}
            | {k: round(float(v), 2) for k, v in {"mean": mean, "p50": p50}.items()}
            | {"p95": round(float(p95), 2)}
        )
    return rows


def _ahead(n: int, frame_ms: dict[int, list[float]], first: int) -> dict[str, Any]:
    """Return how fast it went with so many searches at once, and what that gave."""
    gains = [a / b for a, b in zip(frame_ms[first], frame_ms[n], strict=True)]
    return {
        "at_once": n,
        "ms_a_frame": round(statistics.median(frame_ms[n]), 2),
        "gain": round(statistics.median(gains), 3),
        "gain_min": round(min(gains), 3),
        "gain_max": round(max(gains), 3),
    }


def _table(found: dict[str, Any]) -> str:
    lines = [
        f"{found['source']}: {found['n_frames']} frames, {found['n_cells']} cells, "
        f"{found['cores']} cores, peak memory {found['peak_rss_mib']} MiB; "
        + ("the same cells each time" if found["same"] else "CELLS DIFFER")
    ]
    lines += [
        f"{s['step']:<24} mean {s['mean']:7.2f}  p50 {s['p50']:7.2f}  "
        f"p95 {s['p95']:7.2f} ms"
        for s in found["steps_ms"]
    ]
    lines += [
        f"searches at once: {a['at_once']}  {a['ms_a_frame']:7.2f} ms a frame, "
        f"{a['gain']:.2f} x ({a['gain_min']:.2f} to {a['gain_max']:.2f})"
        for a in found["ahead"]
    ]
    return "\n".join(lines)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("source", nargs="?", default="simulated:cells=60,seed=5")
    parser.add_argument("--um-per-px", type=float)
    parser.add_argument("--segmenter", default="thresholds")
    parser.add_argument("--frames", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1, help="of a network")
    parser.add_argument("--opencv", type=int, default=1, help="its threads")
    parser.add_argument("--ahead", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--sync-ms", type=float, default=0.0)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
