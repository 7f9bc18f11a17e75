"""A graph that is rewired is sorted, checked, and holds nothing that nobody reads."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from leukoscope_export.graphs.onnx_graph import INT8_MAX, Graph, channel_axis

WEIGHT = np.array([[1.0, -2.0], [0.0, 0.0], [0.5, 0.25]], np.float32)


def chain() -> onnx.ModelProto:
    """input -> Gemm -> Relu -> logits, and a Neg beside it that nobody reads."""
    nodes = [
        helper.make_node("Gemm", ["input", "w"], ["sum"], transB=1),
        helper.make_node("Relu", ["sum"], ["logits"]),
        helper.make_node("Neg", ["sum"], ["unread"]),
    ]
    ports = [
        helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 2]),
        helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 3]),
    ]
    weights = [numpy_helper.from_array(WEIGHT, "w")]
    graph = helper.make_graph(nodes, "chain", ports[:1], ports[1:], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return model


def kinds(model: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node]


def test_the_model_itself_is_not_rewired() -> None:
    model = chain()
    Graph(model).finish()
    assert kinds(model) == ["Gemm", "Relu", "Neg"]


@pytest.mark.parametrize(
    ("name", "is_activation"),
    [("input", True), ("sum", True), ("logits", True), ("w", False), ("", False)],
)
def test_what_depends_on_the_crops_is_an_activation(
    name: str, is_activation: bool
) -> None:
    assert Graph(chain()).is_activation(name) == is_activation


def test_an_output_knows_the_road_to_it() -> None:
    graph = Graph(chain())
    assert [n.op_type for n in graph.ancestors("logits")] == ["Gemm", "Relu"]
    assert graph.ancestors("input") == []
    assert [n.op_type for n in graph.readers["sum"]] == ["Relu", "Neg"]


def test_what_nobody_reads_is_dropped_and_what_was_added_is_sorted() -> None:
    graph = Graph(chain())
    graph.add_array("unread.array", np.zeros(3, np.float32))
    (relu,) = (n for n in graph.nodes if n.op_type == "Relu")
    relu.input[0] = graph.add_pair("sum", "sum", 0.1, np.array(3, np.uint8))
    model = graph.finish()
    assert kinds(model) == ["Gemm", "QuantizeLinear", "DequantizeLinear", "Relu"]
    arrays = {w.name: numpy_helper.to_array(w) for w in model.graph.initializer}
    assert set(arrays) == {"w", "sum.scale", "sum.zero"}
    assert arrays["sum.scale"] == np.float32(0.1)


def test_a_graph_that_reads_what_nobody_makes_is_refused() -> None:
    graph = Graph(chain())
    graph.nodes[1].input[0] = "nowhere"
    with pytest.raises(onnx.checker.ValidationError):
        graph.finish()


@pytest.mark.parametrize("least", [0.0, 0.01])
def test_weights_are_int8_by_channel_and_no_scale_is_below_the_least(
    least: float,
) -> None:
    graph = Graph(chain())
    gemm = graph.nodes[0]
    scales = graph.add_weight(gemm, least)
    expected = np.maximum(np.array([2, 1e-8, 0.5]) / INT8_MAX, least)
    np.testing.assert_allclose(scales, expected, rtol=1e-6)
    whole = graph.arrays["w.int8"]
    assert whole.dtype == np.int8
    assert whole[1].tolist() == [0, 0]
    assert np.abs(whole * scales[:, None] - WEIGHT).max() <= scales.max() / 2
    assert graph.finish().graph.node[0].op_type == "DequantizeLinear"


@pytest.mark.parametrize(
    ("node", "axis"),
    [
        (helper.make_node("Conv", ["x", "w"], ["y"]), 0),
        (helper.make_node("Gemm", ["x", "w"], ["y"], transB=1), 0),
        (helper.make_node("Gemm", ["x", "w"], ["y"]), 1),
    ],
)
def test_the_axis_of_output_channels(node: onnx.NodeProto, axis: int) -> None:
    assert channel_axis(node) == axis
