"""One scale table, two files: the form of each, and that both say the same."""

import dataclasses

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from tests.export.graphs.small_networks import CROPS, kinds, network_of
from tests.export.spec import SIDE_PX, SPEC
from torch import nn

from leukoscope_export.graphs import (
    graph_rules,
    onnx_bytes,
    quantise_graph,
)
from leukoscope_export.graphs.emit import emit_cpu, emit_trt
from leukoscope_export.graphs.quantise import emit
from leukoscope_export.graphs.scales import measure
from leukoscope_train.errors import DataError
from leukoscope_train.networks import Pooled


def test_the_first_convolutions_of_tensorrts_file_may_stay_in_float() -> None:
    fp32 = onnx_bytes(network_of("cnn"), SIDE_PX)
    whole = quantise_graph(fp32, CROPS, SPEC)
    part = quantise_graph(fp32, CROPS, SPEC, float_first=1)
    n_pairs = [kinds(m)["QuantizeLinear"] for m in (whole.trt, part.trt)]
    assert n_pairs[1] == n_pairs[0] - 1
    assert part.cpu == whole.cpu
    assert graph_rules.broken_trt(onnx.load_from_string(part.trt)) == []
    makers = [
        {o for n in onnx.load_from_string(m).graph.node for o in n.output}
        for m in (whole.trt, part.trt)
    ]
    first_read = [
        next(n for n in onnx.load_from_string(m).graph.node if n.op_type == "Conv")
        for m in (whole.trt, part.trt)
    ]
    is_int8 = [c.input[1] in made for c, made in zip(first_read, makers, strict=True)]
    assert is_int8 == [True, False]


def test_tensorrt_gets_float_biases_and_one_quantised_side_of_a_sum() -> None:
    fp32 = onnx_bytes(network_of("residual"), SIDE_PX)
    trt = onnx.load_from_string(quantise_graph(fp32, CROPS, SPEC).trt)
    made = {o: n.op_type for n in trt.graph.node for o in n.output}
    sums = [n for n in trt.graph.node if n.op_type == "Add"]
    assert len(sums) == 2
    for node in sums:
        assert sorted(made[i] for i in node.input) == ["Conv", "DequantizeLinear"]
    for node in trt.graph.node:
        if node.op_type == "Conv" and len(node.input) > 2:
            assert node.input[2] not in made


def test_scales_are_one_table_for_both() -> None:
    fp32 = onnx_bytes(network_of("residual"), SIDE_PX)
    scales = measure(fp32, CROPS, SPEC, "minmax")
    model = onnx.load_from_string(fp32)
    low, high = scales.ranges["input"]
    for made, levels in (
        (emit_trt(model, scales), 127),
        (emit_cpu(model, scales), 255),
    ):
        arrays = {w.name: numpy_helper.to_array(w) for w in made.graph.initializer}
        span = max(-low, high) if levels == 127 else high - low
        assert arrays["input.scale"] == pytest.approx(span / levels)


def test_a_table_that_does_not_know_a_tensor_is_refused() -> None:
    fp32 = onnx_bytes(network_of("residual"), SIDE_PX)
    scales = measure(fp32, CROPS, SPEC, "minmax")
    ranges = {k: v for k, v in scales.ranges.items() if k != "input"}
    with pytest.raises(DataError, match="does not know 'input'"):
        emit(fp32, dataclasses.replace(scales, ranges=ranges))


def test_a_channel_without_weights_keeps_its_bias() -> None:
    network = network_of("residual")
    assert isinstance(network, Pooled)
    dead = network.features.get_submodule("a")
    assert isinstance(dead, nn.Conv2d)
    assert dead.bias is not None
    with torch.no_grad():
        dead.weight[0] = 0
        dead.bias[0] = 3.0
    model = quantise_graph(onnx_bytes(network, SIDE_PX), CROPS, SPEC).cpu
    arrays = {
        w.name: numpy_helper.to_array(w)
        for w in onnx.load_from_string(model).graph.initializer
    }
    biases = [
        whole * arrays[name.replace(".int32", ".units")]
        for name, whole in arrays.items()
        if name.endswith(".int32")
    ]
    assert np.abs(np.concatenate(biases) - 3).min() < 0.01


def test_the_answers_of_two_questions_stay_in_float() -> None:
    fp32 = onnx_bytes(network_of("alexnet-kind-first"), SIDE_PX)
    model = onnx.load_from_string(quantise_graph(fp32, CROPS, SPEC).cpu)
    readers = {i: n.op_type for n in model.graph.node for i in n.input}
    subs = [n.output[0] for n in model.graph.node if n.op_type == "Sub"]
    assert sorted(readers.get(name, "") for name in subs) == ["", "Relu", "Sub"]
