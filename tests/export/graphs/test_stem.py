"""The first convolution unfolded: the same bits from another form."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from leukoscope_export.graphs import Graph
from leukoscope_export.graphs.stem import unfold_stem


def quantised_conv(
    *, kernel: int, stride: int = 2, pad: int | None = None, side: int = 20
) -> onnx.ModelProto:
    """A pair, a convolution with int8 weights of every value, and another pair."""
    random = np.random.default_rng(kernel)
    weights = random.integers(-127, 128, (4, 3, kernel, kernel)).astype(np.int8)
    arrays = {
        "scale": np.array(0.01, np.float32),
        "zero": np.array(131, np.uint8),
        "out.scale": np.array(0.5, np.float32),
        "w": weights,
        "w.scales": np.full(4, 0.02, np.float32),
        "w.zeros": np.zeros(4, np.int8),
    }
    pads = [kernel // 2 if pad is None else pad] * 4
    nodes = [
        helper.make_node("QuantizeLinear", ["input", "scale", "zero"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["dq"]),
        helper.make_node(
            "DequantizeLinear", ["w", "w.scales", "w.zeros"], ["w.dq"], axis=0
        ),
        helper.make_node(
            "Conv", ["dq", "w.dq"], ["sum"], strides=[stride] * 2, pads=pads
        ),
        helper.make_node("QuantizeLinear", ["sum", "out.scale", "zero"], ["out.q"]),
        helper.make_node("DequantizeLinear", ["out.q", "out.scale", "zero"], ["out"]),
    ]
    kind = TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "stem",
        [helper.make_tensor_value_info("input", kind, ["n", 3, side, side])],
        [helper.make_tensor_value_info("out", kind, ["n", 4, None, None])],
        [numpy_helper.from_array(a, name) for name, a in arrays.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    model.ir_version = 10
    return model


def unfolded(model: onnx.ModelProto) -> onnx.ModelProto:
    graph = Graph(model)
    unfold_stem(graph)
    return graph.finish()


def kinds(model: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node]


def answers(model: onnx.ModelProto) -> np.ndarray:
    side = model.graph.input[0].type.tensor_type.shape.dim[2].dim_value
    crops = np.random.default_rng(0).standard_normal((2, 3, side, side), np.float32)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"input": crops})[0]


@pytest.mark.parametrize("kernel", [5, 7, 9, 11])
def test_an_unfolded_convolution_gives_the_same_bits(kernel: int) -> None:
    model = quantised_conv(kernel=kernel)
    other = unfolded(model)
    assert "SpaceToDepth" in kinds(other)
    np.testing.assert_array_equal(answers(other), answers(model))


@pytest.mark.parametrize(
    "model",
    [
        quantised_conv(kernel=3),
        quantised_conv(kernel=7, stride=1),
        quantised_conv(kernel=7, stride=4),
        quantised_conv(kernel=7, pad=2),
        quantised_conv(kernel=7, side=21),
    ],
    ids=["small", "stride 1", "stride 4", "uneven", "odd side"],
)
def test_other_convolutions_are_left_alone(model: onnx.ModelProto) -> None:
    assert "SpaceToDepth" not in kinds(unfolded(model))
