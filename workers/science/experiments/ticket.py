"""A ticket as an artifact: kept weights and bit-packed masks, exact both ways."""

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


class Ticket(NamedTuple):
    """A trained sparse network: masks (parameter name -> bool, True = kept) and all its tensors, 0 where pruned."""

    masks: Mapping[str, Tensor]
    weights: Mapping[str, Tensor]


def pack(ticket: Ticket) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and metadata to save.

    For a prunable "fc1.weight": "fc1.weight.mask", uint8, the flat mask as `numpy.packbits` packs it, and
    "fc1.weight.values", the kept weights in flat order. Everything else, such as biases, under its own name. The
    metadata's "shapes" is a JSON object of the prunable tensors' shapes.
    """
    tensors = {}
    for name, values in ticket.weights.items():
        values = values.detach().cpu()
        if name in ticket.masks:
            mask = ticket.masks[name].cpu()
            tensors[f"{name}.mask"] = torch.from_numpy(np.packbits(mask.numpy().reshape(-1)))
            tensors[f"{name}.values"] = values[mask]
        else:
            tensors[name] = values.clone()
    return tensors, {"shapes": json.dumps({name: list(mask.shape) for name, mask in ticket.masks.items()})}


def unpack(tensors: Mapping[str, Tensor], shapes: Mapping[str, Iterable[int]]) -> Ticket:
    """The ticket that `pack` packed; `shapes` are those of the prunable tensors by name."""
    masks: dict[str, Tensor] = {}
    weights: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name.endswith(".mask"):
            kernel = name.removesuffix(".mask")
            shape = tuple(shapes[kernel])
            bits = np.unpackbits(tensor.numpy(), count=int(np.prod(shape)))
            mask = torch.from_numpy(bits.astype(np.bool_)).reshape(shape)
            kept = tensors[f"{kernel}.values"]
            values = torch.zeros(shape, dtype=kept.dtype)
            values[mask] = kept
            masks[kernel], weights[kernel] = mask, values
        elif not name.endswith(".values"):
            weights[name] = tensor
    return Ticket(masks, weights)
