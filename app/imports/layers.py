"""Which tensors of a file are the mask, the weights and the initial weights of which layer."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from app.imports.header import Entry
from app.imports.limits import MAX_LAYERS, MAX_SIDE, MAX_WEIGHTS
from app.imports.refused import Refused
from app.imports.source import Source
from app.masks.codec import size_of

_ENDS = ("_mask", "_orig", "_trained")
_FLOATS = ("F64", "F32", "F16", "BF16")


class Layer(NamedTuple):
    """A prunable kernel of one file.

    Its mask is `mask`, or where that is None what is not 0 in `values`. `values` are the weights under the mask, None
    when the file has none. `initial` are the weights that training started from, None when unknown.
    """

    name: str
    shape: tuple[int, ...]
    mask: Entry | None
    values: Entry | None
    initial: Entry | None

    @property
    def key(self) -> str:
        """Its parameter's name, as artifacts have it."""
        return f"{self.name}.weight"

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of its matrix."""
        return size_of(self.shape)

    @property
    def weights(self) -> int:
        """How many there are."""
        return self.size[0] * self.size[1]


def layers_of(source: Source) -> list[Layer]:
    """The prunable layers of a file, in network order as far as names and shapes tell it. Raises Refused.

    A parameter X is read from X_mask with X_orig or X (torch.nn.utils.prune), from X_orig, X_mask and X_trained (this
    program's own tickets), or from X alone, where 0 is pruned. Prunable are kernels of two or more dimensions; biases
    and norm parameters are not.

    Convolutions come before linear layers, each kind by name with numbers in their order: files are sorted by name.
    """
    parts: dict[str, dict[str, Entry]] = {}
    for entry in source.entries().values():
        end = next((end for end in _ENDS if entry.name.endswith(end)), "")
        parts.setdefault(entry.name.removesuffix(end), {})[end] = entry
    found = [layer for stem, roles in parts.items() if (layer := _layer(source.name, stem, roles))]
    if not found:
        raise Refused(source.name, "no kernel of two or more dimensions and no mask of one is in it")
    if len(found) > MAX_LAYERS:
        raise Refused(source.name, f"{len(found):,} layers; at most {MAX_LAYERS} are allowed", status=413)
    names = [layer.name for layer in found]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise Refused(source.name, "this layer is named twice, with and without .weight", tensor=twice, field="name")
    return sorted(found, key=lambda layer: (len(layer.shape) == 2, _natural(layer.name)))


def agree(sources: Sequence[Source], levels: Sequence[Sequence[Layer]]) -> None:
    """Every file has the layers of the first, in the same shapes. Raises Refused."""
    expected = {layer.name: layer.shape for layer in levels[0]}
    for source, layers in zip(sources[1:], levels[1:], strict=True):
        mine = {layer.name: layer.shape for layer in layers}
        for name in expected.keys() ^ mine.keys():
            what = "is missing here" if name in expected else "is not in the first file"
            raise Refused(source.name, f"{what}, but all files must have the same layers", tensor=name, field="name")
        for name, shape in mine.items():
            if shape != expected[name]:
                message = f"is {_times(shape)} here and {_times(expected[name])} in {sources[0].name}"
                raise Refused(source.name, message, tensor=name, field="shape")


def _layer(file: str, stem: str, roles: Mapping[str, Entry]) -> Layer | None:
    """The layer that these tensors make, None when they are no prunable kernel."""
    mask = roles.get("_mask")
    values = roles.get("_trained") or roles.get("") or roles.get("_orig")
    if mask is None:
        if values is None or not _is_kernel(stem, values):
            return None
        if values.dtype == "BOOL":
            mask, values = values, None
    initial = roles.get("_orig") if "_trained" in roles else None
    members = [entry for entry in (mask, values, initial) if entry is not None]
    if max(len(entry.shape) for entry in members) < 2:
        return None
    shape = members[0].shape
    for entry in members:
        if entry.shape != shape:
            message = f"is {_times(entry.shape)}, but {_times(shape)} in {members[0].name!r}"
            raise Refused(file, message, tensor=entry.name, field="shape")
    layer = Layer(stem.removesuffix(".weight"), shape, mask, values, initial)
    if not layer.name:
        raise Refused(file, "leaves no name for its layer", tensor=members[0].name, field="name")
    if not 0 < layer.weights <= MAX_WEIGHTS:
        message = f"has {layer.weights:,} weights; a layer may have 1 to {MAX_WEIGHTS:,}"
        raise Refused(file, message, tensor=members[0].name, field="shape", status=413 if layer.weights else 422)
    if max(layer.size) > MAX_SIDE:
        message = f"has {max(layer.size):,} rows or columns as a matrix; at most {MAX_SIDE:,} are allowed"
        raise Refused(file, message, tensor=members[0].name, field="shape", status=413)
    return layer


def _is_kernel(stem: str, entry: Entry) -> bool:
    """Whether a tensor without a mask holds prunable weights; buffers of whole numbers and biases do not."""
    return len(entry.shape) >= 2 and (stem.endswith("weight") or (entry.dtype in _FLOATS and not stem.endswith("bias")))


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that puts `layer.10` behind `layer.9`."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d{1,18})", name)]


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "a single number"
