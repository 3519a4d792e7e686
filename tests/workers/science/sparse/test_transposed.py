"""A transpose holds the same numbers the other way round, row by row in memory."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from workers.science.sparse.transposed import transposed


@given(st.integers(0, 9), st.integers(0, 9), st.sampled_from([torch.float32, torch.float64]), st.booleans())
def test_it_is_numpy_s_transpose_and_lies_row_by_row(n: int, m: int, dtype: torch.dtype, across: bool) -> None:
    matrix = torch.arange(n * m).to(dtype).reshape(m, n).t() if across else torch.arange(n * m).to(dtype).reshape(n, m)
    found = transposed(matrix)
    assert found.is_contiguous()
    assert found.shape == (m, n)
    assert np.array_equal(found.numpy(), matrix.numpy().T)


def test_part_of_a_larger_matrix() -> None:
    large = torch.randn(40, 50)
    part: Tensor = large[3:30:2, 5:45]
    assert np.array_equal(transposed(part).numpy(), part.numpy().T)
