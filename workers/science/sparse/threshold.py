"""Below which density sparse layers train faster than masked dense ones, measured on this processor."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from statistics import median

import torch
from torch import Tensor, nn

from workers.science.data.dataset import Dataset, Split
from workers.science.models.init import initialise
from workers.science.models.prunable import prunable
from workers.science.optim import sgd
from workers.science.random import generator
from workers.science.sparse.layout import ALWAYS, sparse_layers
from workers.science.train.alone import train_alone
from workers.science.train.batches import Batches
from workers.science.train.dense import Dense
from workers.science.train.events import Event
from workers.science.train.sparse import lay_out

DENSITIES = (0.6, 0.45, 0.35, 0.28, 0.22, 0.17, 0.13, 0.1, 0.07, 0.05, 0.03, 0.02, 0.01)
"""The densities that are measured: neighbours differ by about a quarter, which is more than the measurement's error."""
MARGIN = 0.95
"""What a sparse step may take of a dense one: a gain below the noise is not worth another order of additions."""
PAIRS = 3
_FOREVER = 1_000_000_000


def csr_below(
    blank: Callable[[], nn.Module], shape: tuple[int, ...], batch_size: int, *, seconds: float = 0.1
) -> float:
    """Return the largest of DENSITIES at which a whole step of the network is faster with sparse layers; 0.0 for none.

    `blank()` builds the network, `shape` is that of an example. At each density, steps of both kinds run in turns for
    about `seconds`, and at least `PAIRS` turns. Three or four densities decide, as sparse training is faster below the
    result and slower above. What stays dense, the convolutions, is timed once and counted in. Nothing is measured where
    linear layers that took no time would not make it worth while. It is 0.0 where torch has no sparse products, and for
    a network of which no layer would become sparse. It is also 0.0 for one that is no sequence of modules: timing it as
    a whole takes too long.
    """
    network = blank()
    initialise(network, generator(0, "threshold"), "normal")  # defined for any
    nothing = {name: torch.zeros(layer.shape, dtype=torch.bool) for name, layer in prunable(network).items()}
    if type(network).forward is not nn.Sequential.forward or not sparse_layers(network, nothing, ALWAYS):
        return 0.0
    tail, inputs = _tail(network, shape)
    rest_s = 0.0
    if tail is not network:
        whole_s = _time(_loop(lay_out(network, {}), shape, batch_size))
        tail_s = _time(_loop(lay_out(tail, {}), inputs, batch_size))
        rest_s = max(0.0, whole_s - tail_s)
        if rest_s >= MARGIN * whole_s:
            return 0.0
    low, high = 0, len(DENSITIES)
    while low < high:
        middle = (low + high) // 2
        try:
            faster = _ratio(tail, inputs, batch_size, DENSITIES[middle], seconds, rest_s) < MARGIN
        except RuntimeError:
            return 0.0
        low, high = (low, middle) if faster else (middle + 1, high)
    return DENSITIES[low] if low < len(DENSITIES) else 0.0


class _Before(nn.Module):
    """A module in place of what comes before the linear layers: it needs the gradient by their inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.factor


def _tail(network: nn.Module, shape: tuple[int, ...]) -> tuple[nn.Module, tuple[int, ...]]:
    """Return the linear layers of a network with convolutions, and the shape of what they read.

    Else the network as it is.
    """
    modules = dict(network.named_children())
    first = next((name for name, module in modules.items() if isinstance(module, nn.Linear)), None)
    if first is None or not any(isinstance(module, nn.Conv2d) for module in modules.values()):
        return network, shape
    names = list(modules)[list(modules).index(first) :]
    tail = nn.Sequential(OrderedDict([("before", _Before()), *((name, modules[name]) for name in names)]))
    return tail, (network.get_parameter(f"{first}.weight").shape[1],)


def _ratio(
    network: nn.Module, shape: tuple[int, ...], batch_size: int, density: float, seconds: float, rest_s: float
) -> float:
    """Return the median time of a sparse step over that of a dense one, each pair measured in turn.

    `rest_s` is added to both.
    """
    masks = {name: _mask(layer.shape, density, name) for name, layer in prunable(network).items()}
    loops = [_loop(lay_out(network, masks, csr_below), shape, batch_size, masks) for csr_below in (0.0, 1.0)]
    spent, ratios = 0.0, list[float]()
    while len(ratios) < PAIRS or spent < seconds:
        dense, sparse = (_time(loop) for loop in loops)
        ratios.append((sparse + rest_s) / (dense + rest_s))
        spent += sparse + dense
    return median(ratios)


def _loop(
    layout: Dense, shape: tuple[int, ...], batch_size: int, masks: Mapping[str, Tensor] | None = None
) -> Iterator[Event]:
    """Return the loop of real trainings, stopping after each step; the first step, which warms up, is done."""
    draw = generator(0, "threshold", "pictures")
    split = Split(torch.rand(batch_size, *shape, generator=draw), torch.randint(10, (batch_size,), generator=draw))
    one = Split(split.x[:1], split.y[:1])
    data = Dataset("threshold", split, one, one, n_classes=10)
    batches = Batches(batch_size, batch_size, lambda _epoch: torch.arange(batch_size))
    optimizers = sgd.build(layout.network, lr=1e-3)
    loop = train_alone(layout, data, optimizers, batches, steps=_FOREVER, masks=masks, stops=range(1, _FOREVER))
    next(loop)  # before the first step
    next(loop)
    return loop


def _time(loop: Iterator[Event]) -> float:
    began = time.process_time()
    next(loop)
    return time.process_time() - began


def _mask(shape: tuple[int, ...], density: float, name: str) -> Tensor:
    """Draw a random mask that keeps at least one weight."""
    mask = torch.rand(shape, generator=generator(0, "threshold", name)) < density
    mask.view(-1)[0] = True
    return mask
