import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from leukoscope_edge.errors import BundleError
from leukoscope_edge.inference import onnx_policy, open_bundle, shipped_bundles
from leukoscope_edge.inference.protobuf_reader import ProtobufMessage

Change = Callable[[onnx.ModelProto], None]


def conv_model() -> onnx.ModelProto:
    """A convolution and a mean, with one weight inside the file."""
    weight = numpy_helper.from_array(np.ones((2, 3, 1, 1), np.float32), "w")
    nodes = [
        helper.make_node("Conv", ["input", "w"], ["c"]),
        helper.make_node("GlobalAveragePool", ["c"], ["p"]),
        helper.make_node("Flatten", ["p"], ["logits"]),
    ]
    ports = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in (("input", ["n", 3, 32, 32]), ("logits", ["n", 2]))
    ]
    graph = helper.make_graph(nodes, "g", ports[:1], ports[1:], [weight])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


def external(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")


def external_in_constant(model: onnx.ModelProto) -> None:
    tensor = numpy_helper.from_array(np.ones(1, np.float32), "k")
    tensor.data_location = TensorProto.EXTERNAL
    model.graph.node.append(helper.make_node("Constant", [], ["k"], value=tensor))


def hidden_graph(model: onnx.ModelProto) -> None:
    inner = helper.make_graph([], "inner", [], [])
    model.graph.node[0].attribute.append(helper.make_attribute("body", inner))


def hidden_graphs(model: onnx.ModelProto) -> None:
    inner = helper.make_graph([], "inner", [], [])
    model.graph.node[0].attribute.append(helper.make_attribute("bodies", [inner]))


def open_height(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "h"


def no_shape(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.ClearField("shape")


def short_weights(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].raw_data = b"\0" * 20


def huge_shape(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].dims[0] = -1


def shape_at_the_limit(model: onnx.ModelProto) -> None:
    """Of no element, so that no length contradicts it."""
    of_nothing(model, onnx_policy.MAX_DIM)


def shape_below_the_limit(model: onnx.ModelProto) -> None:
    of_nothing(model, onnx_policy.MAX_DIM - 1)


def of_nothing(model: onnx.ModelProto, side: int) -> None:
    tensor = model.graph.initializer[0]
    tensor.ClearField("dims")
    tensor.dims.extend([side, 0])
    tensor.raw_data = b""


def unknown_type(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].data_type = TensorProto.STRING


def sparse_weights(model: onnx.ModelProto) -> None:
    model.graph.sparse_initializer.add()


def sparse_attribute(model: onnx.ModelProto) -> None:
    model.graph.node[0].attribute.add(name="k").sparse_tensor.dims.append(1)


def sparse_attributes(model: onnx.ModelProto) -> None:
    model.graph.node[0].attribute.add(name="k").sparse_tensors.add()


def no_height(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_value = 0


def height_of_one(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_value = 1


def fixed_batch(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 8


def weights_among_the_inputs(model: onnx.ModelProto) -> None:
    """As IR version 3 and older wants it."""
    shape = helper.make_tensor_value_info("w", TensorProto.FLOAT, [2, 3, 1, 1])
    model.graph.input.append(shape)


def unknown_operator(model: onnx.ModelProto) -> None:
    model.graph.node[0].op_type = "Loop"


def custom_node(model: onnx.ModelProto) -> None:
    model.graph.node[0].domain = "com.example"


def custom_import(model: onnx.ModelProto) -> None:
    model.opset_import.append(helper.make_opsetid("com.example", 1))


def function(model: onnx.ModelProto) -> None:
    model.functions.add(name="f", domain="")


def training(model: onnx.ModelProto) -> None:
    model.training_info.add()


def no_nodes(model: onnx.ModelProto) -> None:
    model.graph.ClearField("node")


def two_inputs(model: onnx.ModelProto) -> None:
    model.graph.input.append(model.graph.input[0])
    model.graph.input[1].name = "second"


def no_output(model: onnx.ModelProto) -> None:
    model.graph.ClearField("output")


def no_graph(model: onnx.ModelProto) -> None:
    model.ClearField("graph")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (no_graph, "has 0 graphs"),
        (no_nodes, "no operator"),
        (no_output, "no output"),
        (two_inputs, "2 inputs"),
        (external, "'w' in another file"),
        (external_in_constant, "'k' in another file"),
        (hidden_graph, "hides a graph in Conv"),
        (hidden_graphs, "hides a graph in Conv"),
        (open_height, "leaves the shape of 'input' open"),
        (no_shape, "leaves the shape of 'input' open"),
        (short_weights, "another length than 24 bytes"),
        (huge_shape, "gives 'w' a shape of"),
        (shape_at_the_limit, "gives 'w' a shape of"),
        (unknown_type, "unknown type in 'w'"),
        (sparse_weights, "sparse weights"),
        (sparse_attribute, "sparse values in 'k'"),
        (sparse_attributes, "sparse values in 'k'"),
        (no_height, "leaves the shape of 'input' open"),
        (unknown_operator, "operator 'Loop'"),
        (custom_node, "custom operators of 'com.example'"),
        (custom_import, "custom operators of 'com.example'"),
        (function, "functions of its own"),
        (training, "training graph"),
    ],
)
def test_refuses_a_file_that_breaks_a_rule(change: Change, reason: str) -> None:
    model = conv_model()
    onnx_policy.check(model.SerializeToString())
    change(model)
    with pytest.raises(BundleError, match=reason):
        onnx_policy.check(model.SerializeToString(), where="m.onnx")


@pytest.mark.parametrize(
    "change",
    [
        shape_below_the_limit,
        height_of_one,
        fixed_batch,
        weights_among_the_inputs,
    ],
)
def test_admits_what_breaks_no_rule(change: Change) -> None:
    model = conv_model()
    change(model)
    onnx_policy.check(model.SerializeToString())


def test_refuses_more_operators_than_are_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = conv_model().SerializeToString()
    monkeypatch.setattr(onnx_policy, "MAX_NODES", 3)
    onnx_policy.check(data)
    monkeypatch.setattr(onnx_policy, "MAX_NODES", 2)
    with pytest.raises(BundleError, match="has 3 operators"):
        onnx_policy.check(data)


@pytest.mark.parametrize("kind", onnx_policy.ITEM_BYTES)
def test_an_element_is_as_long_as_the_format_has_it(kind: int) -> None:
    size = helper.tensor_dtype_to_np_dtype(kind).itemsize
    assert onnx_policy.ITEM_BYTES[kind] == size


def test_an_empty_file_is_called_empty() -> None:
    with pytest.raises(BundleError, match="is empty"):
        onnx_policy.check(b"")


@pytest.mark.parametrize(
    ("dim", "size"),
    [
        (b"", None),
        (b"\x08\x05", 5),
        (b"\x08\x05\x08\x07", 7),  # the last counts, as for every reader of protobuf
        (b"\x12\x01n", None),
        (b"\x08\x05\x12\x01n", None),
    ],
)
def test_a_dimension_is_read_as_runtimes_read_it(dim: bytes, size: int | None) -> None:
    port = dim
    for number in (1, 2, 1, 2):
        port = bytes([number << 3 | 2, len(port)]) + port
    assert list(onnx_policy._dims(ProtobufMessage(memoryview(port)))) == [size]


@pytest.mark.parametrize(("n_bytes", "is_admitted"), [(2, True), (8, False)])
def test_of_two_types_the_last_counts(n_bytes: int, *, is_admitted: bool) -> None:
    """Two elements: of four bytes first, then of one."""
    wire = b"\x08\x02" + b"\x10\x01" + b"\x10\x02" + bytes([0x4A, n_bytes])
    tensor = ProtobufMessage(memoryview(wire + bytes(n_bytes)))
    try:
        onnx_policy._check_tensor(tensor)
    except onnx_policy._RefusedError:
        assert not is_admitted
    else:
        assert is_admitted


def test_every_shipped_model_is_admitted() -> None:
    for folder in shipped_bundles().values():
        onnx_policy.check(open_bundle(folder).model)


@pytest.mark.parametrize("keep", [0, 1, 2, 10, 100, -1])
def test_refuses_a_file_that_was_cut_off(keep: int) -> None:
    with pytest.raises(BundleError):
        onnx_policy.check(conv_model().SerializeToString()[:keep])


def test_refuses_a_file_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    data = conv_model().SerializeToString()
    monkeypatch.setattr(onnx_policy, "MAX_MODEL_BYTES", len(data))
    onnx_policy.check(data)
    monkeypatch.setattr(onnx_policy, "MAX_MODEL_BYTES", len(data) - 1)
    with pytest.raises(BundleError, match="allowed"):
        onnx_policy.check(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_one_sentence(data: bytes) -> None:
    with pytest.raises(BundleError, match="cannot load it"):
        onnx_policy.check(data)


@settings(max_examples=200)
@given(st.data())
def test_a_changed_byte_is_admitted_or_refused_but_never_crashes(
    data: st.DataObject,
) -> None:
    model = bytearray(conv_model().SerializeToString())
    at = data.draw(st.integers(0, len(model) - 1))
    model[at] ^= data.draw(st.integers(1, 255))
    try:
        onnx_policy.check(bytes(model))
    except BundleError as err:
        assert "\n" not in str(err)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (external, "in another file"),
        (custom_node, "custom operators"),
        (unknown_operator, "operator 'Loop'"),
        (open_height, "leaves the shape"),
    ],
)
def test_a_bundle_with_a_refused_model_does_not_open(
    bundle_factory: Callable[..., Path], change: Change, reason: str
) -> None:
    model = conv_model()
    change(model)
    folder = bundle_factory(model=model.SerializeToString())
    with pytest.raises(BundleError, match=rf"model\.cpu\.onnx.*{reason}"):
        open_bundle(folder)


def test_a_bundle_whose_model_is_too_large_does_not_open_and_is_not_read(
    bundle_folder: Path,
) -> None:
    model = bundle_folder / "model.cpu.onnx"
    os.truncate(model, onnx_policy.MAX_MODEL_BYTES + 1)
    with pytest.raises(BundleError, match="expected at most"):
        open_bundle(bundle_folder)
