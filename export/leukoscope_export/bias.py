"""Bias correction: what int8 shifts a channel by on average, its bias takes back.

Rounded weights move the mean of a channel, and every later layer moves it on; in
networks of depthwise convolutions that is most of what int8 costs. The convolutions are
corrected in order, each after those before it.

Source: Nagel et al. 2019 (data-free quantisation, section 4.2), here from cells.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import onnx
from onnx import numpy_helper

from leukoscope_edge.inference.card import InputEntry
from leukoscope_edge.types import F64, U8
from leukoscope_export.quantise import Files, run_onnx
from leukoscope_export.surgery import Array

N_CELLS = 64
"""Calibration cells that the means are taken from."""
BATCH = 16

Means = Callable[[onnx.ModelProto, str], F64]


def correct_biases(files: Files, crops: U8, spec: InputEntry) -> Files:
    """Return the files, both int8 ones with corrected biases.

    Args:
        files: As emitted.
        crops: (N, side, side, 3) uint8 RGB, the calibration cells; some are used.
        spec: The card's input entry.
    """
    some = crops[np.linspace(0, len(crops) - 1, N_CELLS).astype(int)]

    def means(model: onnx.ModelProto, name: str) -> F64:
        return _means(model, name, some, spec)

    fp32 = onnx.load_from_string(files.fp32)
    cpu, trt = (
        _corrected(fp32, onnx.load_from_string(model), means)
        for model in (files.cpu, files.trt)
    )
    return replace(files, cpu=cpu, trt=trt)


def _corrected(fp32: onnx.ModelProto, model: onnx.ModelProto, means: Means) -> bytes:
    known = {n.output[0] for n in fp32.graph.node if n.op_type == "Conv"}
    for node in model.graph.node:
        name = node.output[0]
        if node.op_type == "Conv" and len(node.input) > 2 and name in known:
            _shift(model, node.input[2], means(fp32, name) - means(model, name))
    return bytes(model.SerializeToString())


def _means(model: onnx.ModelProto, name: str, crops: U8, spec: InputEntry) -> F64:
    """Return (C,) means of a convolution's output over cells and places."""
    asked = onnx.ModelProto()
    asked.CopyFrom(model)
    del asked.graph.output[:]
    asked.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    found = run_onnx(asked.SerializeToString(), crops, spec, BATCH)[0]
    return np.asarray(found.mean(axis=(0, 2, 3), dtype=np.float64), np.float64)


def _shift(model: onnx.ModelProto, name: str, by: F64) -> None:
    """Add to a bias, which is float or whole units of a scale."""
    stored = {w.name: w for w in model.graph.initializer}
    maker = next((n for n in model.graph.node if n.output[0] == name), None)
    if maker is None:
        old = numpy_helper.to_array(stored[name])
        _store(stored[name], (old + by).astype(old.dtype))
        return
    whole, units = (numpy_helper.to_array(stored[i]) for i in maker.input[:2])
    limits = np.iinfo(np.int32)
    moved = whole.astype(np.float64) + np.rint(by / units)
    _store(
        stored[maker.input[0]], np.clip(moved, limits.min, limits.max).astype(np.int32)
    )


def _store(weight: onnx.TensorProto, value: Array) -> None:
    weight.CopyFrom(numpy_helper.from_array(value, weight.name))
