"""What every pruning method declares: how many weights its rounds leave, and when it acts."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal

from app.contract.budgets import Kernel
from app.contract.params.base import Params


class PruningParams(Params, ABC):
    """What every pruning method declares: how many weights its rounds leave, and when it `acts`."""

    acts: ClassVar[Literal["at initialisation", "after training"]] = "after training"
    """Whether a level is pruned by what training made of the weights, or by the weights at initialisation."""

    @abstractmethod
    def kept(self, kernels: Sequence[Kernel], rounds: int) -> list[int]:
        """Return the weights that `rounds` rounds leave in each kernel; pooled kernels are summed in the first."""
