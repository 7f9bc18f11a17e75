"""A slide end to end against a plain pipeline, and the device's start and memory.

    python tools/bench_slide.py [--cells 200] [--frames 0] [--threads 2] [--json]

Ours is `screen`'s own road: quality, segmentation, motion, crops, every cell once, the
pair of networks. The plain pipeline is what one writes in an afternoon: scikit-image
segmentation of every frame and PyTorch eager, one cell at a time, every cell in every
frame that shows it. Both see the same frames, drawn beforehand, turn by turn, so that
a busy machine slows both alike. The networks (ResNet-50, and the compact AlexNet asked
first) have random weights: they cost what trained ones cost. With random weights the
quick network decides nothing, so every cell goes to ResNet-50 as well.

Start and memory are of the real command, `leukoscope screen`, with both networks
loaded: seconds from process start to its end on one frame, and its peak memory on
twenty frames.

JSON: `ratio` (plain seconds / ours), `ours_s`, `plain_s`, `n_frames`, `n_cells`,
`plain_calls`, `peak_rss_mib`, `start_to_first_call_s`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from skimage import color, filters, measure, morphology

from leukoscope_edge.capture.simulated import SCALE_UM_PER_PX, parse_simulated
from leukoscope_edge.inference.bundle import Bundle, open_bundle
from leukoscope_edge.inference.card import (
    DataEntry,
    DecisionEntry,
    InputEntry,
    MetricsEntry,
    SpreadEntry,
)
from leukoscope_edge.inference.choose import open_engine
from leukoscope_edge.screening import SlideRun
from leukoscope_edge.types import U8, Frame
from leukoscope_export.bundle import Quick, Release, Trained, write_bundle
from leukoscope_export.graph import onnx_bytes
from leukoscope_export.quantise import quantise
from leukoscope_train.calibrate import Calibration
from leukoscope_train.fit import INPUT_MEAN, INPUT_STD, as_input
from leukoscope_train.networks import Architecture, make_network, n_parameters

SPEC = InputEntry(
    side_px=128,
    scale_um_per_px=0.16,
    colour="masked-standardised",
    mean=INPUT_MEAN,
    std=INPUT_STD,
)
MIN_NUCLEUS_PX = 400
"""The plain pipeline's size gate, for 0.1 um per pixel."""
N_MEMORY_FRAMES = 20


def main() -> None:
    """Make a bundle, time both roads, measure the command."""
    options = _parse()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(options.threads)
    source = f"simulated:cells={options.cells},frames={options.frames},seed=3"
    with parse_simulated(source) as camera, tempfile.TemporaryDirectory() as folder:
        bundle = random_pair(Path(folder) / "pair")
        found = _race(camera, bundle, options.threads)
        found |= _command(Path(folder), bundle.folder, options)
    print(json.dumps(found, indent=1) if options.json else _text(found))


def random_pair(folder: Path) -> Bundle:
    """Write and open a bundle of ResNet-50 and the compact AlexNet, random weights."""
    none = SpreadEntry(alpha=1, beta=99, n_people=0)
    decision = DecisionEntry(temperature=1, normal_to=0.4, blast_from=0.6)
    release = Release(
        id="random-pair",
        created="none",
        domain="real",
        summary="random weights, for timing alone",
        limits=("Of no medical use.",),
        input=SPEC,
        calibration=Calibration(decision=decision, false_calls=none, true_calls=none),
        data=DataEntry(
            source="none",
            licence="none",
            n_cells=0,
            n_people=0,
            split_sha256="none",
            command="none",
        ),
        metrics=MetricsEntry(
            set="none",
            n_cells=0,
            n_people=0,
            weighted_f1=0,
            auroc=0,
            sensitivity=0,
            specificity=0,
            ece=0,
        ),
    )
    never = DecisionEntry(temperature=1, normal_to=0.0001, blast_from=0.9999)
    quick = Quick(trained=_random("alexnet-compact"), decision=never)
    write_bundle(folder, _random("resnet50"), release, quick)
    return open_bundle(folder)


def _random(architecture: Architecture) -> Trained:
    torch.manual_seed(0)
    network = make_network(architecture)
    noise = np.random.default_rng(1).integers(0, 256, (8, 128, 128, 3))
    files = quantise(onnx_bytes(network, 128), noise.astype(np.uint8), SPEC)
    return Trained(
        files=files, architecture=architecture, n_parameters=n_parameters(network)
    )


def _race(camera: Any, bundle: Bundle, threads: int) -> dict[str, Any]:
    """Run both roads over the same frames, turn by turn."""
    network = make_network("resnet50").eval()
    ours_s = plain_s = 0.0
    n_frames = plain_calls = 0
    with open_engine(bundle, backend="cpu", n_threads=threads) as engine:
        run = SlideRun(
            engine, bundle, scale_um_per_px=camera.scale_um_per_px, is_sequence=True
        )
        while isinstance(frame := camera.read(), Frame):
            start = time.perf_counter()
            run.look(frame)
            middle = time.perf_counter()
            plain_calls += plain_frame(frame.pixels, network)
            plain_s += time.perf_counter() - middle
            ours_s += middle - start
            n_frames += 1
        start = time.perf_counter()
        cells = run.finish("bench").cells
        ours_s += time.perf_counter() - start
    return {
        "ratio": round(plain_s / ours_s, 2),
        "ours_s": round(ours_s, 2),
        "plain_s": round(plain_s, 2),
        "n_frames": n_frames,
        "n_cells": len(cells),
        "plain_calls": plain_calls,
    }


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
    _save_frames(many, N_MEMORY_FRAMES)
    starts = [_run(one, bundle, options.threads)[0] for _ in range(3)]
    _, peak_mib = _run(many, bundle, options.threads)
    return {
        "start_to_first_call_s": round(sorted(starts)[1], 2),
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


def _run(frames: Path, bundle: Path, threads: int) -> tuple[float, float]:
    """Run the command once; return its seconds and its peak memory in MiB."""
    command = [sys.executable, "-m", "leukoscope_edge", "screen", str(frames)]
    command += ["--bundle", str(bundle), "--um-per-px", str(SCALE_UM_PER_PX)]
    command += ["--sequence", "--json", "--backend", "cpu", "--threads", str(threads)]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed")
    return seconds, usage.ru_maxrss / 1024


def _text(found: dict[str, Any]) -> str:
    return "\n".join(f"{name:<24}{value}" for name, value in found.items())


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=200, help="on the slide")
    parser.add_argument("--frames", type=int, default=0, help="stop after; 0: all")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
