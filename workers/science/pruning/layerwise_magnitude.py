"""Layerwise magnitude pruning: each layer loses its own smallest weights at its own rate."""

from torch import Tensor

from app.contract.budgets import kept_layerwise
from workers.science.pruning.context import PruningContext
from workers.science.pruning.magnitude import prune_smallest


def prune(
    context: PruningContext, *, rate: float = 0.2, conv_rate: float = 0.1, output_rate: float = 0.1
) -> dict[str, Tensor]:
    """Return masks after the context's rounds, each pruning round(rate · kept) weights per layer.

    Rates are shares in [0, 1) of the weights a layer still keeps. One shot of L rounds keeps exactly as many weights
    per layer as L rounds of one. New masks are subsets of the old; a layer may end with no weight at all.

    Source: Frankle & Carbin 2019, arXiv 1803.03635, section 2. Its code and OpenLTH's threshold at `sorted[k]` and so
    prune k + 1; here it is k.
    """
    rates = {"linear": rate, "conv": conv_rate, "output": output_rate}
    pruned = {}
    for name, layer in context.layers.items():
        before = int(context.masks[name].sum())
        kept = kept_layerwise(before, rates[layer.kind], context.rounds)
        pruned[name] = prune_smallest(context.weights[name], context.masks[name], before - kept)
    return pruned
