"""One scale table, two files: the form of each, and that both say the same."""

import dataclasses
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper
from tests.export.spec import SIDE_PX, SPEC
from torch import nn

from leukoscope_edge.inference import onnx_policy
from leukoscope_export.graphs import graph_rules
from leukoscope_export.graphs.emit import emit_cpu, emit_trt
from leukoscope_export.graphs.fp32_graph import (
    onnx_bytes,
    refuse_other_answers,
    torch_outputs,
)
from leukoscope_export.graphs.quantise import Files, emit, quantise, run_onnx
from leukoscope_export.graphs.scales import load_scales, measure, save_scales
from leukoscope_train.data.cells import DataError
from leukoscope_train.networks.architectures import Architecture, make_network
from leukoscope_train.networks.pooled_heads import Pooled

CROPS = np.random.default_rng(0).integers(0, 256, (24, 32, 32, 3)).astype(np.uint8)


class Residual(nn.Module):
    """What the large networks are made of: residual sums of both kinds, a ReLU6, a
    branch joined by Concat, and an average pool."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, 2, 1)
        self.a = nn.Conv2d(8, 8, 3, padding=1)
        self.b = nn.Conv2d(8, 8, 3, padding=1)
        self.c = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.side = nn.Conv2d(8, 8, 1)
        self.relus = nn.ModuleList(nn.ReLU() for _ in range(3))
        self.relu6 = nn.ReLU6()
        self.pool = nn.AvgPool2d(2)

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        first = self.relus[0](self.stem(crops))
        second = self.relus[1](self.b(self.relu6(self.a(first))) + first)
        third = self.relus[2](self.c(second) + self.side(second))
        return self.pool(torch.cat([third, second], 1))


def network_of(name: str) -> nn.Module:
    torch.manual_seed(0)
    if name == "residual":
        return Pooled(Residual(), 16).eval()
    architecture: Architecture = name  # type: ignore[assignment]
    return make_network(architecture, SIDE_PX).eval()


@pytest.fixture(
    scope="module", params=["residual", "alexnet-tiny", "cnn", "alexnet-kind-first"]
)
def files(request: pytest.FixtureRequest) -> Files:
    return quantise(onnx_bytes(network_of(request.param), SIDE_PX), CROPS, SPEC)


def kinds(model: bytes) -> Counter[str]:
    return Counter(n.op_type for n in onnx.load_from_string(model).graph.node)


def margins(model: bytes) -> np.ndarray:
    logits = run_onnx(model, CROPS, SPEC)[0]
    return logits[:, 1] - logits[:, 0]


@pytest.mark.parametrize("name", ["residual", "cnn", "alexnet-tiny", "lstm"])
def test_fp32_onnx_gives_the_answers_of_torch(name: str) -> None:
    network = network_of(name)
    fp32 = onnx_bytes(network, SIDE_PX)
    onnx_policy.check(fp32)
    found = run_onnx(fp32, CROPS, SPEC)
    assert len(found) == (1 if name == "lstm" else 2)
    assert refuse_other_answers(torch_outputs(network, CROPS), found) < 1e-3
    with pytest.raises(DataError, match="the export is wrong"):
        refuse_other_answers(torch_outputs(network, CROPS), [f + 1 for f in found])


def test_no_path_of_this_machine_is_in_a_file(files: Files) -> None:
    for model in (files.fp32, files.cpu, files.trt):
        assert b".py" not in model
        assert str(Path.cwd()).encode() not in model


def test_the_mean_of_the_activation_map_plus_the_bias_is_the_margin() -> None:
    network = network_of("cnn")
    logits, maps = torch_outputs(network, CROPS)
    bias = (network.head.bias[1] - network.head.bias[0]).item()
    np.testing.assert_allclose(
        maps.mean(axis=(1, 2)) + bias, logits[:, 1] - logits[:, 0], atol=1e-5
    )


def test_both_files_have_their_runtimes_form_and_are_admitted(files: Files) -> None:
    trt, cpu = (onnx.load_from_string(m) for m in (files.trt, files.cpu))
    assert graph_rules.broken_trt(trt) == []
    assert graph_rules.broken_cpu(cpu) == []
    assert len(files.cpu) < 0.6 * len(files.fp32) + 20_000


def test_each_file_breaks_the_rules_of_the_other(files: Files) -> None:
    trt, cpu = (onnx.load_from_string(m) for m in (files.trt, files.cpu))
    assert graph_rules.broken_trt(cpu)
    assert graph_rules.broken_cpu(trt)
    with pytest.raises(DataError, match="int8 files are wrong"):
        graph_rules.refuse_broken(cpu, trt)


def test_both_files_say_what_the_network_says(files: Files) -> None:
    original = margins(files.fp32)
    for form in (files.cpu, files.trt):
        error = np.sqrt(np.mean((margins(form) - original) ** 2))
        assert error < 0.2 * original.std() + 0.02


def test_onnx_runtime_runs_every_convolution_in_int8(
    files: Files, tmp_path: Path
) -> None:
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "fused.onnx")
    options.log_severity_level = 3
    onnxruntime.InferenceSession(files.cpu, options, providers=["CPUExecutionProvider"])
    fused = kinds((tmp_path / "fused.onnx").read_bytes())
    n_convs = kinds(files.fp32)["Conv"]
    assert fused["QLinearConv"] == n_convs - 1  # all but the map's, which stays float
    assert fused["QLinearAdd"] == kinds(files.fp32)["Add"]
    assert fused["QGemm"] == kinds(files.fp32)["Gemm"]
    asks_twice = kinds(files.fp32)["Sub"] > 0
    assert fused["Relu"] == int(asks_twice)  # between the answers, in float
    assert fused["Clip"] == 0


def test_the_first_convolutions_of_tensorrts_file_may_stay_in_float() -> None:
    fp32 = onnx_bytes(network_of("cnn"), SIDE_PX)
    whole = quantise(fp32, CROPS, SPEC)
    part = quantise(fp32, CROPS, SPEC, float_first=1)
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


def test_a_file_that_is_mostly_in_float_is_no_int8_file() -> None:
    fp32 = onnx_bytes(network_of("cnn"), SIDE_PX)
    with pytest.raises(DataError, match="4 of 5 layers are in float"):
        quantise(fp32, CROPS, SPEC, float_first=4)


def test_tensorrt_gets_float_biases_and_one_quantised_side_of_a_sum() -> None:
    fp32 = onnx_bytes(network_of("residual"), SIDE_PX)
    trt = onnx.load_from_string(quantise(fp32, CROPS, SPEC).trt)
    made = {o: n.op_type for n in trt.graph.node for o in n.output}
    sums = [n for n in trt.graph.node if n.op_type == "Add"]
    assert len(sums) == 2
    for node in sums:
        assert sorted(made[i] for i in node.input) == ["Conv", "DequantizeLinear"]
    for node in trt.graph.node:
        if node.op_type == "Conv" and len(node.input) > 2:
            assert node.input[2] not in made


def test_scales_are_one_table_for_both(tmp_path: Path) -> None:
    fp32 = onnx_bytes(network_of("residual"), SIDE_PX)
    scales = measure(fp32, CROPS, SPEC, "minmax")
    save_scales(tmp_path / "scales.json", scales)
    again = load_scales(tmp_path / "scales.json")
    assert again == scales
    assert emit(fp32, again) == emit(fp32, scales)
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


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"ranges": {"a": [1]}}'])
def test_what_is_no_table_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "scales.json").write_text(text)
    with pytest.raises(DataError, match="no scale table"):
        load_scales(tmp_path / "scales.json")


def test_a_channel_without_weights_keeps_its_bias() -> None:
    network = network_of("residual")
    assert isinstance(network, Pooled)
    dead = network.features.get_submodule("a")
    assert isinstance(dead, nn.Conv2d)
    assert dead.bias is not None
    with torch.no_grad():
        dead.weight[0] = 0
        dead.bias[0] = 3.0
    model = quantise(onnx_bytes(network, SIDE_PX), CROPS, SPEC).cpu
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
    model = onnx.load_from_string(quantise(fp32, CROPS, SPEC).cpu)
    readers = {i: n.op_type for n in model.graph.node for i in n.input}
    subs = [n.output[0] for n in model.graph.node if n.op_type == "Sub"]
    assert sorted(readers.get(name, "") for name in subs) == ["", "Relu", "Sub"]
