"""Put other modules in the place of some of a network's, whatever the network does with them."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from torch import nn


def replaced(network: nn.Module, parts: Mapping[str, nn.Module]) -> nn.Module:
    """Return a network like `network`, with `parts` in the place of its modules of these names.

    `forward` and everything else stay, and so do the parameters and buffers of all other modules: they are shared,
    not copied. A module that the network refers to several times is replaced everywhere.

    Raises `AttributeError` for a name that is no module's.
    """
    kept: dict[int, Any] = {id(tensor): tensor for tensor in (*network.parameters(), *network.buffers())}
    new = {id(network.get_submodule(name)): part for name, part in parts.items()}
    copied: nn.Module = deepcopy(network, kept | new)
    return copied
