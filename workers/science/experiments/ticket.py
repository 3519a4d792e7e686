"""A ticket as artifacts: its kept weights, and its masks as what differs from others; exact both ways."""

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from app.contract.events import Measured
from app.contract.params import ModelParams
from app.contract.tickets import Collapsed
from app.contract.training_key import TrainingKey
from app.masks import codec
from app.masks.codec import Bits
from app.masks.connectivity import dead
from app.masks.sums import sums
from workers.science.build import build
from workers.science.outputs import Output, Tensors


class Ticket(NamedTuple):
    """A trained sparse network: masks (parameter name -> bool, True = kept) and all its tensors, 0 where pruned."""

    masks: Mapping[str, Tensor]
    weights: Mapping[str, Tensor]


class SavedTicket(NamedTuple):
    """A ticket of another run, with what its network is: `shape` that of one example, `n_classes` of its outputs.

    `collapsed` is where it is cut, None where it is not.
    """

    model: ModelParams
    shape: tuple[int, ...]
    n_classes: int
    ticket: Ticket
    collapsed: Collapsed | None = None

    def network(self) -> nn.Module:
        """Return the network with the ticket's trained weights, 0 where pruned."""
        network: nn.Module = build(self.model)(self.shape, self.n_classes)
        network.load_state_dict(self.ticket.weights)
        return network


def pack(ticket: Ticket) -> dict[str, Tensor]:
    """Return the kept weights of a prunable "fc1.weight" in flat order as "fc1.weight.values".

    Other tensors as they are.
    """
    tensors = {}
    for name, values in ticket.weights.items():
        values = values.detach().cpu()
        if name in ticket.masks:
            tensors[f"{name}.values"] = values[ticket.masks[name].cpu()]
        else:
            tensors[name] = values.clone()
    return tensors


def unpack(tensors: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> Ticket:
    """Return the ticket that `pack` packed; `masks` are its own."""
    weights: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        kernel = name.removesuffix(".values")
        if kernel in masks:
            weights[kernel] = torch.zeros(masks[kernel].shape, dtype=tensor.dtype)
            weights[kernel][masks[kernel]] = tensor
        else:
            weights[name] = tensor
    return Ticket(masks, weights)


def mask_outputs(
    key: TrainingKey,
    masks: Mapping[str, Tensor],
    base: Mapping[str, Tensor],
    strata: Mapping[str, np.ndarray] | None,
    sparse: Collection[str] = (),
    groups: Mapping[str, int] = MappingProxyType({}),
) -> Iterator[Output]:
    """Yield what is saved and measured of the masks of one training: series `layers`, artifacts `mask` and `pyramid`.

    `base` are the masks that these are stored against. `strata` are those of the initial weights (`sums.strata_of`), if
    the training starts from them. `sparse` names the layers trained as compressed sparse rows. `groups` are those of
    convolutions that have several.
    """
    columns: dict[str, list[float]] = {
        name: [] for name in ("layer", "kept", "total", "dead_inputs", "dead_units", "flipped", "csr")
    }
    encoded: dict[str, Tensor] = {}
    pyramid: dict[str, Tensor] = {}
    for layer, (name, mask) in enumerate(masks.items()):
        bits, before = codec.pack(mask.numpy()), codec.pack(base[name].numpy())
        dead_inputs, dead_units = dead(bits, tuple(mask.shape), groups.get(name, 1))
        kept = int(np.bitwise_count(bits).sum())
        flipped = int(np.bitwise_count(bits ^ before).sum())
        csr = name.removesuffix(".weight") in sparse
        values = layer, kept, mask.numel(), dead_inputs, dead_units, flipped, csr
        for column, value in zip(columns.values(), values, strict=True):
            column.append(float(value))
        encoded[name] = torch.from_numpy(codec.encode(bits, before).copy())
        counted = sums(bits, codec.size_of(tuple(mask.shape))[1], strata[name] if strata is not None else None)
        pyramid |= {f"{name}.{part}": torch.from_numpy(array) for part, array in counted.items()}
    yield Measured(series="layers", key=key, columns=columns)
    yield Tensors("mask", key, encoded)
    yield Tensors("pyramid", key, pyramid)


def masks_of(encoded: Mapping[str, Tensor], base: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the masks that an artifact `mask` holds; `base` as they were when it was saved."""
    masks = {}
    for name, data in encoded.items():
        shape = tuple(base[name].shape)
        bits: Bits = codec.decode(data.numpy(), codec.pack(base[name].numpy()))
        masks[name] = torch.from_numpy(codec.unpack(bits, codec.size_of(shape)[1]).astype(np.bool_)).reshape(shape)
    return masks
