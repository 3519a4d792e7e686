"""A ticket as a file that `torch.nn.utils.prune` understands: initial weights, mask and trained weights, dense.

The file is written piece by piece while it is sent, so that its size is no matter of memory.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.atlas.reader import Index, Layer, Reader
from app.atlas.tensor_file import TensorFile
from app.contract.tickets import TicketRef
from app.masks.codec import unpack
from app.store.errors import Corrupt, NotFound

_VALUES = ".values"
_NAMES: Final[Mapping[np.dtype[Any], str]] = {
    np.dtype(code): name for name, code in {"U8": "u1", "I8": "i1", "I32": "<i4", "I64": "<i8", "F32": "<f4"}.items()
}
# Elements that are at hand at a time.
_PIECE = 2**18


@dataclass(frozen=True)
class Part:
    """A tensor of the file; `pieces` yields its elements in order."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    pieces: Callable[[], Iterator[NDArray[Any]]]

    @property
    def size_bytes(self) -> int:
        return prod(self.shape) * self.dtype.itemsize


Parts: TypeAlias = Mapping[str, Part]


def ticket_file(reader: Reader, ref: TicketRef) -> tuple[int, Iterator[bytes]]:
    """Return size in bytes and pieces of the winning ticket of one replicate and level as a safetensors file.

    Per prunable kernel, `(n_out, n_in, *kernel)`: `fc1.weight_orig` (where training starts from), `fc1.weight_mask`
    (uint8, 1 = kept) and `fc1.weight_trained` (0 where pruned). Per other parameter `fc1.bias_orig` and
    `fc1.bias_trained`. What the run has not saved is left out.

    Raises: NotFound when that ticket is not saved (yet), Corrupt when its source is damaged.
    """
    index = reader.index(ref.run)
    if not any(name == "mask" for name, *_ in index.saved):
        raise NotFound(f"run {ref.run} has saved no tickets (yet)")
    spec = index.run.spec
    masks = {layer.key: _mask(reader, ref, number, layer) for number, layer in enumerate(index.layers)}
    trained = _saved(reader, index, "ticket", ref, pruned_by=ref)
    if not trained and index.run.trains_tickets:
        raise NotFound(f"replicate {ref.replicate} has saved no ticket of level {ref.level} yet")
    rewind, rewind_step = getattr(spec, "rewind", "weights"), getattr(spec, "rewind_step", 0)
    dense = TicketRef(ref.run, ref.replicate, 0)
    if ref.level > 0 and rewind != "weights":
        parent = dense if getattr(spec, "mode", "") == "one_shot" else TicketRef(ref.run, ref.replicate, ref.level - 1)
        start = _saved(reader, index, "ticket", parent, pruned_by=parent)
        origin = f"trained weights of level {parent.level}"
    elif ref.level > 0 and rewind_step > 0:
        start, origin = _saved(reader, index, "rewind", dense), f"weights at step {rewind_step}"
    else:
        start, origin = _saved(reader, index, "init", dense), "weights at step 0"
    tensors: dict[str, Part] = {}
    for name in start or trained or masks:
        artifacts = {"orig": start.get(name), "mask": masks.get(name), "trained": trained.get(name)}
        tensors |= {f"{name}_{end}": part for end, part in artifacts.items() if part is not None}
    about = {
        "run": index.run.id,
        "name": reader.store.run(ref.run).name,  # it may change without an event, unseen by the index
        "replicate": str(ref.replicate),
        "level": str(ref.level),
        "density": repr(sum(_kept(reader, index, ref)) / sum(prod(layer.shape) for layer in index.layers)),
        "orig": origin if start else "not saved",
        "spec": spec.model_dump_json(),
        "format": "pt",
    }
    head = _head(tensors, about)
    return len(head) + sum(part.size_bytes for part in tensors.values()), _file(head, tensors)


def _head(tensors: Parts, about: Mapping[str, str]) -> bytes:
    header: dict[str, Any] = {"__metadata__": about}
    stop = 0
    for name, part in tensors.items():
        start, stop = stop, stop + part.size_bytes
        header[name] = {"dtype": _NAMES[part.dtype], "shape": part.shape, "data_offsets": [start, stop]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def _file(head: bytes, tensors: Parts) -> Iterator[bytes]:
    yield head
    for part in tensors.values():
        for piece in part.pieces():
            yield piece.tobytes()


def _kept(reader: Reader, index: Index, ref: TicketRef) -> list[int]:
    """Return the kept weights by layer."""
    return [int(np.bitwise_count(reader.bits(ref, number)).sum()) for number in range(len(index.layers))]


def _bands(reader: Reader, ref: TicketRef, number: int, columns: int) -> Iterator[NDArray[np.uint8]]:
    """Yield the mask of a layer, some rows at a time."""
    bits = reader.bits(ref, number)
    high = max(1, _PIECE // columns)
    for top in range(0, len(bits), high):
        yield unpack(bits[top : top + high], columns)


def _mask(reader: Reader, ref: TicketRef, number: int, layer: Layer) -> Part:
    # Read once now: what is missing or damaged is an answer, not an end in the middle of one.
    reader.bits(ref, number)
    return Part(np.dtype("u1"), layer.shape, lambda: _bands(reader, ref, number, layer.size[1]))


def _saved(reader: Reader, index: Index, name: str, ref: TicketRef, pruned_by: TicketRef | None = None) -> Parts:
    """Return the parameters in an artifact, none when it is not saved.

    Kept values of `pruned_by` are in a dense kernel.
    """
    artifacts = reader.store.artifacts_store
    try:
        sha256 = index.find(name, ref).id
        artifacts.check(sha256)
    except (NotFound, FileNotFoundError):
        return {}
    layers = {layer.key: (number, layer) for number, layer in enumerate(index.layers)} if pruned_by else {}
    kept = _kept(reader, index, pruned_by) if pruned_by else []
    parts = {}
    with TensorFile(artifacts, sha256) as file:
        for key, entry in file.entries.items():
            kernel = key.removesuffix(_VALUES)
            if pruned_by is None or kernel not in layers:
                parts[key] = Part(entry.dtype, entry.shape, _whole(reader, sha256, key, prod(entry.shape)))
                continue
            number, layer = layers[kernel]
            if prod(entry.shape) != kept[number]:
                raise Corrupt(f"{key} of artifact {sha256} has {prod(entry.shape)} values for {kept[number]} weights")
            columns = layer.size[1]
            parts[kernel] = Part(
                entry.dtype, layer.shape, _scattered(reader, sha256, key, entry.dtype, pruned_by, number, columns)
            )
    return parts


def _whole(reader: Reader, sha256: str, key: str, size: int) -> Callable[[], Iterator[NDArray[Any]]]:
    def pieces() -> Iterator[NDArray[Any]]:
        with TensorFile(reader.store.artifacts_store, sha256) as file:
            for first in range(0, size, _PIECE):
                yield file.read(key, first, min(size, first + _PIECE))

    return pieces


def _scattered(
    reader: Reader, sha256: str, key: str, dtype: np.dtype[Any], ref: TicketRef, number: int, columns: int
) -> Callable[[], Iterator[NDArray[Any]]]:
    def pieces() -> Iterator[NDArray[Any]]:
        first = 0
        with TensorFile(reader.store.artifacts_store, sha256) as file:
            for mask in _bands(reader, ref, number, columns):
                last = first + int(np.count_nonzero(mask))
                dense = np.zeros(mask.shape, dtype)
                dense[mask == 1] = file.read(key, first, last)
                yield dense
                first = last

    return pieces
