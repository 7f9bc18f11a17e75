"""The clean network as ONNX, held against torch."""

import numpy as np
import pytest
from tests.export.graphs.small_networks import CROPS, network_of
from tests.export.spec import SIDE_PX, SPEC

from leukoscope_edge.inference import onnx_policy
from leukoscope_export.graphs import run_onnx
from leukoscope_export.graphs.fp32_graph import (
    onnx_bytes,
    refuse_other_answers,
    torch_outputs,
)
from leukoscope_train.errors import DataError


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


def test_the_mean_of_the_activation_map_plus_the_bias_is_the_margin() -> None:
    network = network_of("cnn")
    logits, maps = torch_outputs(network, CROPS)
    bias = (network.head.bias[1] - network.head.bias[0]).item()
    np.testing.assert_allclose(
        maps.mean(axis=(1, 2)) + bias, logits[:, 1] - logits[:, 0], atol=1e-5
    )
