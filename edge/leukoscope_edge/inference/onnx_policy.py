"""May these bytes become an engine? Looked at before any runtime sees them.

A hash proves that a file is the one that the card means, not that it is harmless: the
bundle may have been made badly. This decides, from the ONNX file alone:

* it is at most 300 MiB, whole, and one protobuf message;
* one graph, no training part, no functions, no graphs inside operators;
* every operator is of the ONNX standard and one that a classifier or segmenter of
  ours needs; custom domains are refused;
* every weight lies inside the file and is as long as its shape says;
* one input and at least one output, whose shapes are fixed but for the batch.

It deliberately does not check that the numbers are right: that is the self-test.
Field numbers and types are those of `onnx.proto3`, ONNX 1.16.
"""

import math
from collections.abc import Iterator

from leukoscope_edge.errors import BundleError
from leukoscope_edge.inference.protobuf_reader import ProtobufError, ProtobufMessage

MAX_MODEL_BYTES = 300 * 1024 * 1024
"""No model that a Jetson-class device should load is larger."""
MAX_NODES = 20_000
"""The largest network of the exporter, quantised, has under 3,000."""
STANDARD_DOMAINS = ("", "ai.onnx")
OPERATORS = frozenset(
    """
    Add AveragePool BatchNormalization Cast Clip Concat Constant Conv ConvTranspose
    DequantizeLinear Div Expand Flatten Gather Gemm GlobalAveragePool HardSigmoid
    HardSwish Identity LSTM LeakyRelu MatMul MaxPool Mul Pad QuantizeLinear
    ReduceLogSumExp ReduceMean Relu Reshape Resize Shape Sigmoid Slice Softmax
    SpaceToDepth Split Sqrt Squeeze Sub Tanh TopK Transpose Unsqueeze
    """.split()  # noqa: SIM905 - forty words, not forty quotes
)
"""What our classifiers and segmenters are made of. None of them reads a file, loops
or calls out. `tools/parity_architectures.py` takes every architecture through it."""

ITEM_BYTES = {1: 4, 2: 1, 3: 1, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8}
"""Bytes of an element of `TensorProto.raw_data`, by `data_type`."""
EXTERNAL = 1
"""`TensorProto.data_location` of weights in another file."""
MAX_DIM = 1 << 31


class _RefusedError(Exception):
    """Carries the reason, which completes "the file ..."."""


def check(model: bytes, *, where: str = "model") -> None:
    """Refuse an ONNX file that must not become an engine.

    Args:
        model: The whole file. Check its hash first.
        where: What to call it in the message.

    Raises:
        BundleError: Says why; see the module for the rules.
    """
    try:
        _check_model(model)
    except (_RefusedError, ProtobufError) as err:
        raise BundleError(
            f"{where}: cannot load it: the file {err}; use another bundle"
        ) from err


def _refuse_if(condition: bool, reason: str) -> None:
    if condition:
        raise _RefusedError(reason)


def _check_model(data: bytes) -> None:
    _refuse_if(len(data) == 0, "is empty")
    _refuse_if(
        len(data) > MAX_MODEL_BYTES,
        f"has {len(data)} bytes, allowed {MAX_MODEL_BYTES}",
    )
    model = ProtobufMessage(memoryview(data))
    _refuse_if(model.has(20), "brings a training graph")
    _refuse_if(model.has(25), "brings functions of its own")
    for opset in model.messages(8):
        _check_domain(opset.text(1))
    graphs = model.messages(7)
    _refuse_if(len(graphs) != 1, f"has {len(graphs)} graphs, expected 1: is it ONNX?")
    _check_graph(graphs[0])


def _check_domain(domain: str) -> None:
    _refuse_if(
        domain not in STANDARD_DOMAINS,
        f"wants the custom operators of {domain!r}",
    )


def _check_graph(graph: ProtobufMessage) -> None:
    nodes = graph.messages(1)
    _refuse_if(len(nodes) == 0, "has no operator")
    _refuse_if(len(nodes) > MAX_NODES, f"has {len(nodes)} operators")
    _refuse_if(graph.has(15), "has sparse weights")
    for node in nodes:
        _check_node(node)
    weights = graph.messages(5)
    for weight in weights:
        _check_tensor(weight)
    names = {w.text(8) for w in weights}
    inputs = [i for i in graph.messages(11) if i.text(1) not in names]
    outputs = graph.messages(12)
    _refuse_if(len(inputs) != 1, f"has {len(inputs)} inputs, expected 1")
    _refuse_if(len(outputs) == 0, "has no output")
    for port in (*inputs, *outputs):
        _check_shape(port)


def _check_node(node: ProtobufMessage) -> None:
    _check_domain(node.text(7))
    kind = node.text(4)
    _refuse_if(kind not in OPERATORS, f"uses the operator {kind!r}, which is unknown")
    for attribute in node.messages(5):
        name = attribute.text(1)
        _refuse_if(attribute.has(6) or attribute.has(11), f"hides a graph in {kind}")
        _refuse_if(
            attribute.has(22) or attribute.has(23), f"has sparse values in '{name}'"
        )
        for tensor in (*attribute.messages(5), *attribute.messages(10)):
            _check_tensor(tensor)


def _check_tensor(tensor: ProtobufMessage) -> None:
    name = tensor.text(8)
    _refuse_if(
        tensor.has(13) or EXTERNAL in tensor.numbers(14),
        f"keeps the weights {name!r} in another file",
    )
    dims = tensor.numbers(1)
    _refuse_if(any(d >= MAX_DIM for d in dims), f"gives {name!r} a shape of {dims}")
    kind = tensor.numbers(2)[-1:]
    _refuse_if(
        not kind or kind[0] not in ITEM_BYTES, f"has an unknown type in {name!r}"
    )
    raw = tensor.parts(9)
    expected = math.prod(dims) * ITEM_BYTES[kind[0]]
    _refuse_if(
        len(raw) > 1 or (len(raw) == 1 and len(raw[0]) != expected),
        f"has weights {name!r} of another length than {expected} bytes",
    )


def _check_shape(port: ProtobufMessage) -> None:
    name, dims = port.text(1), list(_dims(port))
    fixed = [d for d in dims[1:] if d is not None and 0 < d < MAX_DIM]
    _refuse_if(
        len(dims) < 2 or len(fixed) != len(dims) - 1,
        f"leaves the shape of {name!r} open: {dims}; only the batch may vary",
    )


def _dims(port: ProtobufMessage) -> Iterator[int | None]:
    """Yield the dimensions of a port; None where open."""
    for kind in port.messages(2):
        for tensor in kind.messages(1):
            for shape in tensor.messages(2):
                for dim in shape.messages(1):
                    values = dim.numbers(1)
                    yield values[-1] if values and not dim.has(2) else None
