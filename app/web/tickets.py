"""A ticket as a file that `torch.nn.utils.prune` understands: initial weights, mask and trained weights, dense."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

from app.atlas.reader import Index, Reader
from app.contract.tickets import TicketRef
from app.masks.codec import unpack
from app.store.errors import NotFound

Tensors: TypeAlias = Mapping[str, NDArray[Any]]

_VALUES = ".values"


def ticket_file(reader: Reader, ref: TicketRef) -> bytes:
    """The winning ticket of one replicate and level as a safetensors file.

    Per prunable kernel, `(n_out, n_in, *kernel)`: `fc1.weight_orig` (where training starts from), `fc1.weight_mask`
    (uint8, 1 = kept) and `fc1.weight_trained` (0 where pruned); per other parameter `fc1.bias_orig` and
    `fc1.bias_trained`. What the run has not saved is left out.

    Raises: NotFound when that ticket is not saved (yet).
    """
    index = reader.index(ref.run)
    if not any(name == "mask" for name, *_ in index.saved):
        raise NotFound(f"run {ref.run} has saved no tickets (yet)")
    spec = index.run.spec
    masks = _masks(reader, index, ref)
    trained = _trained(reader, index, ref, masks)
    if not trained and index.run.kind == "lottery":
        raise NotFound(f"replicate {ref.replicate} has saved no ticket of level {ref.level} yet")
    rewind, rewind_step = getattr(spec, "rewind", "weights"), getattr(spec, "rewind_step", 0)
    if ref.level > 0 and rewind != "weights":
        parent = TicketRef(ref.run, ref.replicate, 0 if getattr(spec, "mode", "") == "one_shot" else ref.level - 1)
        start, origin = (
            _trained(reader, index, parent, _masks(reader, index, parent)),
            (f"trained weights of level {parent.level}"),
        )
    elif ref.level > 0 and rewind_step > 0:
        start, origin = _saved(reader, index, "rewind", ref), f"weights at step {rewind_step}"
    else:
        start, origin = _saved(reader, index, "init", ref), "weights at step 0"
    tensors = {}
    for name in start or trained or masks:
        if name in start:
            tensors[f"{name}_orig"] = np.ascontiguousarray(start[name])
        if name in masks:
            tensors[f"{name}_mask"] = masks[name]
        if name in trained:
            tensors[f"{name}_trained"] = np.ascontiguousarray(trained[name])
    about = {
        "run": index.run.id,
        "name": reader.store.run(ref.run).name,  # it may change without an event, unseen by the index
        "replicate": str(ref.replicate),
        "level": str(ref.level),
        "density": repr(sum(int(mask.sum()) for mask in masks.values()) / sum(mask.size for mask in masks.values())),
        "orig": origin if start else "not saved",
        "spec": spec.model_dump_json(),
        "format": "pt",
    }
    return save(tensors, about)


def _masks(reader: Reader, index: Index, ref: TicketRef) -> dict[str, NDArray[np.uint8]]:
    """The masks of all layers, each in the shape of its kernel."""
    return {
        layer.key: unpack(reader.bits(ref, number), layer.size[1]).reshape(layer.shape)
        for number, layer in enumerate(index.layers)
    }


def _trained(reader: Reader, index: Index, ref: TicketRef, masks: Tensors) -> Tensors:
    """The trained parameters of a ticket, dense; none when they are not saved."""
    dense: dict[str, NDArray[Any]] = {}
    for name, tensor in _saved(reader, index, "ticket", ref).items():
        kernel = name.removesuffix(_VALUES)
        if kernel in masks:
            dense[kernel] = np.zeros(masks[kernel].shape, tensor.dtype)
            dense[kernel][masks[kernel] == 1] = tensor
        else:
            dense[name] = tensor
    return dense


def _saved(reader: Reader, index: Index, name: str, ref: TicketRef) -> Tensors:
    place = ref if name == "ticket" else TicketRef(ref.run, ref.replicate, 0)
    try:
        return load(reader.store.artifacts_store.get(index.find(name, place).id))
    except (NotFound, FileNotFoundError):
        return {}
