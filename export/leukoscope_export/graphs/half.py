"""From the fp32 graph to one in half precision, for GPUs without int8.

Weights and everything between them are float16; the ports stay float32, so that the
device feeds and reads every file alike. Types stand in the file, which is what strongly
typed TensorRT (10 and later) obeys and older ones accept with their fp16 flag.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from leukoscope_train.errors import DataError

HALF_MAX = 65504.0
"""The largest float16."""
HALF, FLOAT = TensorProto.FLOAT16, TensorProto.FLOAT


def emit_half(fp32: onnx.ModelProto) -> onnx.ModelProto:
    """Write the file in half precision.

    Raises:
        DataError: A weight does not fit.
    """
    model = onnx.ModelProto()
    model.CopyFrom(fp32)
    graph = model.graph
    del graph.value_info[:]
    for tensor in graph.initializer:
        _halve(tensor)
    for node in graph.node:
        _halve_attributes(node)
    ports_in = [_cast(p.name, f"{p.name}.half", HALF) for p in graph.input]
    ports_out = [_cast(f"{p.name}.half", p.name, FLOAT) for p in graph.output]
    names = [p.name for p in (*graph.input, *graph.output)]
    for node in graph.node:
        for side in (node.input, node.output):
            for index, name in enumerate(side):
                if name in names:
                    side[index] = f"{name}.half"
    nodes = [*ports_in, *graph.node, *ports_out]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model


def _halve(tensor: TensorProto) -> None:
    if tensor.data_type != FLOAT:
        return
    values = numpy_helper.to_array(tensor)
    if np.abs(values).max(initial=0) > HALF_MAX:
        raise DataError(f"{tensor.name} does not fit into half precision")
    name = tensor.name
    tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), name))


def _halve_attributes(node: onnx.NodeProto) -> None:
    for attribute in node.attribute:
        if attribute.HasField("t"):
            _halve(attribute.t)
        if node.op_type == "Cast" and attribute.name == "to" and attribute.i == FLOAT:
            attribute.i = HALF


def _cast(source: str, target: str, kind: int) -> onnx.NodeProto:
    return helper.make_node("Cast", [source], [target], name=target, to=kind)
