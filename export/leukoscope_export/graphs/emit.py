"""From the fp32 graph and the scale table to the two int8 files.

No single file is fast on both (measured): ONNX Runtime's CPU kernels want uint8
activations with a Q/DQ pair on every tensor and an int32 bias, TensorRT wants
symmetric int8, a float bias and pairs only where it does not fuse. `rules` holds each
file to its form.

Source: TensorRT developer guide, "Q/DQ layer-placement recommendations"; ONNX Runtime,
"Quantize ONNX models", and the kernels of MLAS.
"""

import numpy as np
import onnx

from leukoscope_edge.inference import LOGITS_NAME
from leukoscope_export.graphs.onnx_graph import INT8_MAX, WEIGHTED, Graph
from leukoscope_export.graphs.scales import Scales
from leukoscope_export.graphs.stem import unfold_stem
from leukoscope_train.errors import DataError

UINT8_MAX = 255
BIAS_ROOM = 2.0**30
"""Units of a bias that int32 holds with room to spare."""
SMALLEST_SCALE = 1e-8
"""For a tensor that was zero on every calibration cell."""
CLIPS = ("Relu", "Clip")
"""Activations that are a clip at the range's ends, hence free inside a uint8 Q."""
WHOLE_ON_CPU = (*WEIGHTED, "Add", "Concat", "MaxPool", "AveragePool")
"""Operators that ONNX Runtime runs in uint8."""
KEEPS_RANGE = ("MaxPool", "Reshape")
"""Operators whose output has their input's values, hence its scale."""


def emit_trt(
    fp32: onnx.ModelProto, scales: Scales, float_first: int = 0
) -> onnx.ModelProto:
    """Write the file for TensorRT.

    Every input of a convolution or dense layer and the skip side of every residual sum
    is quantised, symmetric and per tensor; weights per channel. Biases stay in float,
    nothing stands between a convolution and its ReLU, and the branch that ends in the
    sum stays in float, so that convolution, sum, ReLU and the next Q become one kernel.

    Args:
        fp32: The clean file.
        scales: The table.
        float_first: Convolutions, from the first on, that stay in float: what the first
            ones round away, nothing after them can know.
    """
    graph = Graph(fp32)
    quantised: dict[str, str] = {}
    road = graph.ancestors(LOGITS_NAME)
    weighted = [node.output[0] for node in road if node.op_type in WEIGHTED]
    in_float = set(weighted[:float_first])
    for node in road:
        if node.output[0] in in_float:
            continue
        for index in _trt_inputs(graph, node):
            name = node.input[index]
            if name not in quantised:
                low, high = _range(scales, name)
                scale = max(-low, high, SMALLEST_SCALE) / INT8_MAX
                zero = np.array(0, np.int8)
                quantised[name] = graph.add_pair(name, name, scale, zero)
            node.input[index] = quantised[name]
        if node.op_type in WEIGHTED:
            graph.add_weight(node)
    return graph.finish()


def _trt_inputs(graph: Graph, node: onnx.NodeProto) -> list[int]:
    if node.op_type in WEIGHTED:
        return [0]
    if node.op_type == "Add" and all(graph.is_activation(i) for i in node.input):
        return [skip_side(graph, node)]
    return []


def skip_side(graph: Graph, node: onnx.NodeProto) -> int:
    """Return which input of a residual sum is the skip: the other a Conv just made."""

    def is_branch(name: str) -> bool:
        maker = graph.producer.get(name)
        is_conv = maker is not None and maker.op_type == "Conv"
        return is_conv and len(graph.readers[name]) == 1

    return 1 if is_branch(node.input[0]) else 0


def emit_cpu(fp32: onnx.ModelProto, scales: Scales) -> onnx.ModelProto:
    """Write the file for ONNX Runtime on a CPU.

    Every tensor between two operators that run in uint8 gets a Q/DQ pair; a ReLU or
    ReLU6 between an operator and its Q is dropped, because the Q's own ends clip alike;
    biases are int32 in units of input scale x weight scale. The first convolution is
    unfolded where that makes it faster (`stem`).
    """
    graph = Graph(fp32)
    own, road = list(graph.nodes), graph.ancestors(LOGITS_NAME)
    source = _fold_clips(graph, road)
    params: dict[str, tuple[float, int]] = {}
    quantised: dict[str, str] = {}
    for name in _cpu_tensors(graph, road, set(source.values())):
        if name not in scales.ranges:
            continue  # an integer: the shape of something
        params[name] = _uint8(scales, graph, name, params)
        scale, zero = params[name]
        quantised[name] = graph.add_pair(
            source.get(name, name), name, scale, np.array(zero, np.uint8)
        )
    for node in own:
        for index, name in enumerate(node.input):
            if node.op_type in WEIGHTED and index == 0 and name in params:
                _make_whole(graph, node, params[name][0])
            if name in quantised:
                node.input[index] = quantised[name]
    unfold_stem(graph)
    return graph.finish()


def _fold_clips(graph: Graph, road: list[onnx.NodeProto]) -> dict[str, str]:
    """Return, for each clip's output, the tensor that its Q reads instead."""
    source = {}
    for node in road:
        name = node.input[0]
        if (
            node.op_type in CLIPS
            and name in graph.producer
            and len(graph.readers[name]) == 1
        ):
            source[node.output[0]] = name
    return source


def _cpu_tensors(
    graph: Graph, road: list[onnx.NodeProto], before_clips: set[str]
) -> list[str]:
    """Return the tensors that get a pair, in the graph's order.

    What a dense layer makes for operators in float alone stays in float: the answers of
    a network with two questions keep all their digits.
    """
    read = {i for n in road if n.op_type in WHOLE_ON_CPU for i in n.input}
    whole = {n.output[0] for n in road if n.op_type in WHOLE_ON_CPU}
    made = whole | {
        n.output[0] for n in road if n.op_type in CLIPS and n.input[0] in whole
    }
    answers = {n.output[0] for n in road if n.op_type == "Gemm"} - read
    names = [*graph.inputs, *(n.output[0] for n in road)]
    left_out = before_clips | set(graph.outputs) | answers
    return [n for n in names if n in (read | made) and n not in left_out]


def _uint8(
    scales: Scales, graph: Graph, name: str, params: dict[str, tuple[float, int]]
) -> tuple[float, int]:
    """Return the scale and zero point of a tensor."""
    maker = graph.producer.get(name)
    if maker is not None and maker.op_type in KEEPS_RANGE and maker.input[0] in params:
        return params[maker.input[0]]
    low, high = _range(scales, name)
    scale = max((high - low) / UINT8_MAX, SMALLEST_SCALE)
    return scale, int(np.clip(np.rint(-low / scale), 0, UINT8_MAX))


def _make_whole(graph: Graph, node: onnx.NodeProto, scale: float) -> None:
    """Make a node's weights int8 and its bias int32.

    A channel that says hardly anything but its bias, as ImageNet's networks have some,
    gets coarser weights, so that the bias fits.
    """
    if len(node.input) < 3 or node.input[2] == "":
        graph.add_weight(node)
        return
    name = node.input[2]
    scales = graph.add_weight(node, np.abs(graph.arrays[name]) / (scale * BIAS_ROOM))
    units = (scales.astype(np.float64) * scale).astype(np.float32)
    limits = np.iinfo(np.int32)
    exact = graph.arrays[name].astype(np.float64) / units
    whole = np.clip(np.rint(exact), limits.min, limits.max)
    parts = [
        graph.add_array(f"{name}.int32", whole.astype(np.int32)),
        graph.add_array(f"{name}.units", units),
    ]
    node.input[2] = graph.add_node("DequantizeLinear", parts, f"{name}.dq", axis=0)


def _range(scales: Scales, name: str) -> tuple[float, float]:
    try:
        return scales.ranges[name]
    except KeyError as err:
        raise DataError(f"the scale table does not know {name!r}") from err
