"""From a trained network to a clean fp32 ONNX file."""

import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn

from leukoscope_edge.arrays import F32, U8
from leukoscope_edge.inference import INPUT_NAME, LOGITS_NAME
from leukoscope_train.errors import DataError
from leukoscope_train.networks import Pooled, as_input

OPSET = 20
"""Read by ONNX Runtime since 1.18, which first knows the exporter's IR version 10."""
ACTIVATION_NAME = "activation"
"""The output with the class activation map, (N, h, w), of networks that have one."""
MAX_LOGIT_ERROR = 1e-3
"""Share of the logits' spread by which fp32 ONNX may differ from torch: both add the
same products, in another order."""


class WithMap(nn.Module):
    """A pooled network that also returns its class activation map."""

    def __init__(self, network: Pooled) -> None:
        super().__init__()
        self.network = network

    def forward(self, crops: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (N, 2) logits and (N, h, w) contributions to the margin."""
        features = self.network.features(crops)
        return self.network.logits(features), self.network.activation_map(features)


def onnx_bytes(network: nn.Module, side_px: int) -> bytes:
    """Return a network as ONNX: any number of crops in, (N, 2) logits out.

    Networks with a pooled head also give `activation`, (N, h, w). Preprocessing stays
    outside: the device applies the card's mean and std. It is one multiplication and
    one addition per pixel; folding the subtraction into the first convolution would
    not be exact at the padded rim.

    Args:
        network: Takes (N, 3, side, side) float32.
        side_px: Side of the crops.
    """
    network.eval()
    has_map = isinstance(network, Pooled)
    whole = WithMap(network).eval() if isinstance(network, Pooled) else network
    with tempfile.TemporaryDirectory() as aside, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(aside) / "fp32.onnx"
        torch.onnx.export(
            whole,
            (torch.zeros(2, 3, side_px, side_px),),
            path,
            input_names=[INPUT_NAME],
            output_names=[LOGITS_NAME, ACTIVATION_NAME] if has_map else [LOGITS_NAME],
            dynamic_shapes=({0: torch.export.Dim("n", min=1)},),
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
        return bytes(_without_traces(onnx.load(path)).SerializeToString())


def _without_traces(model: onnx.ModelProto) -> onnx.ModelProto:
    """Drop the exporter's notes: they hold this machine's paths, line by line."""
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    model.graph.ClearField("doc_string")
    for part in (*model.graph.node, *model.graph.value_info, *model.graph.initializer):
        del part.metadata_props[:]
        part.ClearField("doc_string")
    return model


@torch.no_grad()
def torch_outputs(network: nn.Module, crops: U8, batch: int = 32) -> list[F32]:
    """Return the logits, and the map where there is one, as torch computes them."""
    network.eval()
    whole = WithMap(network) if isinstance(network, Pooled) else network
    parts = []
    for start in range(0, len(crops), batch):
        found = whole(as_input(crops[start : start + batch]))
        parts.append(found if isinstance(found, tuple) else (found,))
    return [torch.cat(column).numpy() for column in zip(*parts, strict=True)]


def refuse_other_answers(by_torch: list[F32], by_onnx: list[F32]) -> float:
    """Compare all outputs of both on the same cells.

    Returns:
        The largest difference, as a share of the output's spread.

    Raises:
        DataError: It is more than rounding.
    """
    worst = 0.0
    for old, new in zip(by_torch, by_onnx, strict=True):
        spread = max(float(old.std()), 1e-6)
        worst = max(worst, float(np.abs(old - new).max()) / spread)
    if worst > MAX_LOGIT_ERROR:
        raise DataError(
            f"fp32 ONNX differs from torch by {worst:.2g} of the spread, "
            f"allowed {MAX_LOGIT_ERROR}: the export is wrong"
        )
    return worst
