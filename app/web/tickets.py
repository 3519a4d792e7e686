"""A ticket as a file that `torch.nn.utils.prune` understands: initial weights, mask and trained weights, dense."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

from app.contract.events import WINNING_TICKET
from app.contract.records import Run
from app.store import Store
from app.store.errors import NotFound

Tensors: TypeAlias = Mapping[str, NDArray[Any]]

_MASK = ".mask"
_VALUES = ".values"


def ticket_file(store: Store, run: Run, replicate: int, level: int) -> bytes:
    """The winning ticket of one replicate and level as a safetensors file.

    Per prunable kernel, as float32 `(n_out, n_in, *kernel)`: `fc1.weight_orig` (where training starts from),
    `fc1.weight_mask` (uint8, 1 = kept) and `fc1.weight_trained` (0 where pruned); per other parameter
    `fc1.bias_orig` and `fc1.bias_trained`.

    Raises: NotFound when that ticket is not saved (yet).
    """
    saved = {
        (ref.name, ref.level): ref
        for ref in store.artifacts(run.id)
        if ref.branch == WINNING_TICKET and ref.replicate == replicate
    }

    def tensors_of(name: str, level: int = 0) -> Tensors:
        if (name, level) not in saved:
            raise NotFound(f"replicate {replicate} has saved no ticket of level {level} yet")
        return load(store.artifacts_store.get(saved[name, level].id))

    spec = run.spec
    ticket = tensors_of("ticket", level)
    if level > 0 and spec.rewind != "weights":
        parent = 0 if spec.mode == "one_shot" else level - 1
        unpacked = dense(tensors_of("init"), tensors_of("ticket", parent))
        start = {name.removesuffix("_trained"): t for name, t in unpacked.items() if name.endswith("_trained")}
        origin = f"trained weights of level {parent}"
    elif level > 0 and spec.rewind_step > 0:
        start, origin = dict(tensors_of("rewind")), f"weights at step {spec.rewind_step}"
    else:
        start, origin = dict(tensors_of("init")), "weights at step 0"
    tensors = dense(start, ticket)
    masks = [tensor for name, tensor in tensors.items() if name.endswith("_mask")]
    density = sum(int(mask.sum()) for mask in masks) / sum(mask.size for mask in masks)
    about = {
        "run": run.id,
        "name": run.name,
        "replicate": str(replicate),
        "level": str(level),
        "density": repr(density),
        "orig": origin,
        "spec": run.spec.model_dump_json(),
        "format": "pt",
    }
    return save(tensors, about)


def dense(start: Tensors, ticket: Tensors) -> dict[str, NDArray[Any]]:
    """Unpack a ticket against the parameters `start` it is trained from, in the order of the network."""
    tensors: dict[str, NDArray[Any]] = {}
    for name, origin in start.items():
        tensors[f"{name}_orig"] = np.ascontiguousarray(origin)
        if name + _MASK not in ticket:
            tensors[f"{name}_trained"] = np.ascontiguousarray(ticket[name])
            continue
        mask = np.unpackbits(ticket[name + _MASK], count=origin.size)
        trained = np.zeros(origin.size, dtype=origin.dtype)
        trained[mask == 1] = ticket[name + _VALUES]
        tensors[f"{name}_mask"] = mask.reshape(origin.shape)
        tensors[f"{name}_trained"] = trained.reshape(origin.shape)
    return tensors
