"""A slide end to end against a plain pipeline, and the device's start and memory.

    python tools/bench_slide.py [--cells 200] [--frames 0] [--plain-every 1]
        [--rounds 3] [--road-rounds 9] [--starts 3] [--memory-frames 20] [--bundle PAIR]
        [--threads 2] [--clock wall] [--every-frame] [--json]

Ours is `screen`'s own road: quality, segmentation, motion, crops, every cell once, the
pair of networks. The plain pipeline is what one writes in an afternoon: scikit-image
segmentation of every frame and PyTorch eager, one cell at a time, every cell in every
frame that shows it. Both see the same frames, drawn beforehand, turn by turn, so that
a busy machine slows both alike. The networks (ResNet-50, and the compact AlexNet asked
first) have random weights: they cost what trained ones cost. With random weights the
quick network decides nothing, so every cell goes to ResNet-50 as well. `--bundle` races
a trained pair in their place. A whole slide takes the plain pipeline very long:
`--plain-every 20` lets it do every twentieth frame and counts its time twenty-fold.

What one frame takes of the processor is told apart, from the gate to the count and
without the networks, which are asked at the end: the whole slide once more, one frame
after the other on one thread, since threads that work at once cannot be told apart.
Most frames are not searched, so the median is far below the mean.

The quick road is timed on 32 crops for several shares of cells that the quick network
passes on to ResNet-50. How large that share is, and what the road costs in weighted F1,
only a trained pair can tell.

The race is run several times. Both clocks are read, and the ratio is given for both,
with its spread over the rounds: `ratio` from the one that `--clock` names. `--clock cpu
--threads 1` counts processor time, which a busy machine does not stretch. The last line
says whether the machine was quiet (`quiet_machine.py`): where it was not, the figures
do not count.

Start and memory are of the real command, `leukoscope screen`, with both networks
loaded: seconds from process start to its end on one frame, of several starts the middle
one (and how many of them were spent computing: the difference is what a busy machine
adds), and its peak memory on twenty frames.

JSON: `ratio` (plain seconds / ours), `ratios` (`wall` and `cpu`, each with median, low
and high), `ours_s`, `plain_s`, `ours_frame_ms` (by both clocks; means
of a round, the networks with it), `one_frame_cpu_ms` (p50, p90, mean), `n_rounds`,
`n_frames`, `n_cells`, `n_plain_frames`, `plain_calls`, `quick_road` (rows of passed_on,
ms_per_cell, gain over ResNet-50 alone), `peak_rss_mib`, `start_to_first_call_s`,
`start_cpu_s`, `machine` ("quiet", or why not).
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from skimage import color, filters, measure, morphology

from leukoscope_edge.arrays import U8
from leukoscope_edge.capture import SCALE_UM_PER_PX, parse_simulated
from leukoscope_edge.inference import (
    Bundle,
    CascadeEngine,
    DecisionEntry,
    Engine,
    OnnxCpuEngine,
    open_bundle,
    open_engine,
    p_blast,
)
from leukoscope_edge.isolated import command_of
from leukoscope_edge.search_ahead import look_at_all
from leukoscope_edge.types import Frame
from leukoscope_train.evaluation import run_simulated
from leukoscope_train.networks import as_input, make_network

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for tests/rigs

from tests.rigs.quiet_machine import (
    CLOCKS,
    Stopwatch,
    Taken,
    Watch,
    add_clock,
    parsed_with_clock,
    spread,
    verdict,
)
from tests.rigs.random_pair import SPEC, random_pair

MIN_NUCLEUS_PX = 400
"""The plain pipeline's size gate, for 0.1 um per pixel."""
N_CROPS = 32
"""Of the quick road."""
N_FRAMES_A_TURN = 40
"""Ours, then the plain pipeline, then ours again."""
SHARES = (0.0, 0.125, 0.25, 0.375, 0.5, 0.75, 1.0)
"""Of cells that the quick network passes on."""
LAUNCHER = """
import resource, subprocess, sys, time
start = time.perf_counter()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
seconds = time.perf_counter() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(code, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
"""
"""Started in between because a process inherits the peak memory of the one that starts
it, and this one has PyTorch loaded."""


def main() -> None:
    """Make a bundle, time both roads, measure the command."""
    options = _parse()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)  # as the command does; ours has its threads for frames
    source = f"simulated:cells={options.cells},frames={options.frames},seed=3"
    with tempfile.TemporaryDirectory() as folder, Watch() as watch:
        own = options.bundle
        bundle = open_bundle(own) if own else random_pair(Path(folder) / "pair")
        if bundle.quick is None:
            raise SystemExit(f"bench_slide: {own} is no pair: it has no quick network")
        rounds = [_race(source, bundle, options) for _ in range(options.rounds)]
        found = _raced(rounds, options.clock)
        found["one_frame_cpu_ms"] = _frame_by_frame(source, bundle, options)
        found["quick_road"] = _quick_road(bundle, options)
        found |= _command(Path(folder), bundle.folder, options)
    found["machine"] = verdict(watch.used)
    lines = (f"{name:<24}{value}" for name, value in found.items())
    print(json.dumps(found, indent=1) if options.json else "\n".join(lines))


@dataclass(slots=True, kw_only=True)
class Race:
    """One slide on both roads; milliseconds of the clock and of the processor."""

    ours: list[Taken] = field(default_factory=list)
    plain: list[Taken] = field(default_factory=list)
    n_frames: int = 0
    n_cells: int = 0
    plain_calls: int = 0

    def seconds(self, clock: str) -> tuple[float, float]:
        """Return ours and the plain road's, for all frames."""
        name = f"{clock}_ms"
        ours, plain = (
            sum(getattr(one, name) for one in taken) / 1e3
            for taken in (self.ours, self.plain)
        )
        return ours, plain * self.n_frames / len(self.plain)


def _race(source: str, bundle: Bundle, options: argparse.Namespace) -> Race:
    """Run both roads over the same frames, turn by turn."""
    network, race = make_network("resnet50").eval(), Race()
    with (
        parse_simulated(source) as camera,
        open_engine(bundle, backend="cpu", n_threads=options.threads) as engine,
    ):
        run = run_simulated(
            engine,
            bundle,
            camera.scale_um_per_px,
            only_new=not options.every_frame,
        )
        while frames := _next_frames(camera):
            with Stopwatch() as watch:
                for _ in look_at_all(run, frames, options.threads):
                    pass
            race.ours.append(watch.taken)
            first = -race.n_frames % options.plain_every
            for frame in frames[first :: options.plain_every]:
                with Stopwatch() as watch:
                    race.plain_calls += plain_frame(frame.pixels, network)
                race.plain.append(watch.taken)
            race.n_frames += len(frames)
        with Stopwatch() as watch:
            race.n_cells = len(run.finish("bench").cells)
        race.ours.append(watch.taken)
    return race


def _raced(rounds: list[Race], clock: str) -> dict[str, Any]:
    """Return what the rounds gave: medians, and how far they spread."""
    seconds = {name: [race.seconds(name) for race in rounds] for name in CLOCKS}
    ratios = {
        name: spread([plain / ours for ours, plain in found])
        for name, found in seconds.items()
    }
    ours_s, plain_s = (
        statistics.median(column) for column in zip(*seconds[clock], strict=True)
    )
    race = rounds[0]
    return {
        "ratio": ratios[clock]["median"],
        "ratios": ratios,
        "ours_s": round(ours_s, 2),
        "plain_s": round(plain_s, 2),
        "ours_frame_ms": {
            name: spread([1e3 * ours / race.n_frames for ours, _ in found])
            for name, found in seconds.items()
        },
        "n_rounds": len(rounds),
        "n_frames": race.n_frames,
        "n_cells": race.n_cells,
        "n_plain_frames": len(race.plain),
        "plain_calls": race.plain_calls,
    }


def _frame_by_frame(
    source: str, bundle: Bundle, options: argparse.Namespace
) -> dict[str, float]:
    """Return what a frame takes of the processor where each is looked at alone."""
    times_ms = []
    with (
        parse_simulated(source) as camera,
        open_engine(bundle, backend="cpu", n_threads=1) as engine,
    ):
        scale, only_new = camera.scale_um_per_px, not options.every_frame
        run = run_simulated(engine, bundle, scale, only_new=only_new)
        while isinstance(frame := camera.read(), Frame):
            with Stopwatch() as watch:
                run.look(frame)
            times_ms.append(watch.taken.cpu_ms)
    p50, p90 = np.percentile(times_ms, [50, 90])
    return {
        "p50": round(float(p50), 2),
        "p90": round(float(p90), 2),
        "mean": round(statistics.mean(times_ms), 2),
    }


def _next_frames(camera: Any) -> list[Frame]:
    """Return the frames of one turn, fewer at the end of the slide."""
    frames = (camera.read() for _ in range(N_FRAMES_A_TURN))
    return [frame for frame in frames if isinstance(frame, Frame)]


def _quick_road(bundle: Bundle, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Time the deep network alone and the pair at several shares of cells passed on."""
    random = np.random.default_rng(5)
    noise = random.integers(0, 256, (N_CROPS, *[bundle.card.input.side_px] * 2, 3))
    crops = noise.astype(np.uint8)
    networks = [bundle.quick, replace(bundle, quick=None)]
    engines = [OnnxCpuEngine(n, n_threads=options.threads) for n in networks if n]
    quick, deep = engines
    p = np.sort(p_blast(quick.run(crops), 1.0))
    roads: dict[float, Engine] = {-1.0: deep}
    for share in SHARES:
        n_sure = round((1 - share) * len(p))
        own = DecisionEntry(
            temperature=1,
            normal_to=float(p[n_sure - 1]) if n_sure else 1e-6,
            blast_from=1 - 1e-6,
        )
        roads[share] = CascadeEngine(
            quick, deep, quick_decision=own, decision=bundle.card.decision
        )
    times: dict[float, list[float]] = {share: [] for share in roads}
    for index in range(options.road_rounds + 1):
        for share in random.permutation(list(roads)):
            with Stopwatch() as watch:
                roads[share].run(crops)
            taken = watch.taken
            taken_ms = taken.wall_ms if options.clock == "wall" else taken.cpu_ms
            if index:
                times[share].append(taken_ms / len(crops))
    ms = {share: statistics.median(found) for share, found in times.items()}
    return [
        {
            "passed_on": share,
            "ms_per_cell": round(ms[share], 3),
            "gain": round(ms[-1.0] / ms[share], 2),
        }
        for share in SHARES
    ]


@torch.inference_mode()
def plain_frame(pixels: U8, network: torch.nn.Module) -> int:
    """Segment a frame with scikit-image and call every cell by PyTorch, one by one.

    Returns:
        How many cells were called.
    """
    stain = filters.gaussian(color.rgb2hed(pixels)[..., 0], 2)
    mask = stain > filters.threshold_otsu(stain)
    mask = morphology.closing(mask, morphology.disk(3))
    n_called = 0
    for region in measure.regionprops(measure.label(mask)):
        if region.area < MIN_NUCLEUS_PX:
            continue
        y, x = (int(c) for c in region.centroid)
        half = int(SPEC.side_px * SPEC.scale_um_per_px / SCALE_UM_PER_PX / 2)
        crop = pixels[max(0, y - half) : y + half, max(0, x - half) : x + half]
        side = (SPEC.side_px, SPEC.side_px)
        resized = np.asarray(cv2.resize(crop, side), np.uint8)
        network(as_input(resized[None])).softmax(1)
        n_called += 1
    return n_called


def _command(
    folder: Path, bundle: Path, options: argparse.Namespace
) -> dict[str, float]:
    """Measure `leukoscope screen` from outside: start and peak memory."""
    one, many = folder / "one", folder / "many"
    _save_frames(one, 1)
    _save_frames(many, options.memory_frames)
    starts = [_run(one, bundle, options.threads) for _ in range(options.starts)]
    seconds, cpu_s, _ = sorted(starts)[len(starts) // 2]
    _, _, peak_mib = _run(many, bundle, options.threads)
    return {
        "start_to_first_call_s": round(seconds, 2),
        "start_cpu_s": round(cpu_s, 2),
        "peak_rss_mib": round(peak_mib, 1),
    }


def _save_frames(folder: Path, n: int) -> None:
    folder.mkdir()
    with parse_simulated(f"simulated:cells=60,frames={n},seed=3") as camera:
        for index in range(n):
            frame = camera.read()
            if isinstance(frame, Frame):
                bgr = cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2BGR)
                cv2.imwrite(str(folder / f"{index:03}.png"), bgr)


def _run(frames: Path, bundle: Path, threads: int) -> tuple[float, float, float]:
    """Run the command; return its seconds, its processor seconds and peak MiB."""
    command = [*command_of("leukoscope_edge", "screen", str(frames))]
    command += ["--bundle", str(bundle), "--um-per-px", str(SCALE_UM_PER_PX)]
    command += ["--sequence", "--json", "--backend", "cpu", "--threads", str(threads)]
    launched = [sys.executable, "-I", "-c", LAUNCHER, *command]
    done = subprocess.run(launched, capture_output=True, text=True, check=True)  # noqa: S603
    code, seconds, cpu_s, peak_mib = (float(v) for v in done.stdout.split())
    if code != 0:
        raise SystemExit(f"{' '.join(command)} failed")
    return seconds, cpu_s, peak_mib


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path, help="a pair, for one of random weights")
    parser.add_argument("--cells", type=int, default=200, help="on the slide")
    parser.add_argument("--frames", type=int, default=0, help="stop after; 0: all")
    parser.add_argument("--plain-every", type=int, default=1, metavar="N")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--road-rounds", type=int, default=9, help="of the quick road")
    parser.add_argument("--starts", type=int, default=3, help="of the real command")
    parser.add_argument("--memory-frames", type=int, default=20, metavar="N")
    add_clock(parser)
    parser.add_argument("--every-frame", action="store_true", help="search each")
    parser.add_argument("--json", action="store_true")
    return parsed_with_clock(parser)


if __name__ == "__main__":
    main()
