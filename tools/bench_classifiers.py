"""Time our int8 classifiers against other runtimes, interleaved in one run.

    python tools/bench_classifiers.py [--models NAME...] [--sides 128 224]
        [--batches 1 8] [--threads 2] [--clock wall] [--rounds 15] [--json]

The networks have random weights, which cost what trained ones cost; nothing here says
anything about accuracy. Every round runs every runtime once, in a new order, so that a
busy machine slows all alike; ratios of medians are the result. The limit is the
machine's own rate of int8 and fp32 products in a 1536 x 1536 x 1536 matrix product,
timed in the same rounds; the share of it is of the fastest rounds of both, because a
limit is what can be reached. OpenVINO runs both of our int8 files; the faster counts.

Every run is measured on the clock and as processor time, and each row has the
quartiles of both. `--clock cpu --threads 1` takes its ratios from processor time: on a
machine that others use too they repeat within 3 %, where those of the wall clock wander
by half. It says nothing about how well two threads share work. The last line says
whether the machine was quiet (`quiet_machine.py`): where it was not, the figures do not
count.

`--ways` adds rows of our file run in other ways: `asleep` (threads sleep between two
operators, where the device's wait awake for some microseconds), and, for a batch and
more than one thread, `in parts`, each run by a thread of its own.

JSON: `rows` (model, side_px, runtime, precision, batch, threads, median_ms, min_ms,
wall_ms and cpu_ms with median, low and high, ratio_to_ort_fp32, share_of_limit),
`limit` (int8_gmac_per_s, fp32_gmac_per_s) and `machine` ("quiet", or why not).
"""

import argparse
import json
import os
import statistics
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read once, when torch loads

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch.utils.flop_counter import FlopCounterMode

from leukoscope_edge.arrays import F32
from leukoscope_edge.inference import (
    CPU_PROVIDER,
    LOG_NOTHING,
    LOGITS_NAME,
    CpuSession,
    InputEntry,
    session_entries,
)
from leukoscope_export.graphs import Files, onnx_bytes, quantise_graph
from leukoscope_train.networks import INPUT_MEAN, INPUT_STD, Architecture, make_network

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for tests/rigs

from tests.rigs.quiet_machine import (
    Stopwatch,
    Taken,
    Watch,
    add_clock,
    parsed_with_clock,
    spread,
    verdict,
)

Runner = Callable[[], object]
GEMM_SIDE = 1536
"""Large enough for the product and not the memory to be the limit."""
N_CALIBRATION = 8
"""Noise images for the ranges: speed does not depend on them."""


def main() -> None:
    """Build every runner, time them in turns, print rows and limit."""
    options = _parse()
    torch.set_num_threads(options.threads)
    rows: list[dict[str, Any]] = []
    limit: dict[str, float] = {}
    with Watch() as watch:
        for model in options.models:
            for side in options.sides:
                for batch in options.batches:
                    found, limit = _bench(model, side, batch, options)
                    rows += found
    machine = verdict(watch.used)
    if options.json:
        print(json.dumps({"rows": rows, "limit": limit, "machine": machine}, indent=1))
    else:
        _print(rows, limit)
        print(machine)


def _bench(
    model: Architecture, side: int, batch: int, options: argparse.Namespace
) -> tuple[list[dict[str, Any]], dict[str, float]]:
    torch.manual_seed(0)
    network = make_network(model, side).eval()
    ready = np.random.default_rng(0).standard_normal((batch, 3, side, side), np.float32)
    runners = _runners(network, side, ready, options)
    taken = _interleaved(runners, options.rounds)
    times = {name: _ms(found, options.clock) for name, found in taken.items()}
    limit = {
        kind: GEMM_SIDE**3 / 1e6 / min(times.pop(("gemm", kind)))
        for kind in ("int8", "fp32")
    }
    gmac = _gmac(network, side) * batch
    reference_ms = statistics.median(times["onnxruntime", "fp32"])
    rows = []
    for (runtime, precision), name in _best_of_openvino(times).items():
        found = times[name]
        median_ms, min_ms = statistics.median(found), min(found)
        row = {
            "model": model,
            "side_px": side,
            "runtime": runtime,
            "precision": precision,
            "batch": batch,
            "threads": options.threads,
            "median_ms": round(median_ms, 3),
            "min_ms": round(min_ms, 3),
            "wall_ms": spread(_ms(taken[name], "wall")),
            "cpu_ms": spread(_ms(taken[name], "cpu")),
            "ratio_to_ort_fp32": round(reference_ms / median_ms, 3),
            "share_of_limit": round(1e3 * gmac / min_ms / limit[precision], 3),
        }
        rows.append(row)
    return rows, {f"{k}_gmac_per_s": round(v, 1) for k, v in limit.items()}


def _runners(
    network: torch.nn.Module, side: int, ready: F32, options: argparse.Namespace
) -> dict[tuple[str, str], Runner]:
    files, threads = _files(network, side), options.threads
    tensor = torch.from_numpy(ready)

    def by_torch() -> object:
        with torch.inference_mode():
            return network(tensor)

    return {
        ("torch eager", "fp32"): by_torch,
        ("onnxruntime", "fp32"): _by_ort(files.fp32, {"input": ready}, threads),
        ("leukoscope", "int8"): _by_device(files.cpu, ready, threads),
        ("openvino cpu file", "int8"): _by_openvino(files.cpu, ready, threads),
        ("openvino trt file", "int8"): _by_openvino(files.trt, ready, threads),
        ("gemm", "int8"): _gemm("MatMulInteger", threads),
        ("gemm", "fp32"): _gemm("MatMul", threads),
        **(_ways(files.cpu, ready, threads) if options.ways else {}),
    }


def _ways(model: bytes, ready: F32, threads: int) -> dict[tuple[str, str], Runner]:
    asleep = {"session.intra_op.allow_spinning": "0"}
    ways = {"asleep": _by_ort(model, {"input": ready}, threads, asleep)}
    if len(ready) >= threads > 1:
        ways["in parts"] = _in_parts(model, ready, threads)
    return {(way, "int8"): runner for way, runner in ways.items()}


def _in_parts(model: bytes, ready: F32, threads: int) -> Runner:
    """Return a runner that cuts a batch into parts for a session of one thread."""
    session, pool = CpuSession(model, n_threads=1), ThreadPoolExecutor(threads)
    parts = np.array_split(ready, threads)
    return lambda: list(pool.map(lambda part: session.run(part, LOGITS_NAME), parts))


def _files(network: torch.nn.Module, side: int) -> Files:
    spec = InputEntry(
        side_px=side,
        scale_um_per_px=0.16,
        colour="masked",
        mean=INPUT_MEAN,
        std=INPUT_STD,
    )
    noise = np.random.default_rng(1).integers(0, 256, (N_CALIBRATION, side, side, 3))
    return quantise_graph(onnx_bytes(network, side), noise.astype(np.uint8), spec)


def _by_device(model: bytes, ready: F32, threads: int) -> Runner:
    session = CpuSession(model, n_threads=threads)
    return lambda: session.run(ready, LOGITS_NAME)


def _by_ort(
    model: bytes,
    feed: dict[str, Any],
    threads: int,
    other: Mapping[str, str] = MappingProxyType({}),
) -> Runner:
    """Return a runner of a plain session with the options of the device's own."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    for name, value in {**session_entries(), **other}.items():
        options.add_session_config_entry(name, value)
    options.log_severity_level = LOG_NOTHING
    session = onnxruntime.InferenceSession(model, options, providers=[CPU_PROVIDER])
    return lambda: session.run(None, feed)


def _by_openvino(model: bytes, ready: F32, threads: int) -> Runner:
    import openvino

    core = openvino.Core()
    settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
    graph = core.read_model(model)
    graph.reshape({0: list(ready.shape)})
    request = core.compile_model(graph, "CPU", settings).create_infer_request()
    return lambda: request.infer({0: ready})


def _gemm(kind: str, threads: int) -> Runner:
    random = np.random.default_rng(2)
    whole = kind == "MatMulInteger"
    a = random.integers(0, 255, (GEMM_SIDE, GEMM_SIDE))
    b = random.integers(-127, 127, (GEMM_SIDE, GEMM_SIDE))
    left = a.astype(np.uint8 if whole else np.float32)
    right = b.astype(np.int8 if whole else np.float32)
    types = (
        (TensorProto.UINT8, TensorProto.INT32) if whole else (TensorProto.FLOAT,) * 2
    )
    shape = [GEMM_SIDE, GEMM_SIDE]
    graph = helper.make_graph(
        [helper.make_node(kind, ["a", "b"], ["c"])],
        "gemm",
        [helper.make_tensor_value_info("a", types[0], shape)],
        [helper.make_tensor_value_info("c", types[1], shape)],
        [numpy_helper.from_array(right, "b")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return _by_ort(model.SerializeToString(), {"a": left}, threads)


def _interleaved(
    runners: dict[tuple[str, str], Runner], n_rounds: int
) -> dict[tuple[str, str], list[Taken]]:
    """Return what every runner took in every round; a first round warms up."""
    random = np.random.default_rng(3)
    taken: dict[tuple[str, str], list[Taken]] = {name: [] for name in runners}
    names = list(runners)
    for index in range(n_rounds + 1):
        for at in random.permutation(len(names)):
            with Stopwatch() as watch:
                runners[names[at]]()
            if index > 0:
                taken[names[at]].append(watch.taken)
    return taken


def _ms(taken: list[Taken], clock: str) -> list[float]:
    return [one.wall_ms if clock == "wall" else one.cpu_ms for one in taken]


def _best_of_openvino(
    times: dict[tuple[str, str], list[float]],
) -> dict[tuple[str, str], tuple[str, str]]:
    """Return whose times a row shows: of OpenVINO's two files the faster."""
    files = [name for name in times if name[0].startswith("openvino")]
    best = min(files, key=lambda name: statistics.median(times[name]))
    others = {name: name for name in times if name not in files}
    return others | {("openvino", "int8"): best}


def _gmac(network: torch.nn.Module, side: int) -> float:
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(1, 3, side, side))
    return float(counter.get_total_flops()) / 2e9


def _print(rows: list[dict[str, Any]], limit: dict[str, float]) -> None:
    print(f"{'model':<16}{'side':>5}{'batch':>6}  {'runtime':<14}{'ms':>9}{'ratio':>8}")
    for row in rows:
        print(
            f"{row['model']:<16}{row['side_px']:>5}{row['batch']:>6}  "
            f"{row['runtime']:<14}{row['median_ms']:>9.2f}"
            f"{row['ratio_to_ort_fp32']:>8.2f}  {row['precision']}, "
            f"{row['wall_ms']['low']:g} to {row['wall_ms']['high']:g} ms on the clock, "
            f"{row['cpu_ms']['median']:g} of the processor, "
            f"{100 * row['share_of_limit']:.0f} % of the limit"
        )
    print(f"limit: {limit}", file=sys.stderr)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--models",
        nargs="+",
        choices=get_args(Architecture),
        default=["resnet50", "alexnet", "alexnet-compact"],
    )
    parser.add_argument("--sides", nargs="+", type=int, default=[128, 224])
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 8])
    add_clock(parser)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--ways", action="store_true", help="also other ways to run")
    parser.add_argument("--json", action="store_true")
    return parsed_with_clock(parser)


if __name__ == "__main__":
    main()
