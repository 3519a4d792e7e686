"""Compaction of any network that can be traced: units that nothing reads are removed, exactly."""

from collections.abc import Mapping
from copy import deepcopy
from typing import TypeAlias

import torch
from torch import Tensor, nn

from app.contract.architecture import Architecture, Axis, Group
from workers.science.architecture.architecture import architecture
from workers.science.architecture.errors import NotDefined

Entries: TypeAlias = dict[tuple[str, int], Tensor]
"""Indices, int64, by the name of a tensor and the number of its axis."""

_TOLERANCE = 1e-9
_ATTRIBUTES: Mapping[type[nn.Module], tuple[str, ...]] = {
    nn.Linear: ("out_features", "in_features"),
    nn.Conv1d: ("out_channels", "in_channels"),
    nn.Conv2d: ("out_channels", "in_channels"),
    nn.BatchNorm1d: ("num_features",),
    nn.BatchNorm2d: ("num_features",),
    nn.Embedding: ("num_embeddings", "embedding_dim"),
}
"""What a module calls the lengths of its weight's axes."""


@torch.no_grad()
def without_unread(network: nn.Module, masks: Mapping[str, Tensor], example: Tensor) -> tuple[nn.Module, Entries]:
    """Return the masked network without the units that no kept weight reads, and which entries of axes are left.

    With a unit go its row in every kernel that computes it, and its entries in biases, norms and the columns of
    kernels. A kernel without this row may leave others unread. Outputs stay, and so does one unit of each group. Units
    that an operation combines with each other, such as before a layer norm, and units within heads stay too. No
    gradient of a kept parameter depends on what goes, now or after any number of steps. Axes that are left whole are
    not among the entries. `example` is a batch of inputs. The result is on the CPU.

    Raises `NotDefined` for a model that cannot be traced and for grouped convolutions. Raises it too for a model whose
    code holds sizes of its layers, so that the smaller one would not compute the same.
    """
    network, example = deepcopy(network).cpu(), example.detach().cpu()
    for name, mask in masks.items():
        network.get_parameter(name).mul_(mask.cpu())
    structure = architecture(network, example)
    if any(kernel.groups > 1 for kernel in structure.kernels):
        raise NotDefined("it has grouped convolutions")
    entries = _entries(
        network, structure, _left(network, structure, {name: mask.cpu() for name, mask in masks.items()})
    )
    small = _smaller(network, entries)
    _check(network, small, example)
    return small, entries


def _left(network: nn.Module, architecture: Architecture, masks: Mapping[str, Tensor]) -> dict[Group, Tensor]:
    """Return which units of each group are left; groups of which none can go are not among them."""
    kept = {
        group: torch.ones(group.size, dtype=torch.bool)
        for group in architecture.groups
        if separate(architecture, group)
    }
    changed = True
    while changed:
        changed = False
        for group in reversed(kept):
            wanted = torch.zeros(group.size, dtype=torch.bool)
            for axis in group.axes:
                kernel = architecture.by_name.get(axis.tensor)
                if kernel is None or axis.axis == kernel.unit_axis:
                    continue
                mask = masks.get(kernel.name, torch.ones(kernel.shape, dtype=torch.bool))
                rows = _on(network, architecture, kept, kernel.name, kernel.unit_axis)
                read = mask.transpose(0, kernel.unit_axis)[rows].transpose(0, 1).flatten(1).any(1)
                wanted |= read[axis.start : axis.start + group.size * axis.inner].view(group.size, -1).any(1)
            new = kept[group] & wanted
            if not new.any():
                new[int(kept[group].nonzero()[0])] = True
            changed |= bool((new != kept[group]).any())
            kept[group] = new
    return kept


def separate(architecture: Architecture, group: Group) -> bool:
    """Return whether units can go one by one.

    Nothing combines them then, and they are no factor of an axis but all of a part.
    """
    if group.mixed_by:
        return False
    return not any(axis.outer > 1 or _shared(architecture, group, axis) for axis in group.axes)


def _shared(architecture: Architecture, group: Group, axis: Axis) -> bool:
    """Return whether another group has the same entries of an axis: it then begins at the same one."""
    others = (place for other, place in architecture.on(axis.tensor, axis.axis) if other is not group)
    return any(place.start == axis.start for place in others)


def _on(network: nn.Module, architecture: Architecture, kept: Mapping[Group, Tensor], tensor: str, axis: int) -> Tensor:
    """Return which entries of an axis are left, `(length,)`."""
    left = torch.ones(_tensors(network)[tensor].shape[axis], dtype=torch.bool)
    for group, place in architecture.on(tensor, axis):
        if group in kept:
            left[place.start : place.start + group.size * place.inner] = kept[group].repeat_interleave(place.inner)
    return left


def _tensors(network: nn.Module) -> dict[str, Tensor]:
    return dict(network.named_parameters()) | dict(network.named_buffers())


def _entries(network: nn.Module, architecture: Architecture, kept: Mapping[Group, Tensor]) -> Entries:
    axes = {(axis.tensor, axis.axis) for group, units in kept.items() if not units.all() for axis in group.axes}
    return {place: _on(network, architecture, kept, *place).nonzero()[:, 0] for place in sorted(axes)}


def _smaller(network: nn.Module, entries: Entries) -> nn.Module:
    small = deepcopy(network)
    for (name, axis), left in entries.items():
        path, _, own = name.rpartition(".")
        module = small.get_submodule(path)
        tensor = getattr(module, own).index_select(axis, left)
        if isinstance(getattr(module, own), nn.Parameter):
            tensor = nn.Parameter(tensor)
        setattr(module, own, tensor)
        attributes = next((names for kind, names in _ATTRIBUTES.items() if isinstance(module, kind)), ())
        if own == "weight" and axis < len(attributes):
            setattr(module, attributes[axis], len(left))
    return small


def _check(network: nn.Module, small: nn.Module, example: Tensor) -> None:
    pair = [deepcopy(model).double().eval() for model in (network, small)]
    x = example.double() if example.is_floating_point() else example
    try:
        before, after = (model(x) for model in pair)
    except RuntimeError as error:
        raise NotDefined(f"its code holds sizes of its layers: {str(error).splitlines()[0]}") from error
    if not torch.allclose(before, after, rtol=_TOLERANCE, atol=_TOLERANCE * float(before.abs().max())):
        raise NotDefined("its code treats units by their numbers")
