"""Gradual magnitude pruning: each layer loses its own smallest weights during a training, by a cubic schedule."""

from torch import Tensor

from app.contract.budgets import gradual, kept_layerwise, pruning_steps
from workers.science.pruning.context import PruningContext
from workers.science.pruning.magnitude import prune_smallest


def prune(
    context: PruningContext, *, rate: float = 0.5, begin: float = 0.0, end: float = 0.5, every: int = 100
) -> dict[str, Tensor]:
    """Return masks after the context's step: each layer keeps the share of its weights that the schedule gives.

    The sparsity s_t rises from s_i, that of the masks at the beginning, to s_f, which rounds at `rate` leave. It is
    s_t = s_f + (s_i − s_f) · (1 − (t − t0) / (n · every))³. Outside a training it is s_f at once. Weights that are left
    are counted, round((1 − s_t) · weights). New masks are subsets of the old.

    Source: Zhu & Gupta 2017, arXiv 1710.01878, equation 1. There pruned weights may come back; here they stay pruned.
    """
    done = 1.0
    if context.step is not None:
        times = pruning_steps(begin, end, every, context.steps)
        done = (times.index(context.step) + 1) / len(times)
    pruned = {}
    for name in context.layers:
        first, now = (int(masks[name].sum()) for masks in (context.first, context.masks))
        left = gradual(first, kept_layerwise(first, rate, context.rounds), done)
        pruned[name] = prune_smallest(context.weights[name], context.masks[name], now - left)
    return pruned
