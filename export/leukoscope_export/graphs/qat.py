"""Quantisation-aware training: a short fine-tuning with int8's rounding inside.

Every convolution and dense layer sees its weights rounded to int8 per output channel
and its input rounded to symmetric int8, the harsher of the two files' forms; gradients
pass straight through. What comes out is an ordinary network with ordinary weights: the
same export, scale table and emitters follow. Batch normalisation is held still, and
rounding before or after it is folded into a convolution is the same, because both
scale whole output channels.

Source: Jacob et al. 2018; Krishnamoorthi 2018.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parametrize

from leukoscope_edge.arrays import U8
from leukoscope_export.graphs.onnx_graph import INT8_MAX
from leukoscope_train.data import I64
from leukoscope_train.networks import as_input

KEEP = 0.95
"""Share of the running largest input that stays with every batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QatPlan:
    """How to fine-tune; a tenth of a usual learning rate and few steps suffice."""

    n_steps: int = 200
    batch: int = 32
    rate: float = 1e-4
    seed: int = 0


class _RoundedWeight(nn.Module):
    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        largest = weight.detach().abs().flatten(1).amax(1)
        scale = largest.clamp_min(1e-8) / INT8_MAX
        zero = torch.zeros_like(scale, dtype=torch.int32)
        return torch.fake_quantize_per_channel_affine(
            weight, scale, zero, 0, -INT8_MAX, INT8_MAX
        )


class _RoundedInput:
    """A hook that rounds a layer's input by the running mean of its largest value."""

    def __init__(self) -> None:
        self._largest: torch.Tensor | None = None

    def __call__(
        self, _: nn.Module, inputs: tuple[torch.Tensor, ...]
    ) -> tuple[torch.Tensor]:
        largest = inputs[0].detach().abs().max().clamp_min(1e-8)
        if self._largest is not None:
            largest = torch.lerp(largest, self._largest, KEEP)
        self._largest = largest
        zero = torch.zeros(1, dtype=torch.int32)
        rounded = torch.fake_quantize_per_tensor_affine(
            inputs[0], largest / INT8_MAX, zero, -INT8_MAX, INT8_MAX
        )
        return (rounded,)


def fine_tune(network: nn.Module, crops: U8, labels: I64, plan: QatPlan) -> None:
    """Fine-tune a fitted network in place, both classes drawn alike.

    Args:
        network: Fitted; left in evaluation mode.
        crops: (N, side, side, 3) uint8 RGB.
        labels: (N,) 0 or 1.
        plan: How.
    """
    layers = [m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    hooks = [m.register_forward_pre_hook(_RoundedInput()) for m in layers]
    for layer in layers:
        parametrize.register_parametrization(layer, "weight", _RoundedWeight())
    try:
        _train(network.eval(), crops, labels, plan)
    finally:
        for hook in hooks:
            hook.remove()
        for layer in layers:
            parametrize.remove_parametrizations(
                layer, "weight", leave_parametrized=False
            )


def _train(network: nn.Module, crops: U8, labels: I64, plan: QatPlan) -> None:
    random = np.random.default_rng(plan.seed)
    share = np.bincount(labels, minlength=2)[labels]
    chances = 1 / share / (1 / share).sum()
    optimiser = torch.optim.AdamW(network.parameters(), plan.rate, weight_decay=0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, plan.n_steps)
    for _ in range(plan.n_steps):
        chosen = random.choice(len(crops), plan.batch, p=chances)
        ready = torch.rot90(as_input(crops[chosen]), int(random.integers(4)), (2, 3))
        loss = nn.functional.cross_entropy(
            network(ready), torch.from_numpy(labels[chosen])
        )
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
