"""Small networks of every form that the large ones have, and crops for them."""

from collections import Counter

import numpy as np
import onnx
import torch
from tests.export.spec import SIDE_PX
from torch import nn

from leukoscope_train.networks import Architecture, Pooled, make_network

CROPS = np.random.default_rng(0).integers(0, 256, (24, 32, 32, 3)).astype(np.uint8)


class Residual(nn.Module):
    """What the large networks are made of: residual sums of both kinds, a ReLU6, a
    branch joined by Concat, and an average pool."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, 2, 1)
        self.a = nn.Conv2d(8, 8, 3, padding=1)
        self.b = nn.Conv2d(8, 8, 3, padding=1)
        self.c = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.side = nn.Conv2d(8, 8, 1)
        self.relus = nn.ModuleList(nn.ReLU() for _ in range(3))
        self.relu6 = nn.ReLU6()
        self.pool = nn.AvgPool2d(2)

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        first = self.relus[0](self.stem(crops))
        second = self.relus[1](self.b(self.relu6(self.a(first))) + first)
        third = self.relus[2](self.c(second) + self.side(second))
        return self.pool(torch.cat([third, second], 1))


def network_of(name: str) -> nn.Module:
    torch.manual_seed(0)
    if name == "residual":
        return Pooled(Residual(), 16).eval()
    architecture: Architecture = name  # type: ignore[assignment]
    return make_network(architecture, SIDE_PX).eval()


def kinds(model: bytes) -> Counter[str]:
    return Counter(n.op_type for n in onnx.load_from_string(model).graph.node)
