"""Bias correction: what int8 shifts a channel by on average, its bias takes back.

Rounded weights move the mean of a channel, and every later layer moves it on. The
layers are corrected in the order of the graph, each one fed with what those before it
give once corrected. A file is walked operator by operator, so one pass over the cells
is enough, however many layers there are.

Source: Nagel et al. 2019 (data-free quantisation, section 4.2), here from cells.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import onnx
from onnx import helper

from leukoscope_edge.arrays import F32, F64, U8
from leukoscope_edge.inference import INPUT_NAME, LOGITS_NAME, InputEntry, prepare
from leukoscope_export.graphs.onnx_graph import WEIGHTED, Array, Graph
from leukoscope_export.graphs.quantise import Files

MAX_CELLS = 128
"""Calibration cells that the means are taken from; bounds memory."""


def correct_biases(files: Files, crops: U8, spec: InputEntry) -> Files:
    """Return the files, both int8 ones with corrected biases.

    Args:
        files: As emitted.
        crops: (N, side, side, 3) uint8 RGB, the calibration cells; up to 128 are used.
        spec: The card's input entry.
    """
    fp32 = onnx.load_from_string(files.fp32)
    cpu, trt = (corrected(fp32, m, crops, spec) for m in (files.cpu, files.trt))
    return replace(files, cpu=cpu, trt=trt)


def corrected(
    fp32: onnx.ModelProto, model: bytes, crops: U8, spec: InputEntry
) -> bytes:
    """Return one int8 file of a network with corrected biases.

    Args:
        fp32: The network in float.
        model: The file.
        crops: As for `correct_biases`.
        spec: The card's input entry.
    """
    ready = prepare(bias_cells(crops), spec)
    means = {name: channel_means(v) for name, v in weighted(Graph(fp32), ready)}
    graph = Graph(onnx.load_from_string(model))
    for name, value in weighted(graph, ready):
        node = graph.producer[name]
        if len(node.input) > 2 and name in means:
            moved = _shift(graph, node.input[2], means[name] - channel_means(value))
            value += moved.reshape(1, -1, *[1] * (value.ndim - 2))
    return bytes(graph.finish().SerializeToString())


def bias_cells(crops: U8) -> U8:
    """Return the cells that the means are taken from, spread evenly over all."""
    n = min(len(crops), MAX_CELLS)
    return crops[np.linspace(0, len(crops) - 1, n).astype(np.int64)]


def weighted(graph: Graph, ready: F32) -> Iterator[tuple[str, F32]]:
    """Walk a graph and yield what its convolutions and dense layers give, by name.

    What is done to a value in place, the operators after it see.

    Args:
        graph: The graph.
        ready: (N, 3, side, side) float32, the network's input.
    """
    road = graph.ancestors(LOGITS_NAME)
    readers = Counter(name for node in road for name in node.input)
    values: dict[str, Array] = {INPUT_NAME: ready}
    for node in road:
        inputs = [
            values[i] if i in values else graph.arrays[i] for i in node.input if i
        ]
        outputs = _run_alone(node, inputs, graph.model)
        if node.op_type in WEIGHTED:
            yield node.output[0], outputs[0]
        values |= zip((name for name in node.output if name), outputs, strict=True)
        readers.subtract(node.input)
        for name in node.input:
            if readers[name] == 0:
                values.pop(name, None)


def channel_means(value: F32) -> F64:
    """Return (C,) means of (N, C, ...) over cells and places."""
    others = tuple(axis for axis in range(value.ndim) if axis != 1)
    return np.asarray(value.mean(axis=others, dtype=np.float64), np.float64)


def _shift(graph: Graph, bias: str, by: F64) -> F32:
    """Add to a bias, which is float or whole units; return what was added in truth."""
    maker = graph.producer.get(bias)
    if maker is None:
        graph.arrays[bias] = graph.arrays[bias] + by.astype(np.float32)
        return by.astype(np.float32)
    whole, units = (graph.arrays[name] for name in maker.input[:2])
    limits = np.iinfo(np.int32)
    moved = np.clip(whole + np.rint(by / units), limits.min, limits.max)
    graph.arrays[maker.input[0]] = moved.astype(np.int32)
    return np.asarray((moved - whole) * units, np.float32)


def _run_alone(
    node: onnx.NodeProto, inputs: list[Array], model: onnx.ModelProto
) -> list[Array]:
    """Run one operator."""
    import onnxruntime

    names = [name for name in node.input if name]
    feed = dict(zip(names, inputs, strict=True))
    ports = [
        helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(value.dtype), [None] * value.ndim
        )
        for name, value in feed.items()
    ]
    made = [helper.make_empty_tensor_value_info(name) for name in node.output if name]
    alone = helper.make_model(
        helper.make_graph([node], "alone", ports, made),
        opset_imports=model.opset_import,
        ir_version=model.ir_version,
    )
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        alone.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return list(session.run(None, feed))
