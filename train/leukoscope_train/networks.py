"""The networks, each a plain `torch.nn.Module` with two logits: normal, blast."""

from typing import Literal

import torch
from torch import nn

Architecture = Literal["alexnet-compact", "alexnet-tiny"]

ALEXNET_WIDTHS = (32, 64, 128, 128, 192)
"""Channels of the compact AlexNet's five convolutions: 0.5 M parameters."""
TINY_WIDTHS = (12, 16, 24, 24, 32)
"""The same for simulated cells: 25 thousand parameters."""


class AlexNetCompact(nn.Module):
    """An AlexNet of five convolutions with a pooled head.

    AlexNet's order of convolutions and pools; a first kernel of 7 for AlexNet's 11,
    which suits 128 px in the place of 224; narrower, batch-normalised
    so that it trains from scratch, and with the mean map in the place of the three
    dense layers, which hold 94 % of AlexNet's 57 M parameters.

    Source: Krizhevsky et al. 2012; the pooled head from Lin et al. 2014.
    """

    def __init__(self, widths: tuple[int, int, int, int, int] = ALEXNET_WIDTHS) -> None:
        super().__init__()
        first, second, third, fourth, fifth = widths
        self.features = nn.Sequential(
            *_block(3, first, kernel=7, stride=2),
            nn.MaxPool2d(3, 2, 1),
            *_block(first, second, kernel=5),
            nn.MaxPool2d(3, 2, 1),
            *_block(second, third, kernel=3),
            *_block(third, fourth, kernel=3),
            nn.MaxPool2d(3, 2, 1),
            *_block(fourth, fifth, kernel=3),
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(fifth, 2)

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        """Return (N, 2) logits of (N, 3, side, side) normalised crops."""
        pooled = self.pool(self.features(crops)).flatten(1)
        logits: torch.Tensor = self.head(pooled)
        return logits


def _block(n_in: int, n_out: int, *, kernel: int, stride: int = 1) -> list[nn.Module]:
    return [
        nn.Conv2d(n_in, n_out, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(n_out),
        nn.ReLU(),
    ]


def make_network(architecture: Architecture) -> nn.Module:
    """Return the network with fresh weights."""
    match architecture:
        case "alexnet-compact":
            return AlexNetCompact(ALEXNET_WIDTHS)
        case "alexnet-tiny":
            return AlexNetCompact(TINY_WIDTHS)


def n_parameters(network: nn.Module) -> int:
    """Return how many numbers training changes."""
    return sum(p.numel() for p in network.parameters())
