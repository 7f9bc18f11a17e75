"""The networks, how they begin, and heads on their features.

Offers a network by its name (`make_network`), what it begins with, its heads, and the
U-Net.
"""

from typing import TYPE_CHECKING

from leukoscope_edge import load_on_use

if TYPE_CHECKING:
    from leukoscope_train.networks.adopted_weights import adopt_lite0 as adopt_lite0
    from leukoscope_train.networks.architectures import SIDE_PX as SIDE_PX
    from leukoscope_train.networks.architectures import Architecture as Architecture
    from leukoscope_train.networks.architectures import make_network as make_network
    from leukoscope_train.networks.architectures import n_parameters as n_parameters
    from leukoscope_train.networks.cuda_graphs import autocast as autocast
    from leukoscope_train.networks.cuda_graphs import captured as captured
    from leukoscope_train.networks.init_weights import begin as begin
    from leukoscope_train.networks.init_weights import head_name as head_name
    from leukoscope_train.networks.init_weights import load_start as load_start
    from leukoscope_train.networks.init_weights import rate_groups as rate_groups
    from leukoscope_train.networks.linear_heads import fit_heads as fit_heads
    from leukoscope_train.networks.linear_heads import known_features as known_features
    from leukoscope_train.networks.pooled_heads import Kinds as Kinds
    from leukoscope_train.networks.pooled_heads import Pooled as Pooled
    from leukoscope_train.networks.svm import fit_svm_head as fit_svm_head
    from leukoscope_train.networks.unet import WINDOW_PX as WINDOW_PX
    from leukoscope_train.networks.unet import UNet as UNet
else:
    __getattr__, __all__ = load_on_use(
        __name__,
        {
            "adopted_weights": "adopt_lite0",
            "architectures": "Architecture SIDE_PX make_network n_parameters",
            "cuda_graphs": "autocast captured",
            "init_weights": "begin head_name load_start rate_groups",
            "linear_heads": "fit_heads known_features",
            "pooled_heads": "Kinds Pooled",
            "svm": "fit_svm_head",
            "unet": "UNet WINDOW_PX",
        },
    )
