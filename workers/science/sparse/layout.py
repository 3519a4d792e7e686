"""How a network under masks is laid out for training: dense, or with its linear layers as compressed sparse rows."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from workers.science.metrics.density import density
from workers.science.sparse.csr import SparseLinear
from workers.science.sparse.feed_forward import FeedForward, Layer
from workers.science.sparse.replace import replaced

ALWAYS = 2.0
"""A threshold that every density lies below."""


@dataclass(frozen=True)
class Layout:
    """A network to be trained: `masks` are those that the training still has to hold, of dense layers.

    `sparse` names the layers that hold their kept weights only. `state()` gives all tensors of the network that was
    laid out, as they are now: copies on the CPU.
    """

    network: nn.Module
    masks: Mapping[str, Tensor]
    sparse: tuple[str, ...]
    state: Callable[[], dict[str, Tensor]]


def sparse_layers(model: nn.Module, masks: Mapping[str, Tensor], csr_below: float) -> tuple[str, ...]:
    """Names of the linear layers that `lay_out` makes sparse."""
    linear = linear_layers(model)
    if not linear or any(f"{name}.weight" not in masks for name in linear):
        return ()
    if density({name: masks[f"{name}.weight"] for name in linear}) >= csr_below:
        return ()
    return tuple(linear if is_perceptron(model) else linear[:-1])


def lay_out(model: nn.Module, masks: Mapping[str, Tensor], csr_below: float = 0.0) -> Layout:
    """`model` as it stands, under `masks` (parameter name -> bool, True = kept), ready to be trained.

    Linear layers become sparse when less than the share `csr_below` of all their weights is kept: of a multilayer
    perceptron all, of another network all but the output layer, which is small. Convolutions stay dense: as rows on
    unfolded patches they measured slower at 5 % density, and pruning leaves them denser than the linear layers
    (docs/benchmarks.md). The network trains what the dense one would, up to the order of additions.
    """
    names = sparse_layers(model, masks, csr_below)
    if not names:
        return Layout(model, masks, (), lambda: _state(model))
    return _perceptron(model, names, masks) if is_perceptron(model) else _mixed(model, names, masks)


def linear_layers(model: nn.Module) -> list[str]:
    """Names of the linear layers, in the model's order; one whose weight another module has too is none."""
    names = [name for name, _ in model.named_parameters(remove_duplicate=False)]
    own = Counter(id(model.get_parameter(name)) for name in names)
    return [
        name for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and type(module).forward is nn.Linear.forward and own[id(module.weight)] == 1
    ]  # fmt: skip


def is_perceptron(model: nn.Module) -> bool:
    """Whether it is linear layers with a ReLU between each two, and biases, after a flattening."""
    kinds = [type(module) for module in model.children()]
    middle = [issubclass(kind, nn.Linear) for kind in kinds[1:]]
    return (
        type(model).forward is nn.Sequential.forward
        and len(kinds) % 2 == 0
        and kinds[0] is nn.Flatten
        and all(linear == (i % 2 == 0) for i, linear in enumerate(middle))
        and all(kind is nn.ReLU for kind in kinds[2::2])
        and all(module.bias is not None for module in model.children() if isinstance(module, nn.Linear))
    )


def _perceptron(model: nn.Module, names: tuple[str, ...], masks: Mapping[str, Tensor]) -> Layout:
    parts = [_linear(model, name) for name in names]
    network = FeedForward(
        [Layer(part.weight, masks[f"{name}.weight"], part.bias) for name, part in zip(names, parts, strict=True)]
    )

    def state() -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}
        for name, (weight, bias) in zip(names, network.layers(), strict=True):
            found |= {f"{name}.weight": weight, f"{name}.bias": bias}
        return found

    return Layout(network, {}, names, state)


def _mixed(model: nn.Module, names: tuple[str, ...], masks: Mapping[str, Tensor]) -> Layout:
    sparse = {}
    for name in names:
        part = _linear(model, name)
        sparse[name] = SparseLinear(part.weight, masks[f"{name}.weight"], part.bias)
    network = replaced(model, sparse)

    def state() -> dict[str, Tensor]:
        found = _state(model)
        for name, layer in sparse.items():
            found[f"{name}.weight"] = layer.matrix.dense
            if layer.bias is not None:
                found[f"{name}.bias"] = layer.bias.detach().clone()
        return found

    still = {name: mask for name, mask in masks.items() if name.removesuffix(".weight") not in sparse}
    return Layout(network, still, names, state)


def _linear(model: nn.Module, name: str) -> nn.Linear:
    module = model.get_submodule(name)
    assert isinstance(module, nn.Linear)  # noqa: S101 (names are those of linear layers)
    return module


def _state(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}
