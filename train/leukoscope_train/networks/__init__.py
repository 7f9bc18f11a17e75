"""The networks, and how they begin.

Offers a network by its name (`make_network`), what it begins with and is given, and the
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
    from leukoscope_train.networks.init_weights import head_name as head_name
    from leukoscope_train.networks.init_weights import load_start as load_start
    from leukoscope_train.networks.init_weights import rate_groups as rate_groups
    from leukoscope_train.networks.init_weights import replace_head as replace_head
    from leukoscope_train.networks.network_input import INPUT_MEAN as INPUT_MEAN
    from leukoscope_train.networks.network_input import INPUT_STD as INPUT_STD
    from leukoscope_train.networks.network_input import as_input as as_input
    from leukoscope_train.networks.network_input import normalised as normalised
    from leukoscope_train.networks.pooled_heads import KindFirst as KindFirst
    from leukoscope_train.networks.pooled_heads import Kinds as Kinds
    from leukoscope_train.networks.pooled_heads import Pooled as Pooled
    from leukoscope_train.networks.pooled_heads import set_svm_head as set_svm_head
    from leukoscope_train.networks.unet import WINDOW_PX as WINDOW_PX
    from leukoscope_train.networks.unet import UNet as UNet
else:
    __getattr__, __all__ = load_on_use(__name__, __file__)
