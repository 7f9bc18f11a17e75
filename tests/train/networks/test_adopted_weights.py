"""Weights of others are made to see what they were trained on."""

from pathlib import Path

import pytest
import torch

from leukoscope_train.errors import DataError
from leukoscope_train.fit import save_weights
from leukoscope_train.networks import INPUT_MEAN, INPUT_STD, make_network
from leukoscope_train.networks.adopted_weights import adopt_lite0


def test_adopted_weights_see_what_they_were_trained_on(tmp_path: Path) -> None:
    theirs = make_network("efficientnet-lite0").state_dict()
    named = [v for n, v in theirs.items() if n.startswith("features.")]
    for value in named:
        if value.is_floating_point():
            value.uniform_(0.5, 1.5)
    stored = {f"_{i}": value for i, value in enumerate(named)}
    torch.save({**stored, "_fc.weight": torch.zeros(1)}, tmp_path / "w.pth")
    ours = adopt_lite0(tmp_path / "w.pth")
    level = torch.tensor([10.0, 127.0, 250.0])

    def first_layer(state: dict[str, torch.Tensor], seen: torch.Tensor) -> torch.Tensor:
        kernel = state["features.conv_stem.weight"].sum(dim=(2, 3))
        centred = kernel @ seen - state["features.bn1.running_mean"]
        return centred * state["features.bn1.weight"]

    own_input = (level / 255 - INPUT_MEAN[0]) / INPUT_STD[0]
    same = first_layer(ours, own_input), first_layer(theirs, (level - 127) / 128)
    assert torch.allclose(*same, rtol=1e-4)


def test_weights_of_another_network_are_not_adopted(tmp_path: Path) -> None:
    save_weights(make_network("alexnet-tiny"), tmp_path / "w.pth")
    with pytest.raises(DataError, match=r"not of EfficientNet-Lite0"):
        adopt_lite0(tmp_path / "w.pth")
    (tmp_path / "w.pth").write_bytes(b"none")
    with pytest.raises(DataError, match="no weights"):
        adopt_lite0(tmp_path / "w.pth")
