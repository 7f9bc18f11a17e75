"""Where does the time go, stage by stage and layer by layer?

    python tools/profile_latency.py [SOURCE] [--bundle DIR] [--backend auto]
        [--frames 60] [--threads 2] [--clock wall] [--segmenter NAME]
        [--every-frame] [--out DIR] [--json]

Walks `screen`'s own road with a clock between its stages: capture, quality, motion,
plan (is this frame searched?), segmentation and cells (placed, counted, and cut out
where they are kept) of those that are, following in the others, each network of the
bundle per cell, and post-processing (calls, votes, verdict). For every stage p50, p95,
p99, mean, share of all the time and throughput. The layers are those of ONNX Runtime's
own profile of the CPU file, after its fusions. Temperature and clock are the board's,
where Linux tells them.

`--out` receives latency.json, latency.txt and, where matplotlib is installed,
latency.svg. Start with a quiet machine, and quote the machine with the figures. Where
others use it too, `--clock cpu --threads 1` counts processor time, which they do not
stretch.
"""

import argparse
import contextlib
import json
import platform
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from leukoscope_edge.capture import domain_of, is_sequence, open_source
from leukoscope_edge.counting import (
    CellRegistry,
    Due,
    SearchPlan,
    by_model,
    conclude,
)
from leukoscope_edge.inference import (
    CPU_PROVIDER,
    Bundle,
    call_for,
    new_context,
    open_bundle,
    open_engine,
    p_blast,
    prepare,
    segmentation_named,
    shipped_bundle_for,
    vote,
)
from leukoscope_edge.sample import SIMULATED_SAMPLE
from leukoscope_edge.types import THRESHOLDS, Cell, Frame
from leukoscope_edge.vision import (
    NOTHING_KNOWN,
    Placement,
    StageTracker,
    assess,
    find_sightings,
    follow,
    remember,
)
from leukoscope_edge.vision.scale import outside_of

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for tests/rigs

from tests.rigs.quiet_machine import add_clock, parsed_with_clock

N_LAYERS = 12
"""The slowest layers that are listed."""
N_PROFILED = 20
"""Runs of one cell under the runtime's profiler."""
TIMERS = {"wall": time.perf_counter, "cpu": time.process_time}
THERMAL = Path("/sys/class/thermal")
CLOCKS = Path("/sys/devices/system/cpu")


class Clock:
    """Milliseconds of every stage, by name."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.times_ms: dict[str, list[float]] = defaultdict(list)

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what happens inside."""
        start = self._now()
        yield
        self.times_ms[name].append(1e3 * (self._now() - start))

    def rows(self) -> list[dict[str, Any]]:
        """Return one row of figures a stage."""
        total = sum(sum(t) for t in self.times_ms.values())
        return [_row(name, times, total) for name, times in self.times_ms.items()]


def main() -> None:
    """Profile one source and write what was found."""
    options = _parse()
    domain = domain_of(options.source)
    folder = options.bundle or shipped_bundle_for(domain)
    bundle = open_bundle(folder)
    cv2.setNumThreads(options.threads)
    clock = Clock(TIMERS[options.clock])
    served = _walk(bundle, clock, options)
    found = {
        "machine": f"{platform.machine()}, {platform.platform()}",
        "source": options.source,
        "bundle": bundle.card.id,
        **served,
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "board": _board(),
        "stages": clock.rows(),
        "layers": _layers(bundle, options.threads),
    }
    table = _table(found)
    print(json.dumps(found, indent=1) if options.json else table)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "latency.json").write_text(json.dumps(found, indent=1) + "\n")
        (options.out / "latency.txt").write_text(table + "\n")
        _plot(found["stages"], options.out / "latency.svg")


def _walk(bundle: Bundle, clock: Clock, options: argparse.Namespace) -> dict[str, Any]:
    segment = segmentation_named(options.segmenter, n_threads=options.threads)
    spec, tracker = bundle.card.input.crop_spec, StageTracker()
    registry, known, plan = CellRegistry(), NOTHING_KNOWN, None
    with open_source(options.source, scale_um_per_px=options.um_per_px) as camera:
        scale = camera.scale_um_per_px
        if scale and is_sequence(options.source) and not options.every_frame:
            plan = SearchPlan(scale)
        for _ in range(options.frames):
            with clock.stage("capture"):
                item = camera.read()
            if item is None:
                break
            if not isinstance(item, Frame):
                continue
            with clock.stage("quality"):
                report = assess(item.pixels)
            with clock.stage("motion"):
                place = tracker.update(item.pixels, outside_of(item.pixels))
            due = Due()
            if plan is not None:
                with clock.stage("plan"):
                    due = plan.due(plan.candidate(item, place, report.focus))
            for frame, at in _searched(due, item, place):
                with clock.stage("segmentation"):
                    found = segment(frame.pixels, scale)
                with clock.stage("cells"):
                    seen = find_sightings(frame, found, (at.x_px, at.y_px), spec)
                    registry.add(seen.whole, at.island)
                    known = remember(seen, frame.pixels) if plan else known
            if not due.now:
                with clock.stage("following"):
                    follow(known, item, (place.x_px, place.y_px))
    return _judge(registry.cells(), bundle, clock, options)


def _searched(
    due: Due, item: Frame, place: Placement
) -> Iterator[tuple[Frame, Placement]]:
    """Return the frames that are searched now, each with where it lies."""
    for held in due.before:
        yield held.frame, held.place
    if due.now:
        yield item, place


def _judge(
    cells: tuple[Cell, ...], bundle: Bundle, clock: Clock, options: argparse.Namespace
) -> dict[str, Any]:
    """Run each network of the bundle on every kept crop, one by one."""
    crops = [s.crop for c in cells for s in c.sightings]
    decision = bundle.card.decision
    names: dict[str, str] = {}
    for label, one in (("quick network", bundle.quick), ("network", bundle)):
        if one is None:
            continue
        alone = open_engine(
            _alone(one), backend=options.backend, n_threads=options.threads
        )
        with alone as engine:
            engine.run(one.golden.crops[:1])
            for crop in crops:
                with clock.stage("preprocessing"):
                    prepare(crop[None], one.card.input)
                with clock.stage(label):
                    logits = engine.run(crop[None])
            names[label] = engine.name
            names[f"{label} fallback"] = engine.fallback
    if crops:
        with clock.stage("post-processing"):
            p = float(p_blast(logits, decision.temperature)[0])
            votes = [vote([call_for(p, decision)], decision) for _ in cells]
            context = new_context(SIMULATED_SAMPLE, bundle.card, None, 1.0)
            conclude([by_model(v) for v in votes], context)
    return {"engines": names, "n_cells": len(cells), "n_crops": len(crops)}


def _alone(bundle: Bundle) -> Bundle:
    """Return a pair's deep network as a bundle of one."""
    from dataclasses import replace

    return replace(bundle, quick=None)


def _row(name: str, times_ms: list[float], total_ms: float) -> dict[str, Any]:
    p50, p95, p99 = np.percentile(times_ms, [50, 95, 99])
    mean = float(np.mean(times_ms))
    return {
        "stage": name,
        "n": len(times_ms),
        "p50_ms": round(float(p50), 3),
        "p95_ms": round(float(p95), 3),
        "p99_ms": round(float(p99), 3),
        "mean_ms": round(mean, 3),
        "per_s": round(1e3 / mean, 1) if mean else 0.0,
        "share": round(sum(times_ms) / total_ms, 4) if total_ms else 0.0,
    }


def _layers(bundle: Bundle, threads: int) -> list[dict[str, Any]]:
    """Return the slowest layers of the CPU file, mean of twenty runs of one cell."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.enable_profiling = True
    options.log_severity_level = 3
    with tempfile.TemporaryDirectory() as folder:
        options.profile_file_prefix = str(Path(folder) / "ort")
        session = onnxruntime.InferenceSession(
            bundle.model, options, providers=[CPU_PROVIDER]
        )
        ready = prepare(bundle.golden.crops[:1], bundle.card.input)
        for _ in range(N_PROFILED):
            session.run(None, {"input": ready})
        events = json.loads(Path(session.end_profiling()).read_text())
    spent: dict[str, float] = defaultdict(float)
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            kind = event["args"].get("op_name", "?")
            spent[f"{event['name'].removesuffix('_kernel_time')} ({kind})"] += event[
                "dur"
            ]
    slowest = sorted(spent.items(), key=lambda item: -item[1])[:N_LAYERS]
    total = sum(spent.values()) or 1.0
    return [
        {
            "layer": name,
            "mean_ms": round(us / N_PROFILED / 1e3, 4),
            "share": round(us / total, 4),
        }
        for name, us in slowest
    ]


def _board() -> dict[str, Any]:
    """Return temperatures and clocks, as far as Linux tells them here."""
    temps = {
        _read(zone / "type"): int(_read(zone / "temp")) / 1000
        for zone in sorted(THERMAL.glob("thermal_zone*"))
        if _read(zone / "temp").lstrip("-").isdigit()
    }
    clocks = [
        int(text) / 1000
        for path in sorted(CLOCKS.glob("cpu[0-9]*/cpufreq/scaling_cur_freq"))
        if (text := _read(path)).isdigit()
    ]
    return {"temps_c": temps, "clocks_mhz": clocks}


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _table(found: dict[str, Any]) -> str:
    lines = [f"{found['bundle']} on {found['machine']}: {found['engines']}"]
    heads = ("p50_ms", "p95_ms", "p99_ms", "mean_ms", "per_s", "share")
    lines.append(f"{'stage':<18}{'n':>6}" + "".join(f"{h:>10}" for h in heads))
    for row in found["stages"]:
        figures = "".join(f"{row[h]:>10}" for h in heads)
        lines.append(f"{row['stage']:<18}{row['n']:>6}{figures}")
    lines.append("")
    lines += [
        f"{row['mean_ms']:>10} ms  {100 * row['share']:>5.1f} %  {row['layer']}"
        for row in found["layers"]
    ]
    lines.append(f"peak memory {found['peak_rss_mib']:.0f} MiB, board {found['board']}")
    return "\n".join(lines)


def _plot(rows: list[dict[str, Any]], path: Path) -> None:
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError:
        return
    figure = Figure(figsize=(7, 0.4 * len(rows) + 1), layout="constrained")
    axes = figure.add_subplot()
    names = [f"{row['stage']}, {row['n']} times" for row in rows][::-1]
    shares = [100 * row["share"] for row in rows][::-1]
    labels = [f"{row['p50_ms']:.3g} ms" for row in rows][::-1]
    axes.bar_label(axes.barh(names, shares), labels, padding=3)
    axes.set_xlabel("share of the time, %; beside it the median of one")
    axes.set_xlim(0, 1.15 * max(shares))
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "latency"}):
        figure.savefig(path, metadata={"Date": None})


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", nargs="?", default="simulated:cells=60")
    parser.add_argument("--bundle", type=Path, help="default: the shipped one")
    parser.add_argument(
        "--backend", choices=("auto", "cpu", "tensorrt"), default="auto"
    )
    parser.add_argument("--um-per-px", type=float)
    parser.add_argument("--frames", type=int, default=60)
    add_clock(parser)
    parser.add_argument("--segmenter", default=THRESHOLDS, help="or a shipped network")
    parser.add_argument("--every-frame", action="store_true", help="search each")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--json", action="store_true")
    return parsed_with_clock(parser)


if __name__ == "__main__":
    main()
