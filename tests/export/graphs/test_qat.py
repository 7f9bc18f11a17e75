import numpy as np
import torch
from torch import nn

from leukoscope_export.graphs.qat import QatPlan, fine_tune
from leukoscope_train.networks import as_input, make_network


def cells() -> tuple[np.ndarray, np.ndarray]:
    """Bright and dark squares."""
    labels = np.arange(40) % 2
    noise = np.random.default_rng(0).normal(0, 10, (40, 24, 24, 3))
    level = np.where(labels == 1, 180, 70)[:, None, None, None] + noise
    return level.clip(0, 255).astype(np.uint8), labels.astype(np.int64)


def loss_of(network: nn.Module, crops: np.ndarray, labels: np.ndarray) -> float:
    with torch.no_grad():
        logits = network(as_input(crops))
    return float(nn.functional.cross_entropy(logits, torch.from_numpy(labels)))


def test_it_learns_with_int8_inside_and_leaves_no_trace() -> None:
    torch.manual_seed(0)
    network = make_network("alexnet-tiny").eval()
    names = set(network.state_dict())
    crops, labels = cells()
    before = loss_of(network, crops, labels)
    fine_tune(network, crops, labels, QatPlan(n_steps=15, rate=5e-3, batch=8))
    assert loss_of(network, crops, labels) < 0.8 * before
    assert set(network.state_dict()) == names
    assert not network.training
    assert not any(m._forward_pre_hooks for m in network.modules())


def test_the_weights_really_are_rounded_while_it_learns() -> None:
    seen: list[int] = []

    class Spy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(3, 2)

        def forward(self, crops: torch.Tensor) -> torch.Tensor:
            weight = self.layer.weight
            steps = weight / weight.abs().amax(1, keepdim=True) * 127
            seen.append(int((steps - steps.round()).abs().max() < 1e-2))
            return self.layer(crops.mean((2, 3)))

    network = Spy()
    crops, labels = cells()
    fine_tune(network, crops, labels, QatPlan(n_steps=2))
    assert seen == [1, 1]
