"""Which layers of a network under masks are worth holding as compressed sparse rows."""

from collections import Counter
from collections.abc import Mapping

from torch import Tensor, nn

from workers.science.metrics.density import density
from workers.science.sparse.feed_forward import FeedForward, Layer

ALWAYS = 2.0
"""A threshold that every density lies below."""


def sparse_layers(model: nn.Module, masks: Mapping[str, Tensor], csr_below: float) -> tuple[str, ...]:
    """Return the names of the linear layers that become sparse.

    That is when less than the share `csr_below` of all their weights is kept. Of a multilayer perceptron all become
    sparse, of another network all but the output layer, which is small. Convolutions stay dense: as rows on unfolded
    patches they measured slower at 5 % density. Pruning also leaves them denser than the linear layers
    (docs/benchmarks.md).
    """
    linear = linear_layers(model)
    if not linear or any(f"{name}.weight" not in masks for name in linear):
        return ()
    if density({name: masks[f"{name}.weight"] for name in linear}) >= csr_below:
        return ()
    return tuple(linear if is_perceptron(model) else linear[:-1])


def linear_layers(model: nn.Module) -> list[str]:
    """Return the names of the linear layers, in the model's order; one whose weight another module has too is none."""
    names = [name for name, _ in model.named_parameters(remove_duplicate=False)]
    own = Counter(id(model.get_parameter(name)) for name in names)
    return [
        name for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and type(module).forward is nn.Linear.forward and own[id(module.weight)] == 1
    ]  # fmt: skip


def is_perceptron(model: nn.Module) -> bool:
    """Return whether it is linear layers with a ReLU between each two, and biases, after a flattening."""
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


def feed_forward(model: nn.Module, masks: Mapping[str, Tensor]) -> FeedForward:
    """Return a multilayer perceptron (`is_perceptron`) with all its layers sparse."""
    parts = [(linear(model, name), masks[f"{name}.weight"]) for name in linear_layers(model)]
    return FeedForward([Layer(part.weight, mask, part.bias) for part, mask in parts])


def linear(model: nn.Module, name: str) -> nn.Linear:
    """Return a linear layer by its name."""
    module = model.get_submodule(name)
    assert isinstance(module, nn.Linear)  # noqa: S101 (names are those of linear layers)
    return module
