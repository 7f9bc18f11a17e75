"""What a network is given: crops, normalised."""

import torch

from leukoscope_edge.arrays import U8

INPUT_MEAN = (0.25, 0.25, 0.25)
INPUT_STD = (0.25, 0.25, 0.25)
"""Of pixel / 255: about the mean and spread of a standardised cell with its black
surroundings, the same for every channel so that they stay alike."""


def as_input(crops: U8) -> torch.Tensor:
    """Turn (N, side, side, 3) uint8 crops into the network's normalised input."""
    return normalised(torch.from_numpy(crops))


def normalised(crops: torch.Tensor) -> torch.Tensor:
    """Turn (N, side, side, 3) uint8 crops, on their device, into the same."""
    level = crops.permute(0, 3, 1, 2).float() / 255
    mean = torch.tensor(INPUT_MEAN, device=crops.device).view(1, 3, 1, 1)
    std = torch.tensor(INPUT_STD, device=crops.device).view(1, 3, 1, 1)
    return ((level - mean) / std).to(memory_format=torch.channels_last)
