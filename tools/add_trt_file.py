"""Add the TensorRT file to a bundle that was made before there was one.

    python tools/add_trt_file.py BUNDLE [--cells CNMC]

BUNDLE is a bundle's folder with `model.cpu.onnx` alone. Everything that the TensorRT
file holds stands in that file: the int8 weights, the biases and the range of every
activation. The file is written by the exporter's own code from what is read back; the
weights must come out byte for byte as they were. The CPU's file, the stored answers and
all figures of the card stay as they are; the card gets the new file and how far a GPU's
answers may lie from the stored ones.

`--cells` is a folder in the shape of the C-NMC share. A quarter of 1,000 cells corrects
the biases for what coarser activations shift (`leukoscope_export.graphs.bias`); on the
rest both files are held against each other, and nothing is written where the TensorRT
file judges otherwise.
"""

import argparse
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx

from leukoscope_edge.arrays import U8
from leukoscope_edge.inference import CARD_NAME, Bundle, FileEntry, open_bundle
from leukoscope_export.graphs import (
    WEIGHTED,
    Array,
    Graph,
    Scales,
    broken_trt,
    corrected,
    emit_trt,
    run_onnx,
)
from leukoscope_export.parity import compare, refuse_beyond_tolerance, table
from leukoscope_export.tolerance import GPU_FLOOR, GPU_MARGIN
from leukoscope_train.data import I64, crop_cells, cut_out_crop, read_cnmc_share
from leukoscope_train.errors import DataError
from leukoscope_train.toml import as_toml

Q, DQ = "QuantizeLinear", "DequantizeLinear"
NAME = "model.trt.onnx"
N_CELLS = 1000


def main() -> None:
    """Read back, emit, compare, write."""
    options = _parse()
    bundle = open_bundle(options.bundle)
    cpu = onnx.load_from_string(bundle.model)
    float_model, scales = read_back(cpu)
    trt_model = emit_trt(float_model, scales)
    refuse_other_weights(cpu, trt_model)
    if broken := broken_trt(trt_model):
        raise SystemExit("; ".join(broken))
    trt = trt_model.SerializeToString()
    if options.cells:
        crops, labels = _cells(bundle, options.cells)
        trt = corrected(float_model, trt, crops[::4], bundle.card.input)
        judged = np.arange(len(crops)) % 4 != 0
        print(_held_against(bundle, trt, crops[judged], labels[judged]))
    spec, golden = bundle.card.input, bundle.golden
    answers = run_onnx(trt, golden.crops, spec)[0]
    worst = float(np.abs(answers - golden.logits).max())
    card = replace(
        bundle.card,
        model_trt=FileEntry(name=NAME, sha256=hashlib.sha256(trt).hexdigest()),
        golden=replace(
            bundle.card.golden,
            gpu_tolerance=round(max(GPU_FLOOR, GPU_MARGIN * worst), 4),
        ),
    )
    (options.bundle / NAME).write_bytes(trt)
    (options.bundle / CARD_NAME).write_text(as_toml(card), encoding="utf-8")
    print(f"{options.bundle / NAME}: {len(trt)} bytes, {worst:.3g} from the answers")


def read_back(cpu: onnx.ModelProto) -> tuple[onnx.ModelProto, Scales]:
    """Return the float network and the ranges that a CPU file holds."""
    graph = Graph(cpu)
    own = list(graph.nodes)
    plain: dict[str, str] = {}
    ranges: dict[str, tuple[float, float]] = {}
    for node in own:
        if node.op_type == DQ and node.input[0] in graph.arrays:
            graph.add_array(node.output[0], _dequantised(graph, node))
        elif node.op_type == Q:
            scale, zero = (float(graph.arrays[i]) for i in node.input[1:])
            ranges[node.input[0]] = (-zero * scale, (255 - zero) * scale)
        elif node.op_type == DQ:
            plain[node.output[0]] = graph.producer[node.input[0]].input[0]
    graph.nodes = [n for n in own if n.op_type not in (Q, DQ)]
    for node in list(graph.nodes):
        for at, name in enumerate(node.input):
            node.input[at] = plain.get(name, name)
        name = node.output[0]
        if name in plain.values() and plain.get(graph.outputs[0]) == name:
            node.output[0] = graph.outputs[0]  # the answers, which TensorRT keeps whole
        elif node.op_type == "Conv" and ranges[name][0] == 0:
            node.output[0] = f"{name}.before"
            graph.add_node("Relu", [node.output[0]], name)
    scales = Scales(
        method="minmax", model_sha256="", cells_sha256="", n_cells=0, ranges=ranges
    )
    return graph.finish(), scales


def _dequantised(graph: Graph, node: onnx.NodeProto) -> Array:
    whole, scale = (graph.arrays[i] for i in node.input[:2])
    axis = next((a.i for a in node.attribute if a.name == "axis"), 1)
    shape = [-1 if i == axis else 1 for i in range(whole.ndim)]
    wide = scale if scale.ndim == 0 else scale.reshape(shape)
    return np.asarray(whole.astype(np.float32) * wide, np.float32)


def refuse_other_weights(cpu: onnx.ModelProto, trt: onnx.ModelProto) -> None:
    """Refuse a file whose int8 weights are not those of the CPU's file.

    Raises:
        SystemExit: Says how many layers differ.
    """
    before, after = (_weights(Graph(model)) for model in (cpu, trt))
    n_other = sum(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    if n_other:
        raise SystemExit(f"{n_other} of {len(before)} layers have other weights")


def _weights(graph: Graph) -> list[Array]:
    layers = [n for n in graph.nodes if n.op_type in WEIGHTED]
    return [graph.arrays[graph.producer[n.input[1]].input[0]] for n in layers]


def _held_against(bundle: Bundle, trt: bytes, crops: U8, labels: I64) -> str:
    logits = [run_onnx(m, crops, bundle.card.input)[0] for m in (bundle.model, trt)]
    parity = compare(logits[0], logits[1], labels, bundle.card.decision)
    try:
        refuse_beyond_tolerance(parity)
    except DataError as err:
        raise SystemExit(f"nothing written: {err}\n{table({'trt': parity})}") from err
    return table({"trt": parity})


def _cells(bundle: Bundle, folder: Path) -> tuple[U8, I64]:
    files = [f for f in read_cnmc_share(folder) if f.split == "train"]
    chosen = files[:: max(1, len(files) // N_CELLS)][:N_CELLS]
    crops, _ = crop_cells(chosen, cut_out_crop, bundle.card.input.crop_spec)
    return crops.pixels, crops.labels


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--cells", type=Path, metavar="CNMC")
    return parser.parse_args()


if __name__ == "__main__":
    main()
