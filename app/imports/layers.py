"""Which tensors of a network's files are the mask, the weights and the initial weights of which layer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, cast

from app.imports import names
from app.imports.header import Entry
from app.imports.limits import MAX_LAYERS
from app.imports.names import Named, Role
from app.imports.parts import Part
from app.imports.refused import Refused
from app.imports.source import Source
from app.imports.table import UNDECIDED, Choices, Line
from app.masks.codec import size_of

FLOATS: Final = ("F64", "F32", "F16", "BF16")
_OF_PART: Final[Mapping[str, Role]] = {
    "orig": "weights", "initial": "initial weights", "trained": "trained weights", "weights": "weights", "mask": "mask",
    "inverted mask": "inverted mask", "gain": "gain", "direction": "direction",
}  # fmt: skip
_PARTS: Final = {"mask": "mask", "inverted mask": "inverted mask", "weights": "weights", "initial weights": "initial"}


@dataclass(frozen=True)
class Layer:
    """A prunable kernel of one level, as its files keep it.

    Its mask is `mask`, or where that is None what is not 0 in `values`. `values` are the weights under the mask, None
    when there are none. `initial` are the weights that training started from, None when unknown. `stored` is the shape
    in the file. `sure` is False of a mask that only its values distinguish from another buffer.
    """

    name: str
    stem: str
    stored: tuple[int, ...]
    mask: Part | None
    values: Part | None
    initial: Part | None
    sure: bool = True

    @property
    def decides(self) -> Part:
        """Return the part that decides which weights are kept."""
        return self.mask or cast(Part, self.values)

    def as_mask(self, *, inverted: bool) -> "Layer":
        """Return the layer with its values as its mask."""
        return replace(self, mask=replace(self.decides, inverted=inverted), values=None)

    @property
    def weights(self) -> int:
        """Return the number of weights."""
        rows, columns = size_of(self.stored)
        return rows * columns


@dataclass
class Reading:
    """The layers of one level in the order of their files, and a line for each tensor by its name."""

    layers: list[Layer]
    lines: dict[str, Line]


@dataclass(frozen=True)
class _Tensor:
    source: Source
    entry: Entry
    named: Named


def layers_of(sources: Sequence[Source], choices: Choices = UNDECIDED) -> Reading:
    """Return the prunable layers of a network in one file or in several, as far as headers show. Raises Refused."""
    parameters: dict[str, dict[str, _Tensor]] = {}
    reading = Reading([], {})
    tensors: list[_Tensor] = []
    for source in sources:
        for entry in source.entries().values():
            if entry.name in reading.lines:
                raise Refused(
                    source.name, "is also in another file of the same network", tensor=entry.name, field="name"
                )
            tensor = _Tensor(source, entry, _named(entry, choices))
            reading.lines[entry.name] = _line(tensor, "other", "", False, "")
            tensors.append(tensor)
    known = {tensor.entry.name for tensor in tensors}
    for tensor in tensors:
        why = _left_out(tensor, known, choices)
        if why is not None:
            reading.lines[tensor.entry.name] = _line(tensor, why[0], "", False, why[1])
            continue
        stem = tensor.named.stem
        if tensor.entry.name.endswith(".mask"):
            stem = next((s for s in (f"{stem}.weight", f"{stem}.kernel") if s in known or f"{s}_orig" in known), stem)
        own = parameters.setdefault(stem, {})
        if tensor.named.part in own:
            spare = f"{own[tensor.named.part].entry.name} is used instead"
            reading.lines[tensor.entry.name] = _line(tensor, _OF_PART[tensor.named.part], "", False, spare)
            continue
        own[tensor.named.part] = tensor
    for stem, own in parameters.items():
        layer = _layer(stem, own, reading, choices)
        if layer is not None:
            reading.layers.append(layer)
    first = sources[0].name
    if not reading.layers:
        raise Refused(first, "it contains no kernel of two or more dimensions and no mask of one")
    if len(reading.layers) > MAX_LAYERS:
        raise Refused(first, f"{len(reading.layers):,} layers; at most {MAX_LAYERS} are allowed", status=413)
    called = [layer.name for layer in reading.layers]
    if len(set(called)) < len(called):
        twice = next(name for name in called if called.count(name) > 1)
        raise Refused(first, "this layer occurs twice, with and without .weight", tensor=twice, field="name")
    return reading


def _named(entry: Entry, choices: Choices) -> Named:
    """Return the parts of a name, with the role that a reader declares in place of the one in the name."""
    named = names.taken_apart(entry.name)
    chosen = choices.roles.get(entry.name)
    if chosen is None or chosen == "left out":
        return named
    return Named(named.stem, _PARTS[chosen])  # type: ignore[arg-type]  # a value of that table


def _left_out(tensor: _Tensor, known: set[str], choices: Choices) -> tuple[Role, str] | None:
    """Return the role of a tensor that belongs to no layer, and the reason; None for one that may."""
    entry, named = tensor.entry, tensor.named
    chosen = choices.roles.get(entry.name)
    if chosen == "left out":
        return named.role or _OF_PART[named.part], "left out by choice"
    if not entry.readable:
        return "unsupported type", f"numbers of type {entry.dtype} are not supported"
    if chosen is not None:
        return None
    if named.role is not None:
        return named.role, named.why
    plain = names.without_average(entry.name)
    averaged = {plain, plain.removeprefix("model."), f"model.{plain}", f"module.{plain}", f"{plain}_orig"}
    if plain != entry.name and averaged & known:
        return "average", "an average of the weights over training; the weights themselves are used"
    return None


def _layer(stem: str, own: Mapping[str, _Tensor], reading: Reading, choices: Choices) -> Layer | None:
    """Build the layer of these tensors and fill in their lines; None when they are no prunable kernel."""
    mask = own.get("mask") or own.get("inverted mask")
    normed = _normed(own)
    values = own.get("trained") or own.get("weights") or own.get("orig") or normed
    initial = own.get("initial") or (own.get("orig") if "trained" in own else None)
    for tensor in own.values():
        reading.lines[tensor.entry.name] = _line(tensor, _OF_PART[tensor.named.part], "", False, _spare(values))
    members = [item for item in (mask, values, initial) if item is not None]
    why = _no_kernel(stem, mask, values, members, choices)
    if why is not None:
        for tensor in own.values():
            reading.lines[tensor.entry.name] = _line(tensor, *why)
        return None
    name = names.layer_name(stem)
    whole = values or initial or members[0]
    if not name:
        raise Refused(whole.source.name, "has no layer name", tensor=whole.entry.name, field="name")
    shape = whole.entry.shape
    parts = {}
    for part, source in (("mask", mask), ("values", values), ("initial", initial)):
        if source is None:
            continue
        tensor = source
        fitted = _fitted(tensor.entry, shape, stem, part == "mask")
        if fitted is None:
            of = mask if mask is not None and tensor is not mask else whole
            message = f"is {times(tensor.entry.shape)}, but {times(of.entry.shape)} in {of.entry.name!r}"
            raise Refused(tensor.source.name, message, tensor=tensor.entry.name, field="shape")
        pruned = choices.one_means == "pruned" and tensor.entry.name not in choices.roles
        inverted = part == "mask" and (pruned or tensor.named.part == "inverted mask")
        gain = own["gain"].entry if tensor is normed else None
        parts[part] = Part(tensor.source, fitted, shape, inverted, gain)
        role: Role = "initial weights" if part == "initial" else _OF_PART[tensor.named.part]
        role = "inverted mask" if inverted else role
        reading.lines[tensor.entry.name] = _line(tensor, role, name, True, _said(part, tensor, fitted, shape, inverted))
    if normed is not None and values is normed:
        reading.lines[own["gain"].entry.name] = _line(own["gain"], "gain", name, True, "the lengths of weight norm")
    sure = (
        names.names_kernel(stem) or values is not None or any(member.entry.name in choices.roles for member in members)
    )
    return Layer(name, stem, shape, parts.get("mask"), parts.get("values"), parts.get("initial"), sure)


def _normed(own: Mapping[str, _Tensor]) -> _Tensor | None:
    """Return the directions of weight norm, where the tensors have a length for each row too."""
    gain, direction = own.get("gain"), own.get("direction")
    if gain is None or direction is None or not direction.entry.shape:
        return None
    return direction if gain.entry.size == direction.entry.shape[0] else None


def _no_kernel(
    stem: str, mask: _Tensor | None, values: _Tensor | None, members: Sequence[_Tensor], choices: Choices
) -> tuple[Role, str, bool, str] | None:
    """Return the line of tensors that are no prunable kernel: role, no layer, not taken, and why; None for a kernel."""
    if not members:
        return "other", "", False, "it has no matching weights"
    if max(len(member.entry.shape) for member in members) < 2:
        role: Role = "norm" if names.is_norm(stem) else "mask" if mask else "other"
        return role, "", False, "one dimension: vectors and normalisation parameters are not prunable"
    if any(member.entry.size == 0 for member in members):
        return "empty", "", False, "it is empty"
    if any(member.entry.name in choices.roles for member in members):
        return None
    if names.is_norm(stem):
        return "norm", "", False, "normalisation parameters are not prunable"
    if mask is None and values is not None:
        if names.is_embedding(values.entry.name):
            return "embedding", "", False, "an embedding table, not the kernel of a linear layer or convolution"
        if not names.names_kernel(stem) and values.entry.dtype not in FLOATS and values.entry.dtype != "BOOL":
            return "buffer", "", False, "integers that are not named weight"
    return None


def _fitted(entry: Entry, shape: tuple[int, ...], stem: str, mask: bool) -> Entry | None:
    """Return the tensor in as many dimensions as the kernel has; None when it does not fit.

    A mask may be of channels.
    """
    if entry.shape == shape:
        return entry
    if not mask:
        return None
    own = entry.shape
    if len(own) == 1 and own[0] == shape[0] and not names.is_flax(stem):
        own = own + (1,) * (len(shape) - 1)
    own = (1,) * (len(shape) - len(own)) + own
    fits = len(own) == len(shape) and all(mine in (1, its) for mine, its in zip(own, shape, strict=True))
    return entry._replace(shape=own) if fits else None


def _spare(values: _Tensor | None) -> str:
    return f"{values.entry.name} is used instead" if values is not None else "it has no matching weights"


def _said(part: str, tensor: _Tensor, fitted: Entry, shape: tuple[int, ...], inverted: bool) -> str:
    said = []
    if inverted:
        said.append("1 means pruned")
    if part == "mask" and fitted.shape != shape:
        said.append(f"repeated over the kernel, {times(shape)}")
    if tensor.named.part == "direction":
        said.append("weights are the lengths times these directions (weight norm)")
    return "; ".join(said)


def _line(tensor: _Tensor, role: Role, layer: str, taken: bool, why: str) -> Line:
    return Line(tensor.entry.name, tensor.entry.dtype, tensor.entry.shape, role, layer, taken, why)


def times(shape: tuple[int, ...]) -> str:
    """Return a shape in words: 3×4."""
    return "×".join(map(str, shape)) or "a single number"
