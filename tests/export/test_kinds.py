"""Logits of kinds become two: blasts, and all others together."""

import numpy as np
import onnx
import pytest
import torch

from leukoscope_export.graphs import onnx_bytes, run_onnx, torch_outputs
from leukoscope_export.judged import input_entry
from leukoscope_export.kinds import with_two_logits
from leukoscope_train.data import KINDS
from leukoscope_train.errors import DataError
from leukoscope_train.evaluation import blast_margin
from leukoscope_train.networks import make_network


def test_the_two_logits_are_blasts_and_all_others_together() -> None:
    torch.manual_seed(0)
    network = make_network("alexnet-kinds").eval()
    crops = np.random.default_rng(0).integers(0, 255, (5, 32, 32, 3), np.uint8)
    own = torch_outputs(network, crops)[0]
    whole = with_two_logits(onnx_bytes(network, 32))
    answers = run_onnx(whole, crops, input_entry(32))[0]
    assert answers.shape == (5, 2 + len(KINDS))
    np.testing.assert_allclose(answers[:, 2:], own, atol=1e-4)
    np.testing.assert_allclose(
        answers[:, 1] - answers[:, 0], blast_margin(own), atol=1e-4
    )


def test_a_model_of_one_logit_has_no_kinds() -> None:
    x = onnx.helper.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, ["n", 1])
    model = onnx.helper.make_model(onnx.helper.make_graph([], "g", [], [x]))
    with pytest.raises(DataError, match="answers with 1 logits"):
        with_two_logits(model.SerializeToString())
