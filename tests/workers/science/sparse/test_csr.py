"""CSR layers compute what masked dense ones do, values and gradients, and remember only what is kept."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from workers.science.sparse.csr import Csr, SparseLinear


def drawn(n_out: int, n_in: int, density: float, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Weight, mask, which may keep nothing, and bias; in double precision, so that rounding is out of the way."""
    draw = torch.Generator().manual_seed(seed)
    mask = torch.rand(n_out, n_in, generator=draw) < density
    weight = torch.randn(n_out, n_in, generator=draw, dtype=torch.float64)
    return weight, mask, torch.randn(n_out, generator=draw, dtype=torch.float64)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 7), st.floats(0, 1), st.booleans(), st.integers(0, 99))
def test_a_sparse_layer_is_the_masked_dense_one(
    n_out: int, n_in: int, n: int, density: float, biased: bool, seed: int
) -> None:
    weight, mask, bias = drawn(n_out, n_in, density, seed)
    x = torch.randn(n, n_in, generator=torch.Generator().manual_seed(seed + 1), dtype=torch.float64)
    pull = torch.randn(n, n_out, generator=torch.Generator().manual_seed(seed + 2), dtype=torch.float64)

    dense_w, dense_b, dense_x = (t.clone().requires_grad_() for t in (weight * mask, bias, x))
    expected = nn.functional.linear(dense_x, dense_w, dense_b if biased else None)
    (expected * pull).sum().backward()  # type: ignore[no-untyped-call]

    layer = SparseLinear(weight, mask, bias if biased else None)
    sparse_x = x.clone().requires_grad_()
    found = layer(sparse_x)
    (found * pull).sum().backward()

    assert dense_w.grad is not None
    assert layer.values.grad is not None
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(sparse_x.grad, dense_x.grad)
    torch.testing.assert_close(layer.values.grad, dense_w.grad[mask])
    if layer.bias is not None:
        torch.testing.assert_close(layer.bias.grad, dense_b.grad)


def test_a_kept_weight_of_zero_stays_a_weight() -> None:
    mask = torch.tensor([[True, False, True]])
    layer = SparseLinear(torch.tensor([[0.0, 5.0, 2.0]]), mask)
    assert layer.values.tolist() == [0.0, 2.0]
    layer(torch.tensor([[3.0, 1.0, 1.0]])).sum().backward()
    assert layer.values.grad is not None
    assert layer.values.grad.tolist() == [3.0, 1.0]


def test_a_nan_spreads_to_the_weights_that_meet_it_and_no_further() -> None:
    layer = SparseLinear(torch.ones(2, 2), torch.tensor([[True, False], [False, True]]))

    def gradient(x: float) -> list[float]:
        layer.zero_grad()
        layer(torch.tensor([[x, 1.0]])).sum().backward()
        assert layer.values.grad is not None
        return layer.values.grad.tolist()

    first, second = gradient(float("nan"))
    assert first != first
    assert second == 1.0
    assert gradient(1.0) == [1.0, 1.0]


def test_an_optimizer_moves_the_matrix_and_remembers_the_kept_weights_only() -> None:
    weight, mask, bias = drawn(6, 5, 0.3, 4)
    layer = SparseLinear(weight, mask, bias)
    adam = torch.optim.Adam(layer.parameters(), lr=0.1)
    before = layer.matrix.dense.clone()
    layer(torch.ones(2, 5, dtype=torch.float64)).sum().backward()
    adam.step()
    assert torch.equal(layer.matrix.dense[mask], layer.values.detach())
    assert not torch.equal(layer.matrix.dense, before)
    assert torch.count_nonzero(layer.matrix.dense[~mask]) == 0
    assert 0 < mask.sum() < mask.numel()
    assert {state["exp_avg"].shape for state in adam.state.values()} == {(int(mask.sum()),), (6,)}


@pytest.mark.parametrize(
    ("mask", "values"),
    [
        (torch.ones(2, dtype=torch.bool), torch.zeros(2)),
        (torch.ones(2, 2, dtype=torch.bool), torch.zeros(3)),
    ],
)
def test_what_is_no_sparse_matrix_is_refused(mask: Tensor, values: Tensor) -> None:
    with pytest.raises(ValueError, match=r"kept weights|two dimensions"):
        Csr(mask, values)


def test_a_mask_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        SparseLinear(torch.zeros(2, 3), torch.ones(3, 2, dtype=torch.bool))
