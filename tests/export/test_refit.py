"""Heads that are fitted to what the int8 network sees."""

import numpy as np
import pytest
import torch

from leukoscope_edge.inference.card import InputEntry
from leukoscope_export.graph import onnx_bytes
from leukoscope_export.quantise import Files, quantise, run_onnx
from leukoscope_export.refit import features_of, refit_heads
from leukoscope_train import metrics
from leukoscope_train.cells import CropSet
from leukoscope_train.fit import INPUT_MEAN, INPUT_STD, features
from leukoscope_train.heads import fit_heads
from leukoscope_train.networks import TINY_WIDTHS, AlexNetCompact, KindFirst
from leukoscope_train.plan import FitPlan

SIDE_PX = 32
SPEC = InputEntry(
    side_px=SIDE_PX,
    scale_um_per_px=0.5,
    colour="masked",
    mean=INPUT_MEAN,
    std=INPUT_STD,
)
PLAN = FitPlan(
    architecture="alexnet-kind-first",
    side_px=SIDE_PX,
    colour="masked",
    n_epochs=0,
    heads_first=True,
)


def three_kinds() -> CropSet:
    """Normal and blast cells that differ by red, other kinds by green."""
    labels, other = np.arange(96) % 2, np.arange(96) % 3 == 0
    pixels = np.random.default_rng(0).integers(60, 160, (96, 32, 32, 3))
    pixels[labels == 1, ..., 0] += 80
    pixels[other, ..., 1] += 80
    labels = np.where(other, 0, labels)
    return CropSet(
        pixels=pixels.astype(np.uint8),
        labels=labels.astype(np.int64),
        people=np.where(other, "", [f"p{i % 8}" for i in range(96)]),
        sources=np.where(other, "pbc-neutrophil", "drawn"),
        names=np.array([str(i) for i in range(96)]),
        areas_um2=np.full(96, 80.0),
    )


@pytest.fixture(scope="module")
def network() -> KindFirst:
    torch.manual_seed(0)
    return KindFirst(AlexNetCompact(TINY_WIDTHS).features, TINY_WIDTHS[-1]).eval()


def int8(network: KindFirst, cells: CropSet) -> Files:
    return quantise(onnx_bytes(network, SIDE_PX), cells.pixels[:24], SPEC)


@pytest.mark.slow
def test_heads_are_fitted_to_the_features_of_the_int8_file(network: KindFirst) -> None:
    cells = three_kinds()
    before = int8(network, cells).cpu
    seen = features_of(before, cells.pixels, SPEC)
    by_float = features(network, cells.pixels)
    assert seen.shape == by_float.shape
    assert np.corrcoef(seen.ravel(), by_float.ravel())[0, 1] > 0.99
    assert not np.allclose(seen, by_float, atol=1e-6)

    refit_heads(network, before, cells, PLAN, SPEC)
    after = int8(network, cells)
    logits = run_onnx(after.cpu, cells.pixels, SPEC)[0]
    margin = (logits[:, 1] - logits[:, 0]).astype(np.float64)
    assert metrics.auroc(cells.labels, margin) > 0.85
    assert np.allclose(features_of(after.cpu, cells.pixels, SPEC), seen)
    fitted = network.head.weight.clone()
    fit_heads(network, by_float, cells, PLAN)
    assert not torch.equal(network.head.weight, fitted)
    fit_heads(network, seen, cells, PLAN)
    assert torch.equal(network.head.weight, fitted)
