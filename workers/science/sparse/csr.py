"""Linear layers that hold only their kept weights, as compressed sparse rows (CSR).

Tensors between such layers lie in memory feature by feature, `(n_features, n)`. Each product then reads whole rows,
which measures about twice as fast as example by example. On a CPU.
"""

import warnings
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from workers.science.sparse.transposed import transposed


class _Matrix(NamedTuple):
    """Compressed sparse rows: where each row starts, the columns and values in them, and all as torch's own matrix."""

    starts: Tensor
    columns: Tensor
    values: Tensor
    matrix: Tensor

    def times(self, features: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return its product with contiguous features, plus a bias for each row."""
        if features.is_cuda:
            return self.matrix @ features if bias is None else torch.addmm(bias[:, None], self.matrix, features)
        # A bag of weighted embeddings is the same sum, and on a CPU measures twice as fast as torch's sparse product.
        # torch.nn.functional's of the same name checks at each call what is right by construction.
        product: Tensor = torch.embedding_bag(
            features, self.columns, self.starts, False, 0, False, self.values, include_last_offset=True
        )[0]
        return product if bias is None else product.add_(bias[:, None])


class Csr:
    """W `(n_out, n_in)`, 0 outside `mask`, whose kept weights are `values` `(n_kept,)` in flat order.

    `values` is shared, not copied: a change in place changes W. The pattern comes from the mask, so that a
    kept weight that is 0 stays a weight.

    Raises `ValueError` when the mask is no matrix, or keeps another number of weights.
    """

    def __init__(self, mask: Tensor, values: Tensor) -> None:
        if mask.dim() != 2:
            raise ValueError("a sparse matrix needs a mask of two dimensions")
        if values.shape != (int(mask.sum()),):
            raise ValueError(f"{int(mask.sum())} kept weights are not {tuple(values.shape)} values")
        n_out, n_in = mask.shape
        self.mask, self.values = mask, values.detach()
        rows, columns = mask.nonzero(as_tuple=True)
        # 32 bits are what the kernels want; with 64 they convert at each call.
        index = _starts(rows, n_out), columns.int()
        self._matrix = _Matrix(*index, self.values, _csr(*index, self.values, (n_out, n_in)))
        self._gradient = torch.zeros_like(self.values)
        self._template = _csr(*index, self._gradient, (n_out, n_in))
        # The order of the transpose: by column, and by row within it. Its values are copied at each use.
        self._order = torch.argsort(columns * n_out + rows)
        index, values = (_starts(columns, n_in), rows[self._order].int()), torch.zeros_like(self.values)
        self._transposed = _Matrix(*index, values, _csr(*index, values, (n_in, n_out)))

    @property
    def dense(self) -> Tensor:
        """Return W, a copy."""
        dense = torch.zeros(self.mask.shape, dtype=self.values.dtype)
        dense[self.mask] = self.values
        return dense

    def indices(self, *, training: bool) -> list[Tensor]:
        """Return what its products read besides the values.

        Gradients need the transpose too, and have one of their own.
        """
        held = [self._matrix.starts, self._matrix.columns]
        if training:
            back = self._transposed
            held += [back.starts, back.columns, back.values, self._order, self._gradient]
        return held

    def product(self, features: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return W h + b for h `(n_in, n)`, contiguous: `(n_out, n)`."""
        return self._matrix.times(features, bias)

    def to_features(self, grad: Tensor) -> Tensor:
        """Return the gradient by h, Wᵀ g `(n_in, n)`, from that by the product, g `(n_out, n)`, contiguous."""
        torch.index_select(self.values, 0, self._order, out=self._transposed.values)
        return self._transposed.times(grad)

    def to_values(self, grad: Tensor, features: Tensor) -> Tensor:
        """Return the gradient by the kept weights, computed at these alone: (g hᵀ)[mask], `(n_kept,)`.

        The next call writes over it.
        """
        # beta = 0 would still spread a NaN of what is written over.
        self._gradient.zero_()
        torch.sparse.sampled_addmm(self._template, grad, features.t(), beta=0.0, out=self._template)
        return self._gradient


class SparseLinear(nn.Module):
    """y = x Wᵀ + b for x `(..., n_in)`, with W `(n_out, n_in)` 0 outside `mask` and trained only inside it.

    `values` are the kept weights, a parameter: an optimizer sees, and remembers, nothing else of W. Once
    differentiable; to be trained where it was built, as a copy would not share its parameter's memory.

    Raises `ValueError` when the mask does not fit the weight.
    """

    def __init__(self, weight: Tensor, mask: Tensor, bias: Tensor | None = None) -> None:
        super().__init__()
        if mask.shape != weight.shape:
            raise ValueError(f"a mask of {tuple(mask.shape)} does not fit a matrix of {tuple(weight.shape)}")
        self.values = nn.Parameter(weight.detach()[mask].clone())
        self.bias = None if bias is None else nn.Parameter(bias.detach().clone())
        self.matrix = Csr(mask, self.values)

    def forward(self, x: Tensor) -> Tensor:
        """Return `(..., n_out)` from `(..., n_in)`."""
        if x.dim() > 2:
            return self(x.flatten(0, -2)).unflatten(0, x.shape[:-1])  # type: ignore[no-any-return]
        y: Tensor = _Linear.apply(x, self.values, self.bias, self.matrix)  # type: ignore[no-untyped-call]
        return y


class _Linear(torch.autograd.Function):
    """x Wᵀ + b; autograd's own gradient of a sparse product would be dense."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, _values: Tensor, bias: Tensor | None, matrix: Csr) -> Tensor:
        features = transposed(x)
        ctx.save_for_backward(features)
        ctx.matrix = matrix
        return matrix.product(features, bias).t()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None, None]:
        (features,) = ctx.saved_tensors
        matrix: Csr = ctx.matrix
        grad = transposed(grad)
        return (
            matrix.to_features(grad).t() if ctx.needs_input_grad[0] else None,
            matrix.to_values(grad, features).clone() if ctx.needs_input_grad[1] else None,
            grad.sum(1) if ctx.needs_input_grad[2] else None,
            None,
        )


def _csr(starts: Tensor, columns: Tensor, values: Tensor, shape: tuple[int, int]) -> Tensor:
    with warnings.catch_warnings():
        # Torch calls its sparse tensors beta at the first one; what is used of them here is tested.
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        return torch.sparse_csr_tensor(starts, columns, values, shape, check_invariants=False)


def _starts(rows: Tensor, n: int) -> Tensor:
    """Return where each of `n` rows begins in a list sorted by row, and where the last one ends: `(n + 1,)`."""
    starts = torch.zeros(n + 1, dtype=torch.int32, device=rows.device)
    starts[1:] = torch.bincount(rows, minlength=n).cumsum(0)
    return starts
