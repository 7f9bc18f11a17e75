"""Another library's weights, made to fit the project's network and its input."""

from pathlib import Path

import torch

from leukoscope_train.errors import DataError
from leukoscope_train.networks.architectures import make_network
from leukoscope_train.networks.init_weights import stored_weights
from leukoscope_train.networks.network_input import INPUT_MEAN, INPUT_STD

LITE_MEAN, LITE_STD = 127.0, 128.0
"""Of the pixels that EfficientNet-Lite0's weights were trained on."""


@torch.no_grad()
def adopt_lite0(path: Path) -> dict[str, torch.Tensor]:
    """Return EfficientNet-Lite0's ImageNet weights as a start.

    The PyTorch port of Google's weights has the order of timm's network under names of
    its own, and looks at pixels in (p - 127) / 128. Ours are (p / 255 - 0.25) / 0.25;
    the first convolution takes the factor, its batch norm the offset.

    Raises:
        DataError: The file cannot be read, or is of another network.
    """
    stored = stored_weights(path)
    own = make_network("efficientnet-lite0").state_dict()
    names = [name for name in own if name.startswith("features.")]
    values = [v for n, v in stored.items() if not n.startswith("_fc.")]
    if [own[n].shape for n in names] != [v.shape for v in values]:
        raise DataError(f"{path}: is not of EfficientNet-Lite0")
    start = dict(zip(names, values, strict=True))
    first = start["features.conv_stem.weight"]
    per_unit = INPUT_STD[0] * 255 / LITE_STD
    at_zero = (INPUT_MEAN[0] * 255 - LITE_MEAN) / LITE_STD
    start["features.bn1.running_mean"] -= at_zero * first.sum(dim=(1, 2, 3))
    start["features.conv_stem.weight"] = first * per_unit
    return start
