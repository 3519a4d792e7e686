"""What a pruning method decides by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from app.contract.architecture import Role
from workers.science.architecture.architecture import architecture
from workers.science.models.prunable import Layer
from workers.science.train.batches import Feed
from workers.science.train.task import Task


@dataclass(frozen=True)
class Trainable:
    """The network that is pruned and what it is trained on: `blank()` builds one whose weights are still to be set.

    `feed(i)` gives inputs and targets of batch i, of an order of its own; `task` defines the loss on them.
    """

    blank: Callable[[], nn.Module]
    feed: Feed
    task: Task


@dataclass(frozen=True)
class PruningContext:
    """The network at the moment at which a method acts: at initialisation, after a training or during it.

    `weights` and `masks` (bool, True = kept) are by parameter name, with one mask for each of `layers`. `weights` may
    hold other parameters and buffers too. `rounds` are to be done at once on the same weights. `theta0` are all
    parameters at initialisation. During a training, `step` of its `steps` have been made, and it began with the masks
    `start`; otherwise `step` is None. `generator` is keyed to the replicate, the level and the step. All is on the CPU.
    """

    weights: Mapping[str, Tensor]
    masks: Mapping[str, Tensor]
    layers: Mapping[str, Layer]
    rounds: int = 1
    theta0: Mapping[str, Tensor] = field(default_factory=dict)
    trainable: Trainable | None = None
    generator: torch.Generator = field(default_factory=torch.Generator)
    step: int | None = None
    steps: int = 0
    start: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def first(self) -> Mapping[str, Tensor]:
        """Return the masks that the rounds are counted from."""
        return self.start or self.masks

    def network(self) -> nn.Module:
        """Return a network of its own with these weights, 0 where pruned. Raises `ValueError` without `trainable`."""
        if self.trainable is None:
            raise ValueError("a network is asked for, and the context has none")
        network = self.trainable.blank()
        masked = {name: w * self.masks[name] if name in self.masks else w for name, w in self.weights.items()}
        network.load_state_dict(masked)
        return network

    def gradients(self, batches: int = 1) -> dict[str, Tensor]:
        """Return the gradient of the mean loss over the first `batches` by each prunable weight, pruned ones too.

        The network is in training mode. Raises `ValueError` without `trainable`.
        """
        network = self.network()
        kernels = [network.get_parameter(name) for name in self.layers]
        sums = [torch.zeros_like(kernel) for kernel in kernels]
        for i in range(batches):
            assert self.trainable is not None  # noqa: S101 (there is a network)
            x, y = self.trainable.feed(i)
            loss = self.trainable.task.loss(network(x), y)
            torch._foreach_add_(sums, torch.autograd.grad(loss, kernels))
        return {name: total / batches for name, total in zip(self.layers, sums, strict=True)}

    def roles(self) -> dict[str, Role]:
        """Return the role of each prunable kernel. Raises `ValueError` without `trainable`, `NotDefined` untraced."""
        network = self.network()
        assert self.trainable is not None  # noqa: S101 (there is a network)
        kernels = architecture(network, self.trainable.feed(0)[0][:2]).kernels
        return {kernel.name: kernel.role for kernel in kernels if kernel.name in self.layers}
