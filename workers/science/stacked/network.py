"""R networks of one shape as one: parameters `(R, *shape)`, and a forward pass over all of them at once."""

from collections.abc import Mapping
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.nn.functional import conv2d


class StackedNetwork:
    """As many copies of `model` as there are `slots`, all their weights 0 until `put`.

    `module` holds parameters and buffers `(slots, *shape)` under the model's own names, for optimizers to move; it
    cannot be called itself. No slot influences another, be it finite or not.
    """

    def __init__(self, model: nn.Module, slots: int) -> None:
        self.slots = slots
        self._one = model
        self.module = deepcopy(model)
        for part in self.module.modules():
            for name, parameter in part.named_parameters(recurse=False):
                wide = parameter.new_zeros((slots, *parameter.shape))
                part.register_parameter(name, nn.Parameter(wide, requires_grad=parameter.requires_grad))
            for name, buffer in part.named_buffers(recurse=False):
                part.register_buffer(name, buffer.new_zeros((slots, *buffer.shape)))

    def __call__(self, x: Tensor) -> Tensor:
        """Return logits `(slots, n, n_classes)` for `x`, `(slots, n, *shape)`."""
        return _forward(self._one, self.module, x)

    def train(self, mode: bool = True) -> None:
        """Set all networks to training or, with False, to evaluation."""
        self._one.train(mode)
        self.module.train(mode)

    @torch.no_grad()
    def put(self, slot: int, state: Mapping[str, Tensor]) -> None:
        """Set the network in `slot` to `state`, a state dict of the model. Raises `KeyError` for a missing name."""
        for name, tensor in self.module.state_dict().items():
            tensor[slot].copy_(state[name])

    def view(self, slot: int) -> nn.Module:
        """Return the network in `slot` by itself: its weights lie in the stack's memory, its gradients are its own."""
        network = deepcopy(self._one)
        for part, stacked in zip(network.modules(), self.module.modules(), strict=True):
            for name, wide in stacked.named_parameters(recurse=False):
                part.register_parameter(name, nn.Parameter(wide.detach()[slot], requires_grad=wide.requires_grad))
            for name, buffer in stacked.named_buffers(recurse=False):
                part.register_buffer(name, buffer[slot])
        return network

    def one(self, slot: int) -> nn.Module:
        """Return the model itself, set to the state of the network in `slot`: the same object at each call."""
        self._one.load_state_dict(self.state(slot))
        return self._one

    def state(self, slot: int) -> dict[str, Tensor]:
        """Return the state dict of the network in `slot`, as copies on the CPU."""
        return {name: tensor[slot].detach().cpu().clone() for name, tensor in self.module.state_dict().items()}


def _forward(one: nn.Module, stacked: nn.Module, x: Tensor) -> Tensor:
    """Return the outputs of `stacked`, the stack of `one`, for `x` `(slots, n, ...)`.

    Linear layers are batched matrix products and convolutions grouped ones. Where the calls cost more than their
    arithmetic, that takes half to nine tenths of the time of `vmap` (docs/benchmarks.md). `vmap`
    does whatever else there may be.
    """
    if isinstance(stacked, nn.Sequential):
        for part, stacked_part in zip(one.children(), stacked.children(), strict=True):
            x = _forward(part, stacked_part, x)
        return x
    if isinstance(stacked, nn.Linear) and stacked.bias is not None and x.ndim == 3:
        return torch.baddbmm(stacked.bias.unsqueeze(1), x, stacked.weight.mT)
    if isinstance(stacked, nn.Linear) and x.ndim == 3:
        if x.stride(0) == 0:
            # All see the same: one product with all their weights, of which a batched one would be a copy each.
            return _split(x[0] @ stacked.weight.flatten(0, 1).T, len(x))
        return torch.bmm(x, stacked.weight.mT)
    if isinstance(stacked, nn.Conv2d) and stacked.padding_mode == "zeros":
        return _convolve(stacked, x)
    if isinstance(stacked, nn.ReLU):
        return stacked(x)  # type: ignore[no-any-return]
    if isinstance(stacked, nn.Flatten) and (stacked.start_dim, stacked.end_dim) == (1, -1):
        return x.flatten(2)
    if isinstance(stacked, nn.MaxPool2d):
        return _split(stacked(_joined(x)), len(x))
    tensors = {**dict(stacked.named_parameters()), **dict(stacked.named_buffers())}
    mapped: Tensor = vmap(lambda own, seen: functional_call(one, own, (seen,)))(tensors, x)
    return mapped


def _convolve(layer: nn.Conv2d, x: Tensor) -> Tensor:
    bias = None if layer.bias is None else layer.bias.flatten()
    groups = len(x) * layer.groups
    joined = _joined(x)
    kernels = layer.weight.flatten(0, 1)
    return _split(conv2d(joined, kernels, bias, layer.stride, layer.padding, layer.dilation, groups), len(x))


def _joined(x: Tensor) -> Tensor:
    """Return `(slots, n, channels, ...)` as `(n, slots · channels, ...)`: no copy of what `_split` gave."""
    return x.transpose(0, 1).flatten(1, 2)


def _split(x: Tensor, slots: int) -> Tensor:
    """Return the inverse of `_joined`."""
    return x.view(len(x), slots, -1, *x.shape[2:]).transpose(0, 1)
