"""The architecture of a run, on the layers of imported files that correspond to those of the run."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.contract.architecture import Architecture
from app.contract.experiment import FieldError
from app.imports.orientation import Kernel
from app.imports.recognition import Recognition
from app.masks.chain import Shape
from app.masks.pairing import Layers, pair, times
from app.masks.routes import Network

_RUN, _LAYERS = "architecture_of", "architecture_layers"


@dataclass(frozen=True)
class Known:
    """The architecture of `run`, and names and shapes of the layers that it may prune.

    `layers` holds the run's layer by that of the files, for those that a reader has decided.
    """

    run: str
    network: Network
    prunable: Layers
    layers: Mapping[str, str]


def applied(recognition: Recognition, known: Known) -> tuple[Recognition, Network]:
    """Return what was recognised with its layers in the run's order, and the network under the names of the files.

    Raises FieldError for layers that do not pair, or only by a reader's decision.
    """
    names = _paired(recognition.kernels, known)
    kernels = {names[kernel.name]: kernel for kernel in recognition.kernels}
    places = {kernel.name: place for place, kernel in enumerate(recognition.kernels)}
    architecture = known.network.architecture
    forward = [kernel for kernel in architecture.kernels if _layer(kernel.name) in kernels]
    ordered = [kernels[_layer(kernel.name)]._replace(groups=kernel.groups) for kernel in forward]
    order = [places[kernel.name] for kernel in ordered]
    levels = [
        level._replace(layers=[level.layers[i] for i in order], counted=[level.counted[i] for i in order])
        for level in recognition.levels
    ]
    keys = {traced.name: kernel.key for traced, kernel in zip(forward, ordered, strict=True)}
    return recognition._replace(kernels=ordered, levels=levels), Network(_renamed(architecture, keys))


def _paired(kernels: Sequence[Kernel], known: Known) -> dict[str, str]:
    """Return the run's layer by that of the files."""
    mine = {kernel.name: kernel.shape for kernel in kernels}
    traced = known.network.architecture.by_name
    theirs = {name: shape for name, shape in known.prunable if f"{name}.weight" in traced}
    names = _decided(mine, theirs, known)
    rest = [(name, shape) for name, shape in mine.items() if name not in names]
    others = [(name, shape) for name, shape in theirs.items() if name not in names.values()]
    if reason := "; ".join(filter(None, [_alone(rest, others, known.run), _alone(others, rest, "the files")])):
        raise FieldError(_RUN, f"does not fit: {reason}")
    pairing = pair(rest, others)
    paired = {name: others[place][0] for (name, _), place in zip(rest, pairing.places, strict=True)}
    if not pairing.decided:
        several = Counter(shape for _, shape in rest)
        proposal = {name: other for name, other in paired.items() if several[mine[name]] > 1}
        raise FieldError(
            _LAYERS,
            f"must be given: names and shapes do not determine which layer of the files is which of {known.run}. "
            f"Confirm or change the proposal: {json.dumps(proposal)}",
        )
    return names | paired


def _alone(layers: Layers, others: Layers, where: str) -> str:
    """Return which layers have no counterpart of their shape among the others; "" where all have one."""
    left = Counter(shape for _, shape in layers) - Counter(shape for _, shape in others)
    same = set(others)
    alone: list[str] = []
    for name, shape in layers:
        if left[shape] and (name, shape) not in same:
            left[shape] -= 1
            alone.append(f"{name} ({times(shape)})")
    if not alone:
        return ""
    more = f" and {len(alone) - 3} more" if len(alone) > 3 else ""
    return f"no layer of {where} corresponds to {', '.join(alone[:3])}{more}"


def _decided(mine: Mapping[str, Shape], theirs: Mapping[str, Shape], known: Known) -> dict[str, str]:
    """Return what a reader has decided, where it fits."""
    for name, other in known.layers.items():
        if name not in mine:
            raise FieldError(_LAYERS, f"names {name[:120]!r}, which is none of the files; they have {', '.join(mine)}")
        if other not in theirs:
            raise FieldError(
                _LAYERS, f"names {other[:120]!r}, which is none of {known.run}; it has {', '.join(theirs)}"
            )
        if mine[name] != theirs[other]:
            shapes = f"{name} is {times(mine[name])}, {other} of {known.run} is {times(theirs[other])}"
            raise FieldError(_LAYERS, f"does not fit: {shapes}")
    twice = [other for other, n in Counter(known.layers.values()).items() if n > 1]
    if twice:
        raise FieldError(_LAYERS, f"names {twice[0]} of {known.run} more than once")
    return dict(known.layers)


def _renamed(architecture: Architecture, keys: Mapping[str, str]) -> Architecture:
    """Return an architecture whose kernels have other names; what no file holds gives way where names are the same."""
    taken = set(keys.values())

    def name(tensor: str) -> str:
        if tensor in keys:
            return keys[tensor]
        while tensor in taken:
            tensor += "_"
        return tensor

    return Architecture(
        tuple(
            replace(kernel, name=name(kernel.name), reads=tuple(name(read) if read else read for read in kernel.reads))
            for kernel in architecture.kernels
        ),
        tuple(
            replace(group, axes=tuple(replace(axis, tensor=name(axis.tensor)) for axis in group.axes))
            for group in architecture.groups
        ),
    )


def _layer(kernel: str) -> str:
    return kernel.removesuffix(".weight")
