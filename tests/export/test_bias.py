"""What int8 shifts on average, the biases take back."""

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from leukoscope_edge.inference import admission
from leukoscope_edge.inference.card import InputEntry
from leukoscope_export.bias import correct_biases
from leukoscope_export.graph import onnx_bytes
from leukoscope_export.quantise import quantise, run_onnx
from leukoscope_export.rules import refuse_broken
from leukoscope_train.fit import INPUT_MEAN, INPUT_STD
from leukoscope_train.networks import Pooled

SPEC = InputEntry(
    side_px=32,
    scale_um_per_px=0.5,
    colour="masked",
    mean=INPUT_MEAN,
    std=INPUT_STD,
)
CROPS = np.random.default_rng(0).integers(0, 256, (96, 32, 32, 3)).astype(np.uint8)


def narrow_and_wide() -> Pooled:
    """Depthwise layers whose channels differ a hundredfold: int8 rounds them badly."""
    torch.manual_seed(0)
    layers: list[nn.Module] = [nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU6()]
    for _ in range(2):
        layers += [nn.Conv2d(16, 16, 3, 1, 1, groups=16), nn.ReLU6()]
        layers += [nn.Conv2d(16, 16, 1), nn.ReLU6()]
    network = Pooled(nn.Sequential(*layers), 16)
    with torch.no_grad():
        for layer in layers:
            if isinstance(layer, nn.Conv2d):
                layer.weight *= (
                    2 * torch.logspace(-2, 1, 16).roll(5)[:, None, None, None]
                )
    return network.eval()


@pytest.mark.slow
def test_channels_keep_their_means_in_both_files() -> None:
    files = quantise(onnx_bytes(narrow_and_wide(), 32), CROPS, SPEC)
    better = correct_biases(files, CROPS, SPEC)
    last = [
        n.output[0]
        for n in onnx.load_from_string(files.fp32).graph.node
        if n.op_type == "Conv"
    ][-2]
    reference = means(files.fp32, last)
    for old, new in ((files.cpu, better.cpu), (files.trt, better.trt)):
        before = np.abs(means(old, last) - reference).max()
        after = np.abs(means(new, last) - reference).max()
        assert after < 0.3 * before
        admission.check(new, where="test")
    models = [onnx.load_from_string(m) for m in (better.trt, better.cpu)]
    refuse_broken(models[0], models[1])
    assert better.fp32 == files.fp32


def means(model: bytes, name: str) -> np.ndarray:
    asked = onnx.load_from_string(model)
    del asked.graph.output[:]
    asked.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    found = run_onnx(asked.SerializeToString(), CROPS, SPEC)[0]
    return np.asarray(found.mean(axis=(0, 2, 3)))
