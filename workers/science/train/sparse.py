"""A single network whose linear layers hold their kept weights only, as compressed sparse rows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from workers.science.data.dataset import Dataset
from workers.science.sparse.csr import SparseLinear
from workers.science.sparse.feed_forward import FeedForward
from workers.science.sparse.layout import feed_forward, is_perceptron, linear, sparse_layers
from workers.science.sparse.replace import replaced
from workers.science.train.batches import Batches, Feed
from workers.science.train.dense import Dense
from workers.science.train.task import CLASSIFICATION, Task


def lay_out(
    model: nn.Module,
    masks: Mapping[str, Tensor],
    csr_below: float = 0.0,
    task: Task = CLASSIFICATION,
    *,
    autocast: torch.dtype | None = None,
) -> Dense:
    """Lay out `model` as it is, under `masks` (parameter name -> bool, True = kept), ready to be trained.

    Below the density `csr_below` linear layers become sparse (`sparse_layers`): the network trains what the dense one
    would, up to the order of additions. The layout's `kernels` are those whose masks are still to be held.
    """
    names = sparse_layers(model, masks, csr_below)
    if not names:
        return Dense(model, task, autocast=autocast)
    if is_perceptron(model) and task is CLASSIFICATION:
        return Perceptron(model, masks, names)
    return Mixed(model, masks, names, task, autocast=autocast)


class Perceptron(Dense):
    """A multilayer perceptron with all layers sparse and its gradients written out, for classification."""

    network: FeedForward

    def __init__(self, model: nn.Module, masks: Mapping[str, Tensor], sparse: tuple[str, ...]) -> None:
        super().__init__(feed_forward(model, masks))
        self.sparse = sparse

    @property
    def kernels(self) -> Mapping[str, nn.Parameter]:
        return {}

    def feed(self, data: Dataset, batches: Mapping[int, Batches], steps: int) -> Feed:
        # To select the inputs of all pictures takes as long as it saves in this many steps; cut ones come later.
        if steps > len(data.train) / 16 and not batches[0].cut:
            data = replace(data, train=replace(data.train, x=self.network.inputs_read(data.train.x)))
        return super().feed(data, batches, steps)

    def gradients(self, x: Tensor, y: Tensor) -> Sequence[Tensor]:
        return (self.network.gradients(x, y),)

    def state(self, slot: int = 0) -> dict[str, Tensor]:
        layers: dict[str, Tensor] = {}
        for name, (weight, bias) in zip(self.sparse, self.network.layers(), strict=True):
            layers |= {f"{name}.weight": weight, f"{name}.bias": bias}
        return layers


class Mixed(Dense):
    """A network with some linear layers sparse and the rest as it was."""

    def __init__(
        self,
        model: nn.Module,
        masks: Mapping[str, Tensor],
        sparse: tuple[str, ...],
        task: Task,
        *,
        autocast: torch.dtype | None,
    ) -> None:
        parts = {name: linear(model, name) for name in sparse}
        self._sparse = {
            name: SparseLinear(part.weight, masks[f"{name}.weight"], part.bias) for name, part in parts.items()
        }
        super().__init__(replaced(model, self._sparse), task, autocast=autocast)
        self._model, self.sparse = model, sparse

    @property
    def kernels(self) -> Mapping[str, nn.Parameter]:
        own = {f"{name}.{part}" for name in self.sparse for part in ("weight", "bias")}
        return {name: parameter for name, parameter in self._model.named_parameters() if name not in own}

    def state(self, slot: int = 0) -> dict[str, Tensor]:
        tensors = {name: tensor.detach().cpu().clone() for name, tensor in self._model.state_dict().items()}
        for name, layer in self._sparse.items():
            tensors[f"{name}.weight"] = layer.matrix.dense
            if layer.bias is not None:
                tensors[f"{name}.bias"] = layer.bias.detach().clone()
        return tensors
