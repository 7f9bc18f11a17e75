"""Take every architecture through export, quantisation and parity.

    python tools/parity_architectures.py CNMC [--models NAME...] [--json]

CNMC is a folder in the shape of the C-NMC share. The weights are random (seed 0), with
the running means of a few passes over real cells, so this shows that the road is whole
for every architecture and how far int8 moves a margin; it says nothing about accuracy.
A random network tells cells hardly apart, and int8's error is given as a share of that
small spread: trained networks lie far below (`python -m leukoscope_export parity`).

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

from leukoscope_edge.inference.card import InputEntry
from leukoscope_edge.types import F32, U8
from leukoscope_edge.vision.crop import CropSpec
from leukoscope_export.bias import correct_biases
from leukoscope_export.graph import onnx_bytes, refuse_other_answers, torch_outputs
from leukoscope_export.parity import map_agreement
from leukoscope_export.quantise import quantise, run_onnx
from leukoscope_train.cells import crop_cells, cut_out_crop
from leukoscope_train.fit import INPUT_MEAN, INPUT_STD, as_input
from leukoscope_train.networks import Architecture, make_network
from leukoscope_train.readers import read_cnmc_share

SPEC = InputEntry(
    side_px=128,
    scale_um_per_px=0.16,
    colour="masked-standardised",
    mean=INPUT_MEAN,
    std=INPUT_STD,
)
N_CELLS = 64
"""Half of them set the ranges, half are judged."""


def main() -> None:
    """Print one row an architecture."""
    options = _parse()
    cells = _cells(options.cnmc)
    rows = []
    for name in options.models:
        rows.append(check(name, cells))
        if not options.json:
            print("  ".join(f"{k} {v}" for k, v in rows[-1].items()), flush=True)
    if options.json:
        print(json.dumps(rows, indent=1))


def check(name: Architecture, cells: U8) -> dict[str, Any]:
    """Take one architecture along the whole road."""
    calibration, judged = cells[::2], cells[1::2]
    network = _warmed(name, calibration)
    fp32 = onnx_bytes(network, SPEC.side_px)
    original = run_onnx(fp32, judged, SPEC)
    worst = refuse_other_answers(torch_outputs(network, judged), original)
    files = correct_biases(quantise(fp32, calibration, SPEC), calibration, SPEC)
    cpu, trt = (run_onnx(m, judged, SPEC) for m in (files.cpu, files.trt))
    row: dict[str, Any] = {"model": name, "onnx_error": float(f"{worst:.1e}")}
    for form, found in (("cpu", cpu), ("trt", trt)):
        row[f"{form}_error"] = round(_error(original[0], found[0]), 3)
    if len(original) > 1:
        row["map_agreement"] = round(map_agreement(original[1], cpu[1]), 4)
    row["cpu_mb"] = round(len(files.cpu) / 1e6, 2)
    row["int8_convs"] = _fused(files.cpu)
    return row


def _warmed(name: Architecture, cells: U8) -> torch.nn.Module:
    torch.manual_seed(0)
    network = make_network(name, SPEC.side_px).train()
    with torch.no_grad():
        for _ in range(3):
            network(as_input(cells[:16]))
    return network.eval()


def _error(original: F32, found: F32) -> float:
    old, new = (logits[:, 1] - logits[:, 0] for logits in (original, found))
    return float(np.sqrt(np.mean((old - new) ** 2)) / old.std())


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


def _cells(folder: Path) -> U8:
    files = [f for f in read_cnmc_share(folder) if f.split == "train"]
    chosen = files[:: max(1, len(files) // N_CELLS)][:N_CELLS]
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
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
