"""The U-Net: a few steps on a drawn slide teach something."""

import numpy as np
import pytest
import torch

from leukoscope_train.data import MaskedImage
from leukoscope_train.networks import unet


def test_a_few_steps_teach_the_unet_something(
    drawn: list[MaskedImage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unet, "BATCH", 2)
    monkeypatch.setattr(unet, "WINDOW_PX", 64)
    untrained, trained = unet.fit(drawn, 2), unet.fit(drawn, 30)
    assert _loss(trained, drawn) < 0.8 * _loss(untrained, drawn)


def _loss(network: unet.UNet, images: list[MaskedImage]) -> float:
    height, width = (side // 16 * 16 for side in images[0].classes.shape)
    pixels = np.stack([i.pixels[:height, :width] for i in images])
    classes = np.stack([i.classes[:height, :width] for i in images])
    batch = torch.from_numpy(pixels.transpose(0, 3, 1, 2)).float()
    with torch.no_grad():
        logits = network(batch)
    return float(unet.loss_of(logits, torch.from_numpy(classes).long()))


def test_the_unet_trains_the_same_weights_from_the_same_seed(
    drawn: list[MaskedImage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unet, "BATCH", 2)
    monkeypatch.setattr(unet, "WINDOW_PX", 32)
    first, second = (unet.fit(drawn, 2).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
