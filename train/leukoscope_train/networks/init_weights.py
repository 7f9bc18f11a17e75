"""How a network begins: fresh, with as many outputs as classes, or from a file."""

from pathlib import Path

import torch
from torch import nn

from leukoscope_train.errors import DataError
from leukoscope_train.networks.pooled_heads import KindFirst


def head_name(network: nn.Module) -> str:
    """Return the name of the last dense layer, which every network here has."""
    names: list[str] = [
        name
        for name, module in network.named_modules()
        if isinstance(module, nn.Linear)
    ]
    return names[-1]


def head_names(network: nn.Module) -> list[str]:
    """Return the names of the dense layers that a start may lack: one a question."""
    own = ["other_kind", "head"] if isinstance(network, KindFirst) else []
    return own or [head_name(network)]


def replace_head(network: nn.Module, n_classes: int) -> None:
    """Give the network as many outputs as there are classes."""
    name = head_name(network)
    old = network.get_submodule(name)
    if not isinstance(old, nn.Linear):
        raise TypeError(f"{name} is no dense layer")
    parent = network.get_submodule(name.rpartition(".")[0])
    setattr(parent, name.rpartition(".")[2], nn.Linear(old.in_features, n_classes))


def load_start(network: nn.Module, path: Path) -> None:
    """Load weights into a network, all but a head for other classes.

    timm's own files, whose names lack our `features.`, fit as well.

    Raises:
        DataError: The file cannot be read, or is of another architecture.
    """
    stored = stored_weights(path)
    own = network.state_dict()
    if not set(stored) & set(own):
        stored = {f"features.{name}": value for name, value in stored.items()}
    usable = {n: v for n, v in stored.items() if n in own and own[n].shape == v.shape}
    heads = tuple(head_names(network))
    missing = [n for n in own if n not in usable and not n.startswith(heads)]
    if missing:
        raise DataError(
            f"{path}: of another architecture: {len(missing)} entries are missing or "
            f"of another shape, the first is {missing[0]}"
        )
    network.load_state_dict({**own, **usable})


def rate_groups(
    network: nn.Module, ratio: float
) -> list[tuple[float, list[nn.Parameter]]]:
    """Return the parameters layer by layer with their share of the head's rate.

    The first layer gets `ratio`, the head 1, and those between follow geometrically.
    """
    layers = [
        list(module.parameters(recurse=False))
        for module in network.modules()
        if any(True for _ in module.parameters(recurse=False))
    ]
    last = max(1, len(layers) - 1)
    return [(ratio ** (1 - index / last), layer) for index, layer in enumerate(layers)]


def stored_weights(path: Path) -> dict[str, torch.Tensor]:
    """Return the weights in a file, by name.

    Raises:
        DataError: It cannot be read, or holds more than weights.
    """
    try:
        stored = torch.load(path, weights_only=True, map_location="cpu")
    except Exception as err:  # torch raises many kinds for a damaged file
        raise DataError(f"{path}: no weights: {err}") from err
    return dict(stored)
