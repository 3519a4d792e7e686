"""Compaction: what a mask cuts off is taken out of a network, exactly, so that what is left is a smaller dense one."""

from collections import OrderedDict
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from workers.science.sparse.gather import Gather
from workers.science.sparse.unread import without_unread

KNOWN = (nn.Linear, nn.Conv2d, nn.ReLU, nn.MaxPool2d, nn.Flatten)


class Compacted(NamedTuple):
    """A smaller network that computes what the masked one did, its masks, and the way back.

    `network` takes whole pictures: where inputs are gone, a `Gather` precedes its first layer. Its kernel `name`
    is the old one's `[rows[name]][:, columns[name]]`; indices are int64, `rows[name]` `(n_out,)`, `columns[name]`
    `(n_in,)`. `inputs` are the columns of the first layer.
    """

    network: nn.Module
    masks: Mapping[str, Tensor]
    rows: Mapping[str, Tensor]
    columns: Mapping[str, Tensor]

    @property
    def inputs(self) -> Tensor:
        """Return which inputs are read: pixels of flattened pictures, or channels where a convolution is first."""
        return next(iter(self.columns.values()))


@dataclass
class _Layer:
    """A layer while it shrinks: its masked kernel and bias, and which of its inputs and units are left."""

    name: str
    module: nn.Linear | nn.Conv2d
    weight: Tensor
    mask: Tensor
    bias: Tensor | None
    rectified: bool
    inputs: Tensor
    units: Tensor

    def read(self) -> Tensor:
        """Return per input whether a kept weight of a unit that is left reads it."""
        return _by_input(self.mask)[self.units].any(dim=2).any(dim=0)

    def fed(self) -> Tensor:
        """Return per unit whether a kept weight of an input that is left feeds it."""
        return self.mask[:, self.inputs].flatten(1).any(dim=1)

    def silent(self) -> Tensor:
        """Return per unit whether it puts out 0 where nothing feeds it, and its bias would never learn."""
        if self.bias is None:
            return torch.ones_like(self.units)
        return self.bias <= 0 if self.rectified else torch.zeros_like(self.units)

    def constant(self) -> Tensor:
        """Return per unit what it puts out where nothing feeds it."""
        bias = torch.zeros(len(self.weight), dtype=self.weight.dtype) if self.bias is None else self.bias
        return relu(bias) if self.rectified else bias

    @property
    def padded(self) -> bool:
        return isinstance(self.module, nn.Conv2d) and any(side != 0 for side in self.module.padding)


@torch.no_grad()
def compact(
    network: nn.Module, masks: Mapping[str, Tensor], *, training: bool = False, example: Tensor | None = None
) -> Compacted:
    """Return `network` without inputs and units that its `masks` cut off, in whatever order they cut off each other.

    Inputs that no kept weight reads are removed. So are units (channels of convolutions) that no kept weight of the
    next layer reads. Units that no kept weight feeds go too, and their constant relu(bias) moves into the next layer's
    bias. Where the next layer pads with zeros, a unit whose constant is not 0 stays: there it is not constant at the
    borders. Outputs of the network always stay, and so does one unit of each layer. `masks` are bool, by parameter name
    such as "fc1.weight"; pruned weights count as 0 whatever they hold. The result is on the CPU.

    With `training`, only what no gradient of a kept parameter depends on is removed, now and after any number of steps.
    A unit that nothing feeds goes only where it is rectified and its bias is at most 0. Then its output and all
    gradients through it are 0, and nothing moves into a bias. One whose bias is above 0 learns, so it stays. Weight
    decay would still move removed parameters; nothing that is kept would depend on it.

    All this holds for sequences of Linear, Conv2d, ReLU, MaxPool2d and Flatten. Of other networks only units that
    nothing reads are removed (`unread.without_unread`). That needs an `example`, a batch of inputs.

    Raises `TypeError` for such a network without an example, `NotDefined` where it cannot be traced.
    Source: the definition; docs/protocol.md, Hardware.
    """
    if example is not None and not is_chain(network):
        return _of_groups(network, masks, example)
    if type(network).forward is not nn.Sequential.forward:
        raise TypeError(f"a {type(network).__name__} is not a sequence of modules")
    layers = _layers(network, masks)
    while any([_drop_unread(layers), _drop_unfed(layers, training=training)]):
        pass
    return _built(network, layers)


def is_chain(network: nn.Module) -> bool:
    """Return whether a network is a sequence of modules that compaction follows one by one."""
    return type(network).forward is nn.Sequential.forward and all(
        isinstance(module, KNOWN) and getattr(module, "groups", 1) == 1 for module in network.children()
    )


def _of_groups(network: nn.Module, masks: Mapping[str, Tensor], example: Tensor) -> Compacted:
    small, entries = without_unread(network, masks, example)
    rows, columns = (
        {name: entries.get((name, axis), torch.arange(mask.shape[axis])) for name, mask in masks.items()}
        for axis in (0, 1)
    )
    left = {name: mask.cpu()[rows[name]][:, columns[name]] for name, mask in masks.items()}
    return Compacted(small, left, rows, columns)


def _layers(network: nn.Module, masks: Mapping[str, Tensor]) -> list[_Layer]:
    layers: list[_Layer] = []
    for name, module in network.named_children():
        if not isinstance(module, KNOWN) or (isinstance(module, nn.Conv2d) and module.groups != 1):
            raise TypeError(f"{name} is a {type(module).__name__}: compaction does not know what it does to a constant")
        if isinstance(module, nn.Linear | nn.Conv2d):
            weight = module.weight.detach().cpu()
            mask = masks[f"{name}.weight"].cpu()
            bias = None if module.bias is None else module.bias.detach().cpu().clone()
            inputs, units = (torch.ones(n, dtype=torch.bool) for n in (weight.shape[1], weight.shape[0]))
            layers.append(_Layer(name, module, weight * mask, mask, bias, False, inputs, units))
        elif isinstance(module, nn.ReLU) and layers:
            layers[-1].rectified = True
    return layers


def _drop_unread(layers: list[_Layer]) -> bool:
    """Drop inputs and units that nothing reads, from the last layer to the first; whether there were any."""
    changed = False
    for before, layer in zip([None, *layers][-2::-1], layers[::-1], strict=True):
        wanted = layer.read()
        if before is None:
            changed |= _keep(layer.inputs, wanted)
        elif _keep(before.units, wanted.reshape(len(before.units), -1).any(dim=1)):
            layer.inputs = _inputs_of(before, layer)
            changed = True
    return changed


def _drop_unfed(layers: list[_Layer], *, training: bool) -> bool:
    """Drop units that nothing feeds where that is exact, from the first layer to the last.

    Return whether there were any.
    """
    changed = False
    for layer, after in pairwise(layers):
        constant, before = layer.constant(), layer.units.clone()
        movable = layer.silent() if training else constant == 0 if after.padded else torch.ones_like(before)
        if _keep(layer.units, layer.fed() | ~movable):
            gone = before & ~layer.units
            _move(constant * gone, after)
            after.inputs = _inputs_of(layer, after)
            changed = True
    return changed


def _keep(left: Tensor, wanted: Tensor) -> bool:
    """Keep what is wanted and left, in place, but never nothing; return whether that changed anything."""
    new = left & wanted
    if not new.any():
        new[left.nonzero()[0]] = True
    changed = bool((new != left).any())
    left.copy_(new)
    return changed


def _inputs_of(before: _Layer, layer: _Layer) -> Tensor:
    """Return the inputs of a layer that the units left before it feed: several each where pictures were flattened."""
    return before.units.repeat_interleave(len(layer.inputs) // len(before.units))


def _by_input(kernel: Tensor) -> Tensor:
    """Return a kernel `(n_out, n_in, *kernel)` as `(n_out, n_in, positions)`."""
    return kernel.reshape(*kernel.shape[:2], -1)


def _move(constant: Tensor, after: _Layer) -> None:
    """Add what constant units, `(n,)` and 0 elsewhere, contribute to each unit of the next layer to its bias."""
    if not constant.any():
        return
    share = _by_input(after.weight).sum(dim=2) @ constant.repeat_interleave(len(after.inputs) // len(constant))
    after.bias = share if after.bias is None else after.bias + share


def _built(network: nn.Module, layers: list[_Layer]) -> Compacted:
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    masks: dict[str, Tensor] = {}
    rows: dict[str, Tensor] = {}
    columns: dict[str, Tensor] = {}
    by_name = {layer.name: layer for layer in layers}
    for name, module in network.named_children():
        layer = by_name.get(name)
        if layer is None:
            modules[name] = module
            continue
        row, column = layer.units.nonzero()[:, 0], layer.inputs.nonzero()[:, 0]
        if layer is layers[0] and not layer.inputs.all():
            modules["gather"] = Gather(column)
        modules[name] = _smaller(layer, row, column)
        key = f"{name}.weight"
        masks[key], rows[key], columns[key] = layer.mask[row][:, column], row, column
    return Compacted(nn.Sequential(modules), masks, rows, columns)


def _smaller(layer: _Layer, row: Tensor, column: Tensor) -> nn.Module:
    copy = deepcopy(layer.module)
    copy.weight = nn.Parameter(layer.weight[row][:, column])
    if isinstance(copy, nn.Conv2d):
        copy.out_channels, copy.in_channels = len(row), len(column)
    else:
        copy.out_features, copy.in_features = len(row), len(column)
    if layer.bias is not None:
        copy.bias = nn.Parameter(layer.bias[row])
    return copy


def export(compacted: Compacted) -> dict[str, Tensor]:
    """Return what another program needs to rebuild the smaller network: its parameters, and rows and columns by kernel.

    Copies: no two share memory, which a safetensors file does not allow.
    """
    tensors = dict(compacted.network.state_dict())
    for key in compacted.rows:
        tensors |= {f"{key}.rows": compacted.rows[key], f"{key}.columns": compacted.columns[key]}
    return {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}
