"""What every pruning method declares: how many weights its rounds leave, and when it acts."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal, TypeAlias

from app.contract.budgets import Kernel
from app.contract.params.base import Params

Acts: TypeAlias = Literal["at initialisation", "after training", "during training"]


class PruningParams(Params, ABC):
    """What every pruning method declares: how many weights its rounds leave, and when it `acts`."""

    acts: ClassVar[Acts] = "after training"
    """Whether a level is pruned by the trained weights, by those at initialisation, or as it trains."""

    @abstractmethod
    def kept(self, kernels: Sequence[Kernel], rounds: int) -> list[int]:
        """Return the weights that `rounds` rounds leave in each kernel; pooled kernels are summed in the first."""

    def pruning_steps(self, steps: int) -> range:  # noqa: ARG002 (none but of methods that act during a training)
        """Return the numbers of updates after which a training of `steps` is pruned."""
        return range(0)
