"""The shipped bundles that serve a GPU too."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from leukoscope_edge.inference import call_for, open_bundle, p_blast, shipped_bundles
from leukoscope_export.graphs import Graph, run_onnx
from leukoscope_export.graphs.graph_rules import broken_trt
from leukoscope_export.graphs.onnx_graph import WEIGHTED

FOLDERS = [
    pytest.param(folder, id=name)
    for name, folder in sorted(shipped_bundles().items())
    if open_bundle(folder).model_trt is not None
]


@pytest.mark.parametrize("folder", shipped_bundles().values(), ids=lambda f: f.name)
def test_stored_cells_show_both_calls(folder: Path) -> None:
    """Else the model could not be published."""
    bundle = open_bundle(folder)
    decision = bundle.card.decision
    p = p_blast(bundle.golden.logits, decision.temperature)
    assert {call_for(float(v), decision).name.value for v in p} >= {"blast", "normal"}


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_file_for_tensorrt_gives_the_stored_answers(folder: Path) -> None:
    bundle = open_bundle(folder)
    assert bundle.card.model_trt is not None
    trt = (folder / bundle.card.model_trt.name).read_bytes()
    found = run_onnx(trt, bundle.golden.crops, bundle.card.input)[0]
    allowed = bundle.card.golden.allowed(is_accelerated=True)
    assert np.abs(found - bundle.golden.logits).max() <= allowed


def test_a_file_that_was_read_back_keeps_its_form_and_weights() -> None:
    folder = shipped_bundles()["simulated-1"]
    bundle = open_bundle(folder)
    assert bundle.card.model_trt is not None
    trt = (folder / bundle.card.model_trt.name).read_bytes()
    assert broken_trt(onnx.load_from_string(trt)) == []
    ours, theirs = (weights(onnx.load_from_string(m)) for m in (bundle.model, trt))
    assert len(ours) == len(theirs) > 0
    for one, other in zip(ours, theirs, strict=True):
        assert np.array_equal(one, other)


def weights(model: onnx.ModelProto) -> list[np.ndarray]:
    graph = Graph(model)
    layers = [n for n in graph.nodes if n.op_type in WEIGHTED]
    makers = [graph.producer.get(n.input[1]) for n in layers]
    return [graph.arrays[m.input[0]] for m in makers if m is not None]
