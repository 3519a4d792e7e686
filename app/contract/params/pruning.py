"""What every pruning method declares: how many weights its rounds leave."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from app.contract.budgets import Kernel
from app.contract.params.base import Params


class PruningParams(Params, ABC):
    """What every pruning method declares: how many weights its rounds leave."""

    @abstractmethod
    def kept(self, kernels: Sequence[Kernel], rounds: int) -> list[int]:
        """Return the weights that `rounds` rounds leave in each kernel; pooled kernels are summed in the first."""
