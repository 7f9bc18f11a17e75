"""What int8 shifts on average, the biases take back."""

import numpy as np
import onnx
import pytest
import torch
from tests.export.spec import SPEC
from torch import nn

from leukoscope_edge.arrays import F64
from leukoscope_edge.inference import onnx_policy, prepare
from leukoscope_export.graphs import Files, Graph, onnx_bytes, quantise_graph, run_onnx
from leukoscope_export.graphs.bias import (
    MAX_CELLS,
    bias_cells,
    channel_means,
    correct_biases,
    weighted,
)
from leukoscope_export.graphs.graph_rules import refuse_broken
from leukoscope_train.networks import Pooled

CROPS = np.random.default_rng(0).integers(0, 256, (64, 32, 32, 3)).astype(np.uint8)


class Residual(nn.Module):
    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = x + self.body(x)
        return answer


@pytest.fixture(scope="module")
def files() -> Files:
    """Depthwise layers whose channels differ a thousandfold: int8 rounds them badly."""
    torch.manual_seed(0)
    layers: list[nn.Module] = [nn.Conv2d(3, 16, 5, 2, 2), nn.ReLU6()]
    for _ in range(2):
        body = nn.Sequential(
            nn.Conv2d(16, 16, 3, 1, 1, groups=16), nn.ReLU6(), nn.Conv2d(16, 16, 1)
        )
        layers += [Residual(body), nn.ReLU6()]
    network = Pooled(nn.Sequential(*layers), 16)
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d):
                sizes = torch.logspace(-2, 1, 16).roll(5)
                layer.weight *= sizes[:, None, None, None]
    return quantise_graph(onnx_bytes(network.eval(), 32), CROPS, SPEC)


@pytest.fixture(scope="module")
def better(files: Files) -> Files:
    return correct_biases(files, CROPS, SPEC)


@pytest.mark.parametrize("form", ["cpu", "trt"])
def test_every_channel_of_every_layer_keeps_its_mean(
    files: Files, better: Files, form: str
) -> None:
    wanted = means(files.fp32)
    before, after = (means(getattr(f, form)) for f in (files, better))
    assert len(wanted) == 6  # five convolutions and the dense layer
    for name, expected in wanted.items():
        shift = np.abs(after[name] - expected).max()
        assert shift < 1e-4 * max(1.0, np.abs(expected).max())
        assert np.abs(before[name] - expected).max() > 10 * shift


@pytest.mark.parametrize("form", ["cpu", "trt"])
def test_the_runtime_gives_the_same_means(better: Files, form: str) -> None:
    reference = run_onnx(better.fp32, CROPS, SPEC)[0].mean(axis=0)
    found = run_onnx(getattr(better, form), CROPS, SPEC)[0].mean(axis=0)
    assert found == pytest.approx(reference, abs=1e-3)


def test_both_files_keep_their_form_and_the_float_file_stays(
    files: Files, better: Files
) -> None:
    refuse_broken(*(onnx.load_from_string(m) for m in (better.trt, better.cpu)))
    for model in (better.cpu, better.trt):
        onnx_policy.check(model, where="test")
    assert better.fp32 == files.fp32
    assert better.scales == files.scales


def test_a_corrected_file_is_left_as_it_is(better: Files) -> None:
    again = correct_biases(better, CROPS, SPEC)
    assert run_onnx(again.cpu, CROPS, SPEC)[0] == pytest.approx(
        run_onnx(better.cpu, CROPS, SPEC)[0], abs=1e-4
    )


def test_walks_a_graph_as_the_runtime_does(files: Files) -> None:
    graph = Graph(onnx.load_from_string(files.fp32))
    *_, (_, logits) = weighted(graph, prepare(CROPS, SPEC))
    assert logits == pytest.approx(run_onnx(files.fp32, CROPS, SPEC)[0], abs=1e-4)


@pytest.mark.parametrize(("n", "expected"), [(1, 1), (128, 128), (300, MAX_CELLS)])
def test_takes_its_cells_from_all_of_the_set(n: int, expected: int) -> None:
    crops = np.arange(n, dtype=np.uint16).astype(np.uint8).reshape(n, 1, 1, 1)
    chosen = bias_cells(crops)
    assert len(chosen) == expected
    assert chosen[-1] == crops[-1]


def means(model: bytes) -> dict[str, F64]:
    graph = Graph(onnx.load_from_string(model))
    return {n: channel_means(v) for n, v in weighted(graph, prepare(CROPS, SPEC))}
