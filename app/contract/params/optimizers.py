"""What every optimizer declares: its rates in the erasure study and the cost of a step."""

from typing import ClassVar

from app.contract.params.base import Lr, Params


class OptimizerParams(Params):
    """What every optimizer declares: where it learns, and what a step costs.

    `lrs` is its default grid in the erasure study. One step takes `gradients` gradients and, per kernel, `rounds`
    rounds of matrix products that cost as much as one of Newton-Schulz. That is X Xᵀ, its square, and their product
    with X. One that is `elementwise` moves each weight by what it knows of that weight, so that it can train kept
    weights alone. With one gradient a step it also does to a stack of networks what it would do to each. One that
    `needs_roles` treats hidden kernels otherwise than the first and the last. So it needs a model that can be traced.
    """

    lrs: ClassVar[tuple[float, ...]]
    rounds: ClassVar[int] = 0
    gradients: ClassVar[int] = 1
    elementwise: ClassVar[bool] = True
    needs_roles: ClassVar[bool] = False

    lr: Lr
