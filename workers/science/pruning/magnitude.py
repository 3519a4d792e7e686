"""The core of magnitude pruning: which weights go."""

import numpy as np
import torch
from torch import Tensor


def prune_smallest(weights: Tensor, mask: Tensor, k: int) -> Tensor:
    """Return `mask` without the `k` kept weights of least magnitude; equal magnitudes go by flat index, lowest first.

    `weights` and `mask` (bool, True = kept) have the same number of entries on the same device; `k` lies in
    [0, kept]. Exactly `k` weights go, however many are equal. A NaN counts as infinite, so a diverged network is
    pruned too.

    Raises `ValueError` when `k` is out of range.
    """
    kept = int(mask.sum())
    if not 0 <= k <= kept:
        raise ValueError(f"cannot prune {k} of {kept} kept weights")
    if k == 0:
        return mask.clone()
    # With what is pruned already at infinity, the k-th smallest of all is the k-th smallest of the kept.
    magnitudes = torch.nan_to_num(weights.detach().abs(), nan=torch.inf, posinf=torch.inf)
    magnitudes = magnitudes.masked_fill(~mask, torch.inf).reshape(-1)
    # NumPy selects ten times as fast as torch.kthvalue on a CPU.
    threshold = float(np.partition(magnitudes.cpu().numpy(), k - 1)[k - 1])
    below = magnitudes < threshold
    ties = ((magnitudes == threshold) & mask.reshape(-1)).nonzero().squeeze(1)[: k - int(below.sum())]
    pruned = mask.reshape(-1) & ~below
    pruned[ties] = False
    return pruned.reshape(mask.shape)
