"""Take every architecture through export, quantisation and parity.

    python tools/parity_architectures.py CNMC [--models NAME...] [--cells 64]
        [--method minmax] [--uncorrected] [--start WEIGHTS] [--layers] [--json]

CNMC is a folder in the shape of the C-NMC share. The weights are random (seed 0), with
the running means of a few passes over real cells, so this shows that the road is whole
for every architecture and how far int8 moves a margin; it says nothing about accuracy.
A random network tells cells hardly apart, and int8's error is given as a share of that
small spread: trained networks lie far below (`python -m leukoscope_export parity`).

`--start` gives the layers that it knows trained weights, with their own running means
(`python -m leukoscope_train adopt`); the rest stays random. `--uncorrected` leaves the
biases as they are emitted. `--settled` takes the running means of all cells at once,
where by default they have moved a few steps towards them. `--layers` adds, for the CPU
file, the error behind every layer as a share of that tensor's spread.

Columns: the largest difference of fp32 ONNX from torch, the error of each int8 file's
margin (root mean square, as a share of the margin's spread), the agreement of the
activation maps, the size of the CPU file, and how many convolutions ONNX Runtime fused
to int8 of how many there are.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any, get_args

import numpy as np
import onnx
import torch

from leukoscope_edge.arrays import F32, U8
from leukoscope_edge.inference import InputEntry, prepare
from leukoscope_edge.vision import CropSpec
from leukoscope_export.graphs import (
    METHODS,
    Files,
    Graph,
    correct_biases,
    onnx_bytes,
    quantise_graph,
    refuse_other_answers,
    run_onnx,
    torch_outputs,
    weighted,
)
from leukoscope_export.parity import map_agreement
from leukoscope_train.data import crop_cells, cut_out_crop, read_cnmc_share
from leukoscope_train.networks import (
    INPUT_MEAN,
    INPUT_STD,
    Architecture,
    as_input,
    make_network,
)

SPEC = InputEntry(
    side_px=128,
    scale_um_per_px=0.16,
    colour="masked-standardised",
    mean=INPUT_MEAN,
    std=INPUT_STD,
)


def main() -> None:
    """Print one row an architecture."""
    options = _parse()
    cells = _cells(options.cnmc, options.cells)
    rows = []
    for name in options.models:
        rows.append(check(name, cells, options))
        if not options.json:
            print("  ".join(f"{k} {v}" for k, v in rows[-1].items()), flush=True)
    if options.json:
        print(json.dumps(rows, indent=1))


def check(name: Architecture, cells: U8, options: argparse.Namespace) -> dict[str, Any]:
    """Take one architecture along the whole road."""
    calibration, judged = cells[::2], cells[1::2]
    network = (
        _started(name, options.start)
        if options.start
        else _warmed(name, calibration, is_settled=options.settled)
    )
    fp32 = onnx_bytes(network, SPEC.side_px)
    original = run_onnx(fp32, judged, SPEC)
    worst = refuse_other_answers(torch_outputs(network, judged), original)
    files = quantise_graph(fp32, calibration, SPEC, options.method)
    if not options.uncorrected:
        files = correct_biases(files, calibration, SPEC)
    cpu, trt = (run_onnx(m, judged, SPEC) for m in (files.cpu, files.trt))
    row: dict[str, Any] = {"model": name, "onnx_error": float(f"{worst:.1e}")}
    for form, found in (("cpu", cpu), ("trt", trt)):
        row[f"{form}_error"] = round(_error(original[0], found[0]), 3)
    if len(original) > 1:
        row["map_agreement"] = round(map_agreement(original[1], cpu[1]), 4)
    row["cpu_mb"] = round(len(files.cpu) / 1e6, 2)
    row["int8_convs"] = _fused(files.cpu)
    if options.layers:
        row["layers"] = _layers(files, judged)
    return row


def _started(name: Architecture, start: Path) -> torch.nn.Module:
    torch.manual_seed(0)
    network = make_network(name, SPEC.side_px)
    network.load_state_dict(torch.load(start, weights_only=True), strict=False)
    return network.eval()


def _warmed(name: Architecture, cells: U8, *, is_settled: bool) -> torch.nn.Module:
    torch.manual_seed(0)
    network = make_network(name, SPEC.side_px).train()
    for layer in network.modules():
        if is_settled and isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = None  # the mean of all passes
    with torch.no_grad():
        for _ in range(3):
            network(as_input(cells if is_settled else cells[:16]))
    return network.eval()


def _error(original: F32, found: F32) -> float:
    old, new = (logits[:, 1] - logits[:, 0] for logits in (original, found))
    return float(np.sqrt(np.mean((old - new) ** 2)) / old.std())


def _layers(files: Files, cells: U8) -> list[float]:
    ready = prepare(cells, SPEC)
    own, found = (
        weighted(Graph(onnx.load_from_string(m)), ready)
        for m in (files.fp32, files.cpu)
    )
    expected = dict(own)
    return [
        round(float((value - expected[name]).std() / expected[name].std()), 3)
        for name, value in found
    ]


def _fused(model: bytes) -> str:
    """Say how many convolutions run in int8 once ONNX Runtime has fused the graph."""
    import onnxruntime

    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.optimized_model_filepath = str(Path(folder) / "fused.onnx")
        options.log_severity_level = 3
        onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        fused = onnx.load(options.optimized_model_filepath)
    kinds = [node.op_type for node in fused.graph.node]
    n_whole = kinds.count("QLinearConv")
    return f"{n_whole}/{n_whole + kinds.count('Conv')}"


def _cells(folder: Path, n: int) -> U8:
    files = [f for f in read_cnmc_share(folder) if f.split == "train"]
    chosen = files[:: max(1, len(files) // n)][:n]
    spec = CropSpec(
        side_px=SPEC.side_px,
        scale_um_per_px=SPEC.scale_um_per_px,
        colour=SPEC.colour,
    )
    crops, _ = crop_cells(chosen, cut_out_crop, spec)
    return crops.pixels


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cnmc", type=Path)
    parser.add_argument(
        "--models",
        nargs="+",
        choices=get_args(Architecture),
        default=list(get_args(Architecture)),
    )
    parser.add_argument(
        "--cells", type=int, default=64, help="half set the ranges, half are judged"
    )
    parser.add_argument("--method", choices=METHODS, default="minmax")
    parser.add_argument("--uncorrected", action="store_true")
    parser.add_argument("--start", type=Path, help="trained weights")
    parser.add_argument("--settled", action="store_true")
    parser.add_argument("--layers", action="store_true")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
