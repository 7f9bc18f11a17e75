"""The outlier test inside a model's files, against the same test in numpy."""

import numpy as np
import onnx
import pytest
import torch

from leukoscope_edge.inference import InputEntry
from leukoscope_export.graphs import onnx_bytes, run_onnx
from leukoscope_export.graphs.outlier_head import pooled_name, with_distance
from leukoscope_export.graphs.quantise import emit
from leukoscope_export.graphs.scales import measure
from leukoscope_train.errors import DataError
from leukoscope_train.evaluation import distances, fit_outliers
from leukoscope_train.networks import make_network

SPEC = InputEntry(
    side_px=32, scale_um_per_px=0.3, colour="masked", mean=(0.5,) * 3, std=(0.25,) * 3
)


def crops(n: int = 60) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (n, 32, 32, 3), np.uint8)


def outputs(model: bytes, name: str) -> np.ndarray:
    whole = onnx.load_from_string(model)
    del whole.graph.output[:]
    port = onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
    whole.graph.output.append(port)
    return run_onnx(whole.SerializeToString(), crops(), SPEC)[0]


@pytest.mark.parametrize("architecture", ["alexnet-tiny", "alexnet-kind-first"])
@pytest.mark.parametrize("form", ["fp32", "cpu", "trt"])
def test_every_file_answers_with_the_distance_that_numpy_computes(
    architecture: str, form: str
) -> None:
    torch.manual_seed(0)
    network = make_network(architecture, 32).eval()  # type: ignore[arg-type]
    fp32 = onnx_bytes(network, 32)
    model = getattr(emit(fp32, measure(fp32, crops(), SPEC, "minmax")), form)
    pooled = pooled_name(fp32)
    seen = outputs(model, pooled).astype(np.float64)
    labels, people = np.arange(60) % 2, np.array([f"p{i % 6}" for i in range(60)])
    entry, arrays = fit_outliers(seen[:40], labels[:40], people[:40], seen[40:])
    answers = run_onnx(with_distance(model, pooled, arrays), crops(), SPEC)[0]
    assert answers.shape == (60, 3)
    assert np.array_equal(answers[:, :2], run_onnx(model, crops(), SPEC)[0])
    whitened = (seen - arrays["mean"]) @ arrays["axes"]
    expected = distances(whitened, arrays["prototypes"])
    assert np.allclose(answers[:, 2], expected, atol=0.02)
    assert entry.distance_limit > 0


def test_a_network_without_a_dense_layer_has_no_pooled_features() -> None:
    port = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
    graph = onnx.helper.make_graph([], "empty", [port], [port])
    with pytest.raises(DataError, match="no dense layer"):
        pooled_name(onnx.helper.make_model(graph).SerializeToString())
