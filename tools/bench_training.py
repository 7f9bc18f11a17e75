"""What a step of training costs: drawing cells, varying them, and the network's passes.

    python tools/bench_training.py resnet50 alexnet --seconds 5 [--plain] [--json]

Cells are random squares; speed does not depend on what they show. With a GPU a
network's passes are recorded as one graph, `--plain` launches them kernel by kernel.
Several at once, each in a process of its own, show how a GPU is shared.
"""

import argparse
import itertools
import json
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import get_args
from unittest import mock

import numpy as np
import torch

from leukoscope_train.arguments import number, whole
from leukoscope_train.data import CropSet
from leukoscope_train.distributed import Machine, this_machine
from leukoscope_train.fit import Training, one_pass
from leukoscope_train.networks import Architecture
from leukoscope_train.plan import FitPlan
from leukoscope_train.sampling import batches

N_CELLS = 256
CANVAS = 9 / 8
"""Side of a stored cell as a multiple of the network's input."""


def squares(side_px: int) -> CropSet:
    """Return cells of two classes and eight people on a canvas with a margin."""
    canvas_px = round(CANVAS * side_px)
    pixels = np.zeros((N_CELLS, canvas_px, canvas_px, 3), np.uint8)
    inner = slice(canvas_px // 4, -canvas_px // 4)
    random = np.random.default_rng(0)
    pixels[:, inner, inner] = random.integers(1, 255, pixels[:, inner, inner].shape)
    index = np.arange(N_CELLS)
    return CropSet(
        pixels=pixels,
        labels=(index % 2).astype(np.int64),
        people=np.array([f"p{i % 8}" for i in index]),
        sources=np.full(N_CELLS, "drawn"),
        names=np.array([str(i) for i in index]),
        areas_um2=np.ones(N_CELLS),
    )


def measure(plan: FitPlan, machine: Machine, seconds: float) -> dict[str, float]:
    """Return milliseconds of a whole step and of drawing and varying a batch alone."""
    crops = squares(plan.side_px)
    start_s = time.perf_counter()
    state = Training(crops, plan, machine)
    started_s = time.perf_counter() - start_s
    drawn = batches(crops, plan, machine)
    whole = _repeat(lambda: one_pass(state, drawn, plan, 0), machine, seconds)
    varied = _repeat(
        lambda: list(itertools.islice(drawn, plan.n_batches)), machine, seconds / 2
    )
    return {
        "start_s": started_s,
        "step_ms": 1e3 * whole / plan.n_batches,
        "vary_ms": 1e3 * varied / plan.n_batches,
    }


def _repeat(do: Callable[[], object], machine: Machine, seconds: float) -> float:
    """Return how long one of many calls takes, after one that does not count."""
    do()
    n_calls, start_s = 0, _now(machine)
    while _now(machine) - start_s < seconds:
        do()
        n_calls += 1
    return (_now(machine) - start_s) / n_calls


def _now(machine: Machine) -> float:
    if machine.device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def main() -> None:
    """Measure each network and print one line for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("architectures", nargs="+", choices=get_args(Architecture))
    parser.add_argument("--side-px", type=whole(16, 1024), default=128)
    parser.add_argument("--batch", type=whole(1), default=64)
    parser.add_argument("--threads", type=whole(1, 256), default=1)
    parser.add_argument("--workers", type=whole(0, 256), default=0)
    parser.add_argument("--seconds", type=number(0, 86400), default=5.0)
    parser.add_argument("--plain", action="store_true", help="record no graph")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    machine = this_machine(options.workers)
    rows = []
    for architecture in options.architectures:
        plan = FitPlan(
            architecture=architecture,
            side_px=options.side_px,
            batch=options.batch,
            n_draws=4 * options.batch,
            n_epochs=10**5,
            precision="fp32" if architecture == "lstm" else "bf16",
        )
        leave_alone = mock.patch("leukoscope_train.fit.captured", lambda net, *_: net)
        with leave_alone if options.plain else nullcontext():
            found = measure(plan, machine, options.seconds)
        rows.append({"architecture": architecture, **found})
        line = ", ".join(f"{name} {value:.1f}" for name, value in found.items())
        if not options.json:
            print(f"{architecture}: {line}", flush=True)
    if options.json:
        print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
