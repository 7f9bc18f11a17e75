"""What does a frame of a running count cost, step by step, and would looking ahead pay?

    python tools/bench_live.py [SOURCE] [--um-per-px N] [--segmenter NAME]
        [--every-frame] [--frames 120] [--rounds 5] [--threads 1] [--opencv 1]
        [--ahead 1 2] [--sync-ms 0] [--instructions] [--json]

Walks the road of the page's counting process: `SlideRun` frame by frame, and
`Recorder`, which writes to records in a temporary folder (TMPDIR says on which disk).
The steps are timed where frames are looked at one by one. Then, in turns, the same
frames are looked at with 1, 2, ... searches for cells at once (`look_at_all`): with 2,
the next frame is searched while this one's cells are cut out, judged and kept. Cells,
calls and sightings must come out the same, or this ends with 1. All rounds run in
turns, and ratios are of times in one round.

Time is measured on the clock and as processor time, with its spread over the rounds,
and the last line says whether the machine was quiet (`quiet_machine.py`): where it was
not, the figures do not count.

`--instructions` adds how many instructions a frame takes, which no neighbour changes
and from which a slower board can be foretold: by the processor's counters (`perf
stat`), or where it shows none by valgrind's callgrind, which is fifty times slower and
has no AVX-512. The tool starts itself twice, for one walk and for two over the same
frames: the difference is a walk's, without the start and without reading frames.

`--sync-ms` makes each sync of a file so much slower, as a memory card is. Frames are
read before the clock starts. For fewer cores: `taskset -c 0,1 python tools/...`.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
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

from leukoscope_edge.capture import is_sequence, items_of, open_source
from leukoscope_edge.counting import EarlierFrames, FrameResult, FrameSearch
from leukoscope_edge.inference import (
    Bundle,
    ServingSegmenter,
    new_context,
    open_bundle,
    open_engine,
    shipped_bundle_for,
)
from leukoscope_edge.live import Recorder, boxes_of, count_facts
from leukoscope_edge.records import Store, open_store
from leukoscope_edge.records.slides import Identity, Origin, SlideSetUp
from leukoscope_edge.sample import SIMULATED_SAMPLE
from leukoscope_edge.screening import SlideRun
from leukoscope_edge.search_ahead import look_at_all
from leukoscope_edge.types import Cell, Domain, Fault, Frame
from leukoscope_train.arguments import whole

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for tests/rigs

from tests.rigs.quiet_machine import MIN_OWN, Stopwatch, Taken, Watch, spread, verdict

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
    if options.walks:  # started by `_instructions`
        for _ in range(options.walks):
            _walk(slide, bundle, options, 1, None)
        return 0
    steps = Steps()
    steps.times_ms["capture"] = slide.read_ms
    taken: dict[int, list[Taken]] = {n: [] for n in options.ahead}
    counted = set()
    with Watch() as watch:
        for _ in range(options.rounds):
            counted.add(_walk(slide, bundle, options, 1, steps)[1])
            for n in options.ahead:
                frame, cells = _walk(slide, bundle, options, n, None)
                taken[n].append(frame)
                counted.add(cells)
    found: dict[str, Any] = {
        "source": slide.source,
        "n_frames": len(slide.items),
        "n_cells": len(next(iter(counted))),
        "same": len(counted) == 1,
        "cores": len(os.sched_getaffinity(0)),
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "steps_ms": _steps(steps, len(slide.items) * options.rounds),
        "ahead": [_ahead(n, taken, options.ahead[0]) for n in options.ahead],
        "machine": verdict(watch.used, 0.0 if options.sync_ms else MIN_OWN),
    }
    if options.instructions:
        found["instructions"] = _instructions(options, len(slide.items))
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
) -> tuple[Taken, tuple[object, ...]]:
    """Count a slide; return what a frame took, and the cells with their calls."""
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
            only_new=not options.every_frame,
        )
        recorder = Recorder(store, _start(store, slide, bundle), bundle.card)
        store.end_copy()
        clock = steps or Steps()
        unclock = [
            clock.time("registration", EarlierFrames, "turn"),
            clock.time("gate", FrameSearch, "quality_of"),
            clock.time("segmentation", segmenter, "segment"),
            clock.time("crops and album", run, "take_in"),
        ]
        with Stopwatch() as watch:
            looks = look_at_all(run, slide.items, n_at_once)
            for item, looked in zip(slide.items, looks, strict=True):
                cells = _take_in(item, looked, run, recorder, clock)
        for take_away in unclock:
            take_away()
    n, taken = len(slide.items), watch.taken
    frame = Taken(wall_ms=taken.wall_ms / n, cpu_ms=taken.cpu_ms / n)
    return frame, tuple((c.id, c.call, c.n_sightings) for c in cells)


def _take_in(
    item: Frame | Fault,
    looked: FrameResult,
    run: SlideRun,
    recorder: Recorder,
    clock: Steps,
) -> tuple[Cell, ...]:
    """Do with a frame's cells what the counting process does, but for showing them."""
    with clock.step("classification"):
        cells = run.cells()
    with clock.step("record"):
        recorder.saw(item, looked)
        recorder.keep(cells, run.tally())
    with clock.step("what the page is told"):
        boxes_of(looked, cells, recorder)
        count_facts(run, cells, recorder)
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


def _ahead(n: int, taken: dict[int, list[Taken]], first: int) -> dict[str, Any]:
    """Return how fast it went with so many searches at once, and what that gave."""
    gains = [a.wall_ms / b.wall_ms for a, b in zip(taken[first], taken[n], strict=True)]
    wall, cpu = (
        spread([getattr(one, name) for one in taken[n]])
        for name in ("wall_ms", "cpu_ms")
    )
    return {
        "at_once": n,
        "ms_a_frame": wall["median"],
        "wall_ms": wall,
        "cpu_ms": cpu,
        "gain": round(statistics.median(gains), 3),
        "gain_min": round(min(gains), 3),
        "gain_max": round(max(gains), 3),
    }


def _instructions(options: argparse.Namespace, n_frames: int) -> dict[str, Any]:
    """Count what a frame takes: two walks less one, by the first way that counts."""
    for way, count in (("perf stat", _by_perf), ("callgrind", _by_callgrind)):
        try:
            one, two = (count(_counted(options, n)) for n in (1, 2))
        except (OSError, ValueError, subprocess.CalledProcessError):
            continue
        return {"by": way, "millions_a_frame": round((two - one) / n_frames / 1e6, 1)}
    raise SystemExit("neither `perf stat` nor `valgrind` counts instructions here")


def _counted(options: argparse.Namespace, n_walks: int) -> list[str]:
    command = [sys.executable, __file__, options.source, "--walks", str(n_walks)]
    command += ["--frames", str(options.frames), "--segmenter", options.segmenter]
    command += ["--every-frame"] * options.every_frame
    if options.um_per_px is not None:
        command += ["--um-per-px", str(options.um_per_px)]
    return command


def _by_perf(command: list[str]) -> int:
    """Return the instructions of a program; ValueError where nothing counts them."""
    counted = ["perf", "stat", "-x", ",", "-e", "instructions:u", *command]
    done = subprocess.run(counted, capture_output=True, text=True, check=True)  # noqa: S603
    return int(done.stderr.strip().splitlines()[-1].split(",")[0])


def _by_callgrind(command: list[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        told = f"--callgrind-out-file={folder}/out"
        counted = ["valgrind", "--tool=callgrind", told, *command]
        done = subprocess.run(counted, capture_output=True, text=True, check=True)  # noqa: S603
    line = next(x for x in done.stderr.splitlines() if "Collected :" in x)
    return int(line.split()[-1])


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
        f"searches at once: {a['at_once']}  {a['ms_a_frame']:7.2f} ms a frame "
        f"({a['wall_ms']['low']:g} to {a['wall_ms']['high']:g}; of the processor "
        f"{a['cpu_ms']['median']:g}), "
        f"{a['gain']:.2f} x ({a['gain_min']:.2f} to {a['gain_max']:.2f})"
        for a in found["ahead"]
    ]
    if "instructions" in found:
        counted = found["instructions"]
        lines.append(
            f"{counted['millions_a_frame']} million instructions a frame, counted by "
            f"{counted['by']}"
        )
    lines.append(found["machine"])
    return "\n".join(lines)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("source", nargs="?", default="simulated:cells=60,seed=5")
    parser.add_argument("--um-per-px", type=float)
    parser.add_argument("--segmenter", default="thresholds")
    parser.add_argument("--every-frame", action="store_true", help="search each")
    parser.add_argument("--frames", type=whole(1), default=120)
    parser.add_argument("--rounds", type=whole(1), default=5)
    parser.add_argument("--threads", type=whole(1, 256), default=1, help="of a network")
    parser.add_argument("--opencv", type=whole(1, 256), default=1, help="its threads")
    parser.add_argument("--ahead", type=whole(1, 256), nargs="+", default=[1, 2])
    parser.add_argument("--sync-ms", type=float, default=0.0)
    parser.add_argument("--instructions", action="store_true", help="count them too")
    parser.add_argument("--walks", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
