"""The networks, each a plain `torch.nn.Module` with two logits: normal, blast.

Most are `Pooled`: a stack of convolutions, the mean over the map, one dense layer.
Their class activation map is exact: the mean of the map plus the bias is the margin.
timm draws the large ones, with fresh weights; nothing is downloaded.
"""

from typing import Literal

import torch
from torch import nn
from torch.nn import functional

from leukoscope_train.networks.pooled_heads import KindFirst, Kinds, Pooled

Architecture = Literal[
    "cnn",
    "resnet50",
    "resnet50-kind-first",
    "alexnet",
    "alexnet-compact",
    "alexnet-tiny",
    "densenet121",
    "vgg16",
    "mobilenet-v2",
    "efficientnet-lite0",
    "efficientnet-lite0-kind-first",
    "alexnet-kind-first",
    "inception-v3",
    "xception",
    "lstm",
    "cnn-svm",
    "resnet50-kinds",
    "resnet50-80-kinds",
    "alexnet-kinds",
    "efficientnet-lite0-kinds",
]
SIDE_PX = 128
"""Side of the crops that the project uses; two networks depend on it."""

CNN_WIDTHS = (32, 64, 128, 256)
"""Channels of the four stages of the CNN from scratch: 0.39 M parameters."""
ALEXNET_WIDTHS = (32, 64, 128, 128, 192)
"""Channels of the compact AlexNet's five convolutions: 0.5 M parameters."""
TINY_WIDTHS = (12, 16, 24, 24, 32)
"""The same for simulated cells: 25 thousand parameters."""
SMALLER_PX = 80
"""Side at which the deep network of a pair sees the crops: 0.256 um per px. It learns
2.5 times as many cells an hour as at 128 px, and answers as much faster."""
LSTM_UNITS = 128
LITE_FEATURES = 1280
LITE_BN_EPS = 1e-3
"""With which Google's weights were trained."""
ALEXNET_DENSE = 4096
"""Units of AlexNet's two hidden dense layers, as published."""


class Smaller(nn.Module):
    """Shrinks square crops before a network sees them, smoothed (bilinear).

    The network may be asked for the crops of a larger one this way. Two products by a
    constant matrix: every engine has them, and they stay in float.
    """

    rows: torch.Tensor

    def __init__(self, from_px: int, to_px: int) -> None:
        super().__init__()
        every_row = torch.eye(from_px)[None, None]
        rows = functional.interpolate(
            every_row, (to_px, from_px), mode="bilinear", antialias=True
        )
        self.register_buffer("rows", rows[0, 0].contiguous(), persistent=False)

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        """Return (N, 3, to, to) of (N, 3, from, from) crops."""
        smaller: torch.Tensor = self.rows @ crops @ self.rows.T
        return smaller


class AlexNetCompact(Pooled):
    """An AlexNet of five convolutions with a pooled head.

    AlexNet's order of convolutions and pools; a first kernel of 7 for AlexNet's 11,
    which suits 128 px in the place of 224; narrower, batch-normalised
    so that it trains from scratch, and with the mean map in the place of the three
    dense layers, which hold 94 % of AlexNet's 57 M parameters.

    Source: Krizhevsky et al. 2012.
    """

    def __init__(self, widths: tuple[int, int, int, int, int] = ALEXNET_WIDTHS) -> None:
        first, second, third, fourth, fifth = widths
        features = nn.Sequential(
            *_block(3, first, kernel=7, stride=2),
            nn.MaxPool2d(3, 2, 1),
            *_block(first, second, kernel=5),
            nn.MaxPool2d(3, 2, 1),
            *_block(second, third, kernel=3),
            *_block(third, fourth, kernel=3),
            nn.MaxPool2d(3, 2, 1),
            *_block(fourth, fifth, kernel=3),
        )
        super().__init__(features, fifth)


class AlexNet(nn.Module):
    """AlexNet with its three dense layers: the baseline of the founding paper.

    Source: Krizhevsky 2014 (the one-column form).
    """

    def __init__(self, side_px: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 11, 4, 2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(64, 192, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(192, 384, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
        )
        with torch.no_grad():
            n_flat = self.features(torch.zeros(1, 3, side_px, side_px)).numel()
        self.head = nn.Sequential(
            nn.Dropout(0.5),
            nn.Linear(n_flat, ALEXNET_DENSE),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(ALEXNET_DENSE, ALEXNET_DENSE),
            nn.ReLU(),
            nn.Linear(ALEXNET_DENSE, 2),
        )

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        """Return (N, 2) logits of (N, 3, side, side) normalised crops."""
        logits: torch.Tensor = self.head(self.features(crops).flatten(1))
        return logits


class RowLstm(nn.Module):
    """Reads a crop row by row, from the top, and judges at the last row.

    Source: Hochreiter and Schmidhuber 1997; rows as steps as in Le et al. 2015.
    """

    def __init__(self, side_px: int) -> None:
        super().__init__()
        self.rows = nn.LSTM(3 * side_px, LSTM_UNITS, batch_first=True)
        self.head = nn.Linear(LSTM_UNITS, 2)

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        """Return (N, 2) logits of (N, 3, side, side) normalised crops."""
        states, _ = self.rows(crops.permute(0, 2, 1, 3).flatten(2))
        logits: torch.Tensor = self.head(states[:, -1])
        return logits


def _block(n_in: int, n_out: int, *, kernel: int, stride: int = 1) -> list[nn.Module]:
    return [
        nn.Conv2d(n_in, n_out, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(n_out),
        nn.ReLU(),
    ]


def _cnn() -> Pooled:
    layers: list[nn.Module] = []
    for n_in, n_out in zip((3, *CNN_WIDTHS), CNN_WIDTHS, strict=False):
        layers += [*_block(n_in, n_out, kernel=3), nn.MaxPool2d(2)]
    return Pooled(nn.Sequential(*layers), CNN_WIDTHS[-1])


def _lite0() -> tuple[nn.Module, int]:
    """EfficientNet-Lite0's convolutions: no sigmoids, made for int8; 3.4 M parameters.

    Source: Tan and Le 2019; the Lite form is Google's of 2020.
    """
    import timm

    features = timm.create_model(
        "efficientnet_lite0", num_classes=0, global_pool="", bn_eps=LITE_BN_EPS
    )
    return features, LITE_FEATURES


def _drawn_by_timm(name: str, n_features: int) -> Pooled:
    import timm

    features = timm.create_model(name, pretrained=False, num_classes=0, global_pool="")
    return Pooled(features, n_features)


def _vgg16() -> Pooled:
    """VGG-16's convolutions; its dense layers (120 M parameters) are left out."""
    import timm

    return Pooled(timm.create_model("vgg16").get_submodule("features"), 512)


def make_network(architecture: Architecture, side_px: int = SIDE_PX) -> nn.Module:  # noqa: C901
    """Return the network with fresh weights.

    Args:
        architecture: Which.
        side_px: Side of its crops; `alexnet`, `lstm`, `resnet50-80-kinds` need it.
    """
    match architecture:
        case "cnn":
            return _cnn()
        case "alexnet":
            return AlexNet(side_px)
        case "alexnet-compact":
            return AlexNetCompact(ALEXNET_WIDTHS)
        case "alexnet-kind-first":
            return KindFirst(AlexNetCompact().features, ALEXNET_WIDTHS[-1])
        case "efficientnet-lite0":
            return Pooled(*_lite0())
        case "efficientnet-lite0-kind-first":
            return KindFirst(*_lite0())
        case "alexnet-tiny":
            return AlexNetCompact(TINY_WIDTHS)
        case "lstm":
            return RowLstm(side_px)
        case "vgg16":
            return _vgg16()
        case "resnet50" | "cnn-svm":
            return _drawn_by_timm("resnet50", 2048)
        case "resnet50-kind-first":
            return KindFirst(_drawn_by_timm("resnet50", 2048).features, 2048)
        case "resnet50-kinds":
            return Kinds(_drawn_by_timm("resnet50", 2048).features, 2048)
        case "resnet50-80-kinds":
            deep = _drawn_by_timm("resnet50", 2048).features
            smaller = Smaller(side_px, SMALLER_PX)
            return Kinds(nn.Sequential(smaller, deep), 2048)
        case "alexnet-kinds":
            return Kinds(AlexNetCompact().features, ALEXNET_WIDTHS[-1])
        case "efficientnet-lite0-kinds":
            return Kinds(*_lite0())
        case "densenet121":
            return _drawn_by_timm("densenet121", 1024)
        case "mobilenet-v2":
            return _drawn_by_timm("mobilenetv2_100", 1280)
        case "inception-v3":
            return _drawn_by_timm("inception_v3", 2048)
        case "xception":
            return _drawn_by_timm("legacy_xception", 2048)


def n_parameters(network: nn.Module) -> int:
    """Return how many numbers training changes."""
    return sum(p.numel() for p in network.parameters())
