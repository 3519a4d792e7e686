"""The state of a training between two steps: all that the loop itself keeps."""

from dataclasses import dataclass, field
from math import fsum, isfinite, nan

import torch
from torch import Tensor


@dataclass
class LoopState:
    """`step` updates have been made; `losses` are those of the last ones, not read from the device yet.

    `summed` and `counted` are the losses read since the last mean was taken. `lost` is after how many updates the
    training diverged, once that was seen.
    """

    step: int = 0
    losses: list[Tensor] = field(default_factory=list)
    summed: float = 0.0
    counted: int = 0
    lost: int | None = None

    def read(self) -> int | None:
        """Read the losses, which waits for the device; return after how many updates one was not finite, or None."""
        if not self.losses:
            return None
        values = torch.stack(self.losses).tolist()
        self.losses.clear()
        bad = next((i for i, value in enumerate(values) if not isfinite(value)), None)
        if bad is not None:
            self.lost = self.step - len(values) + bad
            return self.lost
        self.summed, self.counted = self.summed + fsum(values), self.counted + len(values)
        return None

    def mean(self) -> float:
        """Return the mean of the losses read since the last call; NaN without one."""
        mean = self.summed / self.counted if self.counted else nan
        self.summed, self.counted = 0.0, 0
        return mean
