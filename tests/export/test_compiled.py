"""What NVIDIA's own parser and compiler make of our files, without a GPU."""

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import helper

from leukoscope_edge.errors import EngineFault
from leukoscope_edge.inference import Bundle, InputEntry, open_bundle, shipped_bundles
from leukoscope_edge.inference.nvidia import Form
from leukoscope_export.__main__ import main
from leukoscope_export.compiled import Compiled, compile_for
from leukoscope_export.graphs import FLOAT, onnx_bytes, quantise_graph
from leukoscope_export.graphs.half import emit_half
from leukoscope_train.networks import Architecture, make_network

pytest.importorskip("tensorrt_rtx_libs", reason="TensorRT for RTX is for x86-64 alone")

SERVED = ("SM80", "SM86", "SM89", "SM120")
"""A100, RTX 30, 40 and 50."""
SIDE_PX = 96
"""The smallest at which every architecture has a picture left at its end."""
PAPER: tuple[Architecture, ...] = (
    "alexnet",
    "cnn-svm",
    "cnn",
    "densenet121",
    "inception-v3",
    "lstm",
    "resnet50",
    "vgg16",
    "xception",
    "mobilenet-v2",
)
QUICK = "alexnet"
"""A pair's quick network, which no file above is; the others compile every night."""
MOST_WHOLE = 7
"""First convolutions of the light network that its file keeps in float for accuracy."""
FLOAT_ON_PURPOSE = {"alexnet": 0, "lstm": 9}
"""Layers with weights that stay in float: the one of the activation map, which alexnet
does not have; of lstm the recurrence, which ONNX quantises nowhere."""


def shipped() -> list[Bundle]:
    bundles = [open_bundle(folder) for folder in shipped_bundles().values()]
    return [bundle for bundle in bundles if bundle.model_trt is not None]


def compiled(bundle: Bundle, target: str) -> Compiled:
    form = Form(precision="int8", model=bundle.model_trt or b"")
    return compile_for(form, bundle.card.input.side_px, target)


def floats(found: Compiled) -> list[str]:
    """The layers with weights that do not run in int8; the outlier test never does."""
    whole = [x for x in found.layers if x.is_weighted and not x.is_int8]
    return [x.name for x in whole if FLOAT not in x.name]


def convolutions(model: onnx.ModelProto) -> tuple[int, int]:
    """How many convolutions the file asks for in int8, and how many in float."""
    made = {name: node.op_type for node in model.graph.node for name in node.output}
    weights = [n.input[1] for n in model.graph.node if n.op_type == "Conv"]
    quantised = sum(made.get(name) == "DequantizeLinear" for name in weights)
    return quantised, len(weights) - quantised


@pytest.mark.parametrize("target", SERVED)
@pytest.mark.parametrize("bundle", shipped(), ids=lambda b: b.card.id)
def test_every_shipped_file_compiles_with_its_quantised_convolutions_in_int8(
    bundle: Bundle, target: str
) -> None:
    found = compiled(bundle, target)
    quantised, whole = convolutions(onnx.load_from_string(bundle.model_trt or b""))
    kinds = [layer.kind for layer in found.layers if layer.is_int8]
    assert kinds.count("correlation") == quantised
    assert kinds.count("gemm") == 1
    assert len(floats(found)) == whole <= MOST_WHOLE
    assert len(found.plan) > len(bundle.model_trt or b"")


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("SM75", "build gave nothing for SM75: .*FP32 GEMM is not supported"),
        ("SM87", "does not know SM87; it knows SM75, SM80, SM86"),
        ("SM90", "does not know SM90"),
        ("NONE", "does not know NONE"),
    ],
)
def test_refuses_a_gpu_for_which_there_is_no_int8(target: str, reason: str) -> None:
    with pytest.raises(EngineFault, match=reason):
        compiled(shipped()[0], target)


@pytest.mark.parametrize(
    ("operator", "reason"),
    [("Bernoulli", "cannot read the model"), ("NoSuchThing", "cannot read the model")],
)
def test_refuses_what_the_parser_does_not_know(operator: str, reason: str) -> None:
    model = onnx.load_from_string(shipped()[0].model_trt or b"")
    last = model.graph.node[-1]
    name, last.output[0] = last.output[0], "before"
    model.graph.node.append(helper.make_node(operator, ["before"], [name]))
    form = Form(precision="int8", model=model.SerializeToString())
    with pytest.raises(EngineFault, match=reason):
        compile_for(form, 64, "SM86")


@pytest.mark.parametrize(
    ("model", "reason"),
    [(b"", "build gave nothing for SM86"), (b"no model", "cannot read the model")],
)
def test_refuses_bytes_that_are_no_model(model: bytes, reason: str) -> None:
    with pytest.raises(EngineFault, match=reason):
        compile_for(Form(precision="int8", model=model), 64, "SM86")


def test_an_engine_is_compiled_into_a_bundle_and_replaces_an_earlier_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "simulated-1"
    shutil.copytree(shipped_bundles()["simulated-1"], folder)
    for targets in (["SM86"], ["SM89", "SM86"]):
        flags = [word for target in targets for word in ("--for", target)]
        assert main(["engine", str(folder), *flags]) == 0
    told = capsys.readouterr().out.splitlines()
    assert len(told) == 3
    n_int8 = [line.partition("bytes, ")[2] for line in told]
    assert n_int8 == ["6 of 6 layers with weights in int8"] * 3
    bundle = open_bundle(folder)
    engines = bundle.card.engines or ()
    assert [engine.target for engine in engines] == ["SM89", "SM86"]
    assert bundle.card.model_trt is not None
    assert {e.model_sha256 for e in engines} == {bundle.card.model_trt.sha256}
    assert {p.name for p in folder.glob("*.rtx")} == {e.file.name for e in engines}


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("SM75", "has no file that SM75 can run"),
        ("SM90", "does not know SM90"),
        ("RTX3060", "named by its capability, as SM86"),
    ],
)
def test_an_engine_that_cannot_be_compiled_leaves_the_bundle_as_it_was(
    tmp_path: Path,
    target: str,
    reason: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "simulated-1"
    shutil.copytree(shipped_bundles()[folder.name], folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert main(["engine", str(folder), "--for", target]) == 1
    assert reason in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name == QUICK else pytest.mark.nightly)
        for name in PAPER
    ],
)
def test_every_architecture_of_the_founding_paper_compiles_in_int8(
    name: Architecture,
) -> None:
    torch.manual_seed(0)
    fp32 = onnx_bytes(make_network(name, SIDE_PX).eval(), SIDE_PX)
    spec = InputEntry(
        side_px=SIDE_PX, scale_um_per_px=0.2, colour="masked", mean=(0.25,) * 3,
        std=(0.25,) * 3,
    )  # fmt: skip
    shape = (4, SIDE_PX, SIDE_PX, 3)
    crops = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    int8 = Form(precision="int8", model=quantise_graph(fp32, crops, spec).trt)
    found = compile_for(int8, SIDE_PX, "SM86")
    assert len(floats(found)) <= FLOAT_ON_PURPOSE.get(name, 1)


def test_a_gpu_before_int8_is_served_in_half_precision() -> None:
    fp32 = onnx_bytes(make_network("alexnet-tiny", SIDE_PX).eval(), SIDE_PX)
    half = emit_half(onnx.load_from_string(fp32)).SerializeToString()
    found = compile_for(Form(precision="fp16", model=half), SIDE_PX, "SM75")
    assert {x.types[0] for x in found.layers if x.is_weighted} == {"Half"}
