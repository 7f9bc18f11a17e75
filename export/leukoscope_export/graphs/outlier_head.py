"""The outlier test, put into a network's files: how far is a cell from all known ones?

A network that has seen one laboratory calls the cells of another with the same
confidence. Its features tell: theirs lie far from those of every cell it learned from.
The test is fitted to what the int8 CPU file itself sees and is added behind the pooled
features of every file, in float32, so that all backends answer alike and the device
needs no arithmetic of its own: the third number of an answer is the distance.
"""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from leukoscope_edge.arrays import F32, F64, U8
from leukoscope_edge.inference import LOGITS_NAME, InputEntry, onnx_policy
from leukoscope_export.graphs.graph_rules import FLOAT
from leukoscope_export.graphs.quantise import run_onnx
from leukoscope_train.errors import DataError
from leukoscope_train.evaluation import N_NEIGHBOURS

TWO_LOGITS = "logits.two"
"""The old output, two logits and those of kinds; the distance is joined to it."""


def pooled_name(fp32: bytes) -> str:
    """Return the value that the last dense layer reads; all files call it alike.

    Raises:
        DataError: The network has no dense layer.
    """
    dense = [n for n in onnx.load_from_string(fp32).graph.node if n.op_type == "Gemm"]
    if not dense:
        raise DataError("the network has no dense layer, and so no pooled features")
    return str(dense[-1].input[0])


def with_distance(model: bytes, pooled: str, arrays: dict[str, F64]) -> bytes:
    """Return a model that answers (N, A + 1): its logits, and the cell's distance.

    Args:
        model: An ONNX file with the output `logits` (N, A).
        pooled: Name of its (N, C) float32 features.
        arrays: `mean` (C,), `axes` (C, K) and `prototypes` (M, K) of `fit_outliers`.

    Raises:
        BundleError: The device would not admit the file.
    """
    whole = onnx.load_from_string(model)
    graph = whole.graph
    for node in graph.node:
        for i, name in enumerate(node.output):
            if name == LOGITS_NAME:
                node.output[i] = TWO_LOGITS
    prototypes = arrays["prototypes"]
    constants = {
        "mean": arrays["mean"].astype(np.float32),
        "axes": arrays["axes"].astype(np.float32),
        "ones": np.ones((prototypes.shape[1], 1), np.float32),
        "minus_twice": (-2 * prototypes.T).astype(np.float32),
        "squares": (prototypes**2).sum(axis=1)[None].astype(np.float32),
        "nearest": np.array([N_NEIGHBOURS], np.int64),
        "last_axis": np.array([1], np.int64),
    }
    for name, value in constants.items():
        graph.initializer.append(numpy_helper.from_array(value, f"{FLOAT}{name}"))
    graph.node.extend(_steps(pooled))
    output = next(port for port in graph.output if port.name == LOGITS_NAME)
    rows, columns = output.type.tensor_type.shape.dim
    shape = [rows.dim_param or "n", columns.dim_value + 1]
    output.CopyFrom(
        helper.make_tensor_value_info(LOGITS_NAME, TensorProto.FLOAT, shape)
    )
    data = bytes(whole.SerializeToString())
    onnx_policy.check(data, where="the model with its outlier test")
    return data


def _steps(pooled: str) -> list[onnx.NodeProto]:
    """Return the operators: |z - p|^2 = |z|^2 - 2 zp + |p|^2, the five smallest."""

    def step(operator: str, inputs: str, output: str, **how: Any) -> onnx.NodeProto:
        names = [
            n if n in (pooled, TWO_LOGITS) else f"{FLOAT}{n}" for n in inputs.split()
        ]
        outputs = (
            [LOGITS_NAME]
            if output == LOGITS_NAME
            else [f"{FLOAT}{n}" for n in output.split()]
        )
        return helper.make_node(operator, names, outputs, **how)

    return [
        step("Sub", f"{pooled} mean", "centred"),
        step("MatMul", "centred axes", "z"),
        step("Mul", "z z", "z_squared"),
        step("MatMul", "z_squared ones", "length"),
        step("MatMul", "z minus_twice", "cross"),
        step("Add", "cross squares", "partial"),
        step("Add", "partial length", "squared"),
        step("Relu", "squared", "positive"),
        step("TopK", "positive nearest", "few which", axis=1, largest=0),
        step("Sqrt", "few", "distances"),
        step("ReduceMean", "distances last_axis", "distance", keepdims=1),
        step("Concat", f"{TWO_LOGITS} distance", LOGITS_NAME, axis=1),
    ]


def pooled_features(model: bytes, pooled: str, crops: U8, spec: InputEntry) -> F64:
    """Return (N, C) what a file's last dense layer reads.

    Args:
        model: An ONNX file.
        pooled: The name of that value, `pooled_name` of the clean file.
        crops: (N, side, side, 3) uint8 RGB.
        spec: The card's input entry.
    """
    whole = onnx.load_from_string(model)
    shown = helper.make_tensor_value_info(pooled, TensorProto.FLOAT, None)
    del whole.graph.output[:]
    whole.graph.output.append(shown)
    seen: list[F32] = run_onnx(whole.SerializeToString(), crops, spec)
    return np.asarray(seen[0], np.float64)
