"""From a trained network to a clean fp32 ONNX file."""

import warnings
from pathlib import Path

import torch
from torch import nn

from leukoscope_edge.inference.engine import INPUT_NAME, LOGITS_NAME

OPSET = 20
"""Read by ONNX Runtime since 1.17, the oldest that the device supports."""


def export_onnx(network: nn.Module, side_px: int, path: Path) -> None:
    """Write a network as ONNX: any number of crops in, (N, 2) logits out.

    Preprocessing stays outside: the device applies the card's mean and std.

    Args:
        network: Takes (N, 3, side, side) float32.
        side_px: Side of the crops.
        path: Where to write; the weights are inside this one file.
    """
    network.eval()
    example = torch.zeros(2, 3, side_px, side_px)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (example,),
            path,
            input_names=[INPUT_NAME],
            output_names=[LOGITS_NAME],
            dynamic_shapes=({0: torch.export.Dim("n", min=1)},),
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
