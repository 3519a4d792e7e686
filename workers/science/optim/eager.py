"""Torch's optimizers without its compiler."""

from inspect import unwrap

import torch
from torch.optim import SGD, Adam, AdamW, Muon, Optimizer, RMSprop

_METHODS = ("add_param_group", "state_dict", "load_state_dict", "zero_grad")


def leave_out_the_compiler() -> None:
    """Take from the optimizers the decorators that import `torch._dynamo`: 1.4 s of CPU in every process that trains.

    They are only marks for the compiler to stop at. A step still runs without a graph of its own, as they see to.
    """
    for method in _METHODS:
        setattr(Optimizer, method, unwrap(getattr(Optimizer, method)))
    for kind in (SGD, Adam, AdamW, Muon, RMSprop):
        kind.step = torch.no_grad()(unwrap(kind.step))  # type: ignore[method-assign]
