import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, numpy_helper
from tests.export.spec import SPEC

from leukoscope_edge.inference import onnx_policy
from leukoscope_export.graphs import onnx_bytes, run_onnx
from leukoscope_export.graphs.half import emit_half
from leukoscope_train.errors import DataError
from leukoscope_train.networks import Architecture, make_network

CROPS = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3)).astype(np.uint8)


def fp32_of(architecture: Architecture) -> bytes:
    torch.manual_seed(0)
    return onnx_bytes(make_network(architecture, 32).eval(), 32)


@pytest.mark.parametrize("architecture", ["alexnet-tiny", "lstm"])
def test_half_precision_says_the_same_with_half_the_weights(
    architecture: Architecture,
) -> None:
    fp32 = fp32_of(architecture)
    half = emit_half(onnx.load_from_string(fp32))
    data = half.SerializeToString()
    onnx_policy.check(data)
    both = run_onnx(fp32, CROPS, SPEC), run_onnx(data, CROPS, SPEC)
    for old, new in zip(*both, strict=True):
        assert new.dtype == np.float32
        np.testing.assert_allclose(new, old, atol=0.01)
    types = {w.data_type for w in half.graph.initializer}
    assert TensorProto.FLOAT16 in types
    assert TensorProto.FLOAT not in types
    assert len(data) < 0.6 * len(fp32)


def test_a_weight_beyond_half_precision_is_refused_by_name() -> None:
    model = onnx.load_from_string(fp32_of("alexnet-tiny"))
    weight = model.graph.initializer[0]
    values = np.full(list(weight.dims), 1e5, np.float32)
    weight.CopyFrom(numpy_helper.from_array(values, weight.name))
    with pytest.raises(DataError, match=f"{weight.name} does not fit"):
        emit_half(model)
