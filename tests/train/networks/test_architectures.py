"""Networks by their names."""

import torch

from leukoscope_train.networks.architectures import Smaller


def test_the_smaller_resnet_sees_what_shrinking_shows() -> None:
    crops = torch.randn(2, 3, 128, 128)
    shown = torch.nn.functional.interpolate(
        crops, (80, 80), mode="bilinear", antialias=True
    )
    torch.testing.assert_close(Smaller(128, 80)(crops), shown, atol=1e-5, rtol=1e-5)
