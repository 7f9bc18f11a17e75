"""An ONNX graph that can be rewired: what both emitters need, and no more."""

from collections import defaultdict
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

Array = npt.NDArray[Any]
WEIGHTED = ("Conv", "Gemm")
"""Operators with weights that are quantised; an LSTM stays in float."""
INT8_MAX = 127


class Graph:
    """A copy of a model, with who makes and who reads every tensor."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = onnx.ModelProto()
        self.model.CopyFrom(model)
        self._graph = self.model.graph
        del self._graph.value_info[:]
        self.nodes = list(self._graph.node)
        self.arrays = {
            w.name: numpy_helper.to_array(w) for w in self._graph.initializer
        }
        self.producer = {name: n for n in self.nodes for name in n.output}
        self.readers: dict[str, list[onnx.NodeProto]] = defaultdict(list)
        for node in self.nodes:
            for name in node.input:
                self.readers[name].append(node)
        self.outputs = [o.name for o in self._graph.output]
        self.inputs = [i.name for i in self._graph.input]

    def is_activation(self, name: str) -> bool:
        """Say whether a tensor depends on the crops."""
        return name in self.inputs or (name in self.producer and name != "")

    def side_px(self, name: str) -> int:
        """Return the height of an input's pictures."""
        port = next(i for i in self._graph.input if i.name == name)
        return int(port.type.tensor_type.shape.dim[2].dim_value)

    def ancestors(self, output: str) -> list[onnx.NodeProto]:
        """Return the nodes that an output depends on, in the graph's order."""
        wanted, found = [output], set()
        while wanted:
            node = self.producer.get(wanted.pop())
            if node is not None and node.output[0] not in found:
                found.add(node.output[0])
                wanted += node.input
        return [n for n in self.nodes if n.output[0] in found]

    def add_array(self, name: str, array: Array) -> str:
        """Store a constant and return its name."""
        self.arrays[name] = array
        return name

    def add_node(self, kind: str, inputs: list[str], output: str, **more: Any) -> str:
        """Add an operator and return its output's name."""
        self.nodes.append(helper.make_node(kind, inputs, [output], **more))
        return output

    def add_pair(self, source: str, name: str, scale: float, zero: Array) -> str:
        """Quantise and dequantise a tensor; return the name of what comes out."""
        scale_ = self.add_array(f"{name}.scale", np.array(scale, np.float32))
        zero_ = self.add_array(f"{name}.zero", zero)
        whole = self.add_node("QuantizeLinear", [source, scale_, zero_], f"{name}.q")
        return self.add_node("DequantizeLinear", [whole, scale_, zero_], f"{name}.dq")

    def add_weight(
        self, node: onnx.NodeProto, least: float | npt.NDArray[np.float32] = 0.0
    ) -> npt.NDArray[np.float32]:
        """Make a node's weights int8 per output channel; return the scales.

        Symmetric, so that a zero weight stays zero; int8 inside the file, which then
        has a quarter of its size. No channel's scale is below `least`.
        """
        name, axis = node.input[1], channel_axis(node)
        weight = self.arrays[name]
        others = tuple(i for i in range(weight.ndim) if i != axis)
        largest = np.abs(weight).max(axis=others)
        scales = np.asarray(np.maximum(largest, 1e-8) / INT8_MAX, np.float32)
        scales = np.maximum(scales, np.float32(least))
        shape = [-1 if i == axis else 1 for i in range(weight.ndim)]
        whole = np.rint(weight / scales.reshape(shape)).astype(np.int8)
        parts = [
            self.add_array(f"{name}.int8", whole),
            self.add_array(f"{name}.scales", scales),
            self.add_array(f"{name}.zeros", np.zeros(len(scales), np.int8)),
        ]
        node.input[1] = self.add_node(
            "DequantizeLinear", parts, f"{name}.dq", axis=axis
        )
        return scales

    def finish(self) -> onnx.ModelProto:
        """Sort, drop what nobody reads, check and return the model.

        Raises:
            onnx.checker.ValidationError: The rewiring broke the model.
        """
        order = self._sorted()
        del self._graph.node[:]
        self._graph.node.extend(order)
        used = {name for n in order for name in n.input}
        del self._graph.initializer[:]
        self._graph.initializer.extend(
            numpy_helper.from_array(array, name)
            for name, array in self.arrays.items()
            if name in used
        )
        onnx.checker.check_model(self.model)
        return self.model

    def _sorted(self) -> list[onnx.NodeProto]:
        maker = {name: n for n in self.nodes for name in n.output}
        order: list[onnx.NodeProto] = []
        done: set[str] = set()
        waiting = list(self.outputs)
        while waiting:
            name = waiting[-1]
            node = maker.get(name)
            if node is None or name in done:
                waiting.pop()
                continue
            missing = [i for i in node.input if i in maker and i not in done]
            if missing:
                waiting += missing
                continue
            order.append(node)
            done.update(node.output)
        return order


def channel_axis(node: onnx.NodeProto) -> int:
    """Return the axis of a node's weights that counts output channels."""
    if node.op_type == "Conv":
        return 0
    is_transposed = any(a.name == "transB" and a.i == 1 for a in node.attribute)
    return 0 if is_transposed else 1
