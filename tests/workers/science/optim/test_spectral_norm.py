"""Power iteration against an SVD, on matrices that are kind to it and on those that are not."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from workers.science.optim.spectral_norm import BLOCK, spectral_norm
from workers.science.random import generator


def gaussian(m: int, n: int, seed: int = 0) -> Tensor:
    return torch.randn(m, n, generator=generator(seed, "gaussian", m, n))


def low_rank(m: int, n: int) -> Tensor:
    return gaussian(m, 3) @ gaussian(3, n)


def nearly_rank_one(m: int, n: int) -> Tensor:
    return gaussian(m, 1) @ gaussian(1, n) + 0.02 * gaussian(m, n)


def crowded(m: int, n: int) -> Tensor:
    """Singular values that fall slowly: 1, 0.93, 0.9, 0.87, ..."""
    values = torch.arange(1, min(m, n) + 1) ** -0.1
    left, right = (torch.linalg.qr(gaussian(side, len(values))).Q for side in (m, n))
    matrix: Tensor = (left * values) @ right.T
    return matrix


def by_svd(matrix: Tensor) -> float:
    return float(torch.linalg.matrix_norm(matrix.double(), 2))


@pytest.mark.parametrize("draw", [gaussian, low_rank, nearly_rank_one, crowded])
@pytest.mark.parametrize(("m", "n"), [(512, 512), (300, 784), (10, 256), (256, 10), (3, 5), (1, 7), (7, 1)])
def test_within_three_thousandths_of_an_svd_and_from_below(draw: Callable[[int, int], Tensor], m: int, n: int) -> None:
    matrix = draw(m, n)
    ratio = float(spectral_norm(matrix).norm) / by_svd(matrix)
    assert 1 - 3e-3 < ratio < 1 + 1e-6


@settings(max_examples=50)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 100), st.floats(-15, 30))
def test_any_shape_and_scale(m: int, n: int, seed: int, exponent: float) -> None:
    matrix = gaussian(m, n, seed) * 10**exponent
    assert float(spectral_norm(matrix).norm) == pytest.approx(by_svd(matrix), rel=3e-3)


def test_a_warm_start_takes_few_products(monkeypatch: pytest.MonkeyPatch) -> None:
    iterations = 0
    eigvalsh = torch.linalg.eigvalsh

    def counted(gram: Tensor) -> Tensor:
        nonlocal iterations
        iterations += 1
        values: Tensor = eigvalsh(gram)
        return values

    monkeypatch.setattr(torch.linalg, "eigvalsh", counted)
    matrix = gaussian(300, 300)
    start = spectral_norm(matrix).vectors
    cold, iterations = iterations, 0
    near = matrix + 0.01 * gaussian(300, 300, seed=1)
    assert float(spectral_norm(near, start).norm) == pytest.approx(by_svd(near), rel=3e-3)
    assert iterations <= 4 < cold


def test_it_follows_a_matrix_whose_first_singular_vector_is_overtaken() -> None:
    """With one vector, and directions that share nothing, the estimate would stay on the old first one."""
    vectors = None
    for step in range(20):
        matrix = torch.diag(torch.tensor([1.0, 0.5 + 0.1 * step, *([0.1] * 20)]))
        norm, vectors = spectral_norm(matrix, vectors)
        assert float(norm) == pytest.approx(max(1.0, 0.5 + 0.1 * step), rel=3e-3)


def test_the_vectors_are_orthonormal_rows_and_the_same_each_time() -> None:
    first, second = (spectral_norm(gaussian(30, 50)) for _ in range(2))
    assert first.vectors.shape == (BLOCK, 50)
    torch.testing.assert_close(first.vectors @ first.vectors.T, torch.eye(BLOCK))
    assert torch.equal(first.vectors, second.vectors)
    assert first.norm == second.norm


def test_of_zeros_it_is_zero_and_of_what_is_not_finite_nan() -> None:
    norm, vectors = spectral_norm(torch.zeros(4, 6))
    assert norm == 0
    assert vectors.isfinite().all()
    for bad in (torch.nan, torch.inf):
        norm, vectors = spectral_norm(torch.full((4, 6), bad))
        assert norm.isnan()
        assert vectors.isfinite().all()
