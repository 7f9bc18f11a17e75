"""A crop becomes channels first, about nothing on average and of spread one."""

import numpy as np
import torch

from leukoscope_train.networks.network_input import INPUT_MEAN, INPUT_STD, as_input


def test_no_crops_are_no_input() -> None:
    assert as_input(np.zeros((0, 8, 8, 3), np.uint8)).shape == (0, 3, 8, 8)


def test_each_channel_is_moved_and_scaled() -> None:
    crops = np.zeros((1, 2, 4, 3), np.uint8)
    crops[0, 1, 3] = (51, 102, 255)
    given = as_input(crops)
    assert given.shape == (1, 3, 2, 4)
    own = (torch.tensor([0.2, 0.4, 1.0]) - torch.tensor(INPUT_MEAN)) / torch.tensor(
        INPUT_STD
    )
    torch.testing.assert_close(given[0, :, 1, 3], own)
    assert given[0, :, 0, 0].tolist() == [-1.0, -1.0, -1.0]
