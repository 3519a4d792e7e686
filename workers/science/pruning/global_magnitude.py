"""Global magnitude pruning: the layers are pooled and lose the smallest weights wherever they are."""

import torch
from torch import Tensor

from app.contract.budgets import kept_pooled
from workers.science.pruning.context import PruningContext
from workers.science.pruning.magnitude import prune_smallest


def prune(context: PruningContext, *, rate: float = 0.2) -> dict[str, Tensor]:
    """Return masks after the context's rounds, each pruning round(rate · kept) weights, layers pooled.

    The output layer counts in `kept` but loses nothing; a round takes no more than the others still hold. Ties go by
    flat index over the layers in order. New masks are subsets of the old; a layer may end with no weight at all.

    Source: Frankle et al. 2020, arXiv 1903.01611, and OpenLTH's sparse_global, which prunes one weight more.
    """
    weights, masks, layers = context.weights, context.masks, context.layers
    pool = [name for name, layer in layers.items() if layer.kind != "output"]
    kept = sum(int(masks[name].sum()) for name in layers)
    before = sum(int(masks[name].sum()) for name in pool)
    available = kept_pooled(kept, before, rate, context.rounds)
    pruned = {name: masks[name].clone() for name in layers}
    if pool:
        pooled_weights = torch.cat([weights[name].detach().reshape(-1) for name in pool])
        pooled_mask = torch.cat([masks[name].reshape(-1) for name in pool])
        pooled_mask = prune_smallest(pooled_weights, pooled_mask, before - available)
        for name, part in zip(pool, torch.split(pooled_mask, [masks[name].numel() for name in pool]), strict=True):
            pruned[name] = part.reshape(masks[name].shape).clone()
    return pruned
