"""Does an int8 file have the form that its runtime needs? Read from the graph alone.

A file that breaks a rule still runs, only slowly or not as int8, so nothing but a look
at its structure finds it.

Source: as `emit`; for TensorRT the invariants that NVIDIA's ModelOpt keeps.
"""

import numpy as np
import onnx

from leukoscope_edge.inference import LOGITS_NAME
from leukoscope_export.graphs.emit import CLIPS
from leukoscope_export.graphs.onnx_graph import WEIGHTED, Graph
from leukoscope_train.errors import DataError

Q, DQ = "QuantizeLinear", "DequantizeLinear"
MOST_IN_FLOAT = 0.5
"""Share of the convolutions and dense layers that a file for TensorRT may keep in
float; with more of them it is no int8 file."""
FLOAT = "outlier."
"""What the outlier test's values begin with; it is computed in float everywhere."""


def refuse_broken(trt: onnx.ModelProto, cpu: onnx.ModelProto) -> None:
    """Refuse a pair of files of which one has another form.

    Raises:
        DataError: Names every broken rule.
    """
    found = [f"model.trt: {b}" for b in broken_trt(trt)]
    found += [f"model.cpu: {b}" for b in broken_cpu(cpu)]
    if found:
        raise DataError(f"the int8 files are wrong: {'; '.join(found)}")


def broken_trt(model: onnx.ModelProto) -> list[str]:
    """Return the rules of TensorRT's placement that a file breaks."""
    graph = Graph(model)
    broken = [f"{n.name} is not symmetric int8" for n in _pairs(graph, np.int8, 0)]
    weighted = [n for n in _quantised(graph) if n.op_type in WEIGHTED]
    in_float = [n.output[0] for n in weighted if _is_in_float(graph, n)]
    if len(in_float) > MOST_IN_FLOAT * len(weighted):
        broken.append(f"{len(in_float)} of {len(weighted)} layers are in float")
    for node in _quantised(graph):
        name = node.output[0]
        kinds = [_maker(graph, i) for i in node.input]
        is_half_done = name not in in_float and kinds[:2] != [DQ, DQ]
        if node.op_type in WEIGHTED and is_half_done:
            broken.append(f"{name}: an input is not quantised")
        if node.op_type in WEIGHTED and kinds[2:] not in ([], [""]):
            broken.append(f"{name}: the bias is not float")
        if node.op_type in CLIPS and kinds[0] == DQ:
            broken.append(f"{name}: a pair stands before the activation")
        if node.op_type == "Add" and "" not in kinds and kinds.count(DQ) != 1:
            broken.append(f"{name}: {kinds.count(DQ)} sides are quantised, expected 1")
    return broken


def broken_cpu(model: onnx.ModelProto) -> list[str]:
    """Return the rules of ONNX Runtime's CPU kernels that a file breaks."""
    graph = Graph(model)
    broken = [f"{n.name} is not uint8" for n in _pairs(graph, np.uint8, None)]
    for node in _quantised(graph):
        name = node.output[0]
        kinds = [_maker(graph, i) for i in node.input]
        if node.op_type in WEIGHTED and set(kinds) != {DQ}:
            broken.append(f"{name}: an input is not quantised")
        if node.op_type in WEIGHTED and not _is_per_channel(graph, node):
            broken.append(f"{name}: the weights are not int8 per channel")
        if node.op_type in CLIPS and kinds[0] in WEIGHTED:
            broken.append(f"{name}: an activation stands between operator and Q")
        if node.op_type == "Conv" and _reader(graph, name) != [Q]:
            broken.append(f"{name}: the output is not quantised at once")
    return broken


def _is_in_float(graph: Graph, node: onnx.NodeProto) -> bool:
    """Whether neither crops nor weights of a layer are quantised."""
    return DQ not in [_maker(graph, name) for name in node.input[:2]]


def _quantised(graph: Graph) -> list[onnx.NodeProto]:
    """Return the operators behind the answers, without the outlier test's."""
    road = graph.ancestors(LOGITS_NAME)
    return [node for node in road if not node.output[0].startswith(FLOAT)]


def _pairs(
    graph: Graph, dtype: type[np.generic], zero: int | None
) -> list[onnx.NodeProto]:
    """Return the Q and DQ of activations that have another type or zero point."""
    bad = []
    for node in graph.nodes:
        of_activation = node.op_type == Q or (
            node.op_type == DQ and graph.is_activation(node.input[0])
        )
        if not of_activation:
            continue
        found = graph.arrays[node.input[2]]
        if found.dtype != dtype or (zero is not None and (found != zero).any()):
            bad.append(node)
    return bad


def _maker(graph: Graph, name: str) -> str:
    """Return the kind of the operator that makes a tensor, "" for constants."""
    node = graph.producer.get(name)
    return node.op_type if node is not None else ""


def _reader(graph: Graph, name: str) -> list[str]:
    return [n.op_type for n in graph.readers[name]]


def _is_per_channel(graph: Graph, node: onnx.NodeProto) -> bool:
    weights = graph.producer[node.input[1]]
    whole, scales, zeros = (graph.arrays[i] for i in weights.input)
    return bool(whole.dtype == np.int8 and scales.ndim == 1 and not zeros.any())
