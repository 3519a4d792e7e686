"""Newton-Schulz against an SVD, singular value by singular value."""

from math import pi

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from workers.science.optim.muon import FlatMuon
from workers.science.optim.orthogonalise import (
    MODULA,
    Coefficients,
    frobenius_norm,
    orthogonalise,
    reciprocal,
)
from workers.science.random import generator

SHAPES = [(40, 40), (30, 70), (70, 30), (1, 9), (9, 1)]
# Five rounds that take those in [0.01, 1] into [0.68, 1.14]; in bfloat16, as torch.optim.Muon computes them, the result
# is off by up to 0.05 more in the spectral norm. Source: Jordan et al. 2024, "Muon".
MUON: Coefficients = ((3.4445, -4.7750, 2.0315),) * 5
# Of every size from just below 1 down to 0: each gives a 2×2 matrix of Frobenius norm 1 two singular values.
ANGLES = torch.linspace(0, pi / 4, 500, dtype=torch.float64)


def drawn(m: int, n: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(m, n, generator=generator(1, m, n), dtype=torch.float64).to(dtype)


def planted(m: int, n: int, values: Tensor) -> Tensor:
    """A matrix with these singular values."""
    left = torch.linalg.qr(drawn(m, len(values))).Q
    right = torch.linalg.qr(drawn(n, len(values))).Q
    matrix: Tensor = (left * values) @ right.T
    return matrix


def nearest_orthogonal(matrix: Tensor) -> Tensor:
    u, _, vh = torch.linalg.svd(matrix, full_matrices=False)
    product: Tensor = u @ vh
    return product


def mapped(values: Tensor, coefficients: Coefficients) -> Tensor:
    """What the rounds do to singular values of these shares of the Frobenius norm, as a polynomial of numbers."""
    for a, b, c in coefficients:
        values = a * values + b * values**3 + c * values**5
    return values


@pytest.mark.parametrize(
    ("coefficients", "lowest", "low", "high"), [(MODULA, 3e-3, 0.995, 1.0), (MUON, 1e-2, 0.68, 1.14)]
)
def test_singular_values_are_mapped_into_the_stated_range(
    coefficients: Coefficients, lowest: float, low: float, high: float
) -> None:
    ends = []
    for angle in ANGLES:
        values = torch.stack([angle.cos(), angle.sin()])
        result = torch.linalg.svdvals(orthogonalise(torch.diag(values), coefficients))
        torch.testing.assert_close(result, mapped(values, coefficients).sort(descending=True).values)
        ends += mapped(values, coefficients)[values >= lowest].tolist()
    assert low <= min(ends)
    assert max(ends) <= high
    # The range is no wider than it need be.
    assert min(ends) < low + 0.005
    assert max(ends) > high - 0.01


@pytest.mark.parametrize(("m", "n"), SHAPES)
@pytest.mark.parametrize("coefficients", [MODULA, MUON], ids=["modula", "muon"])
def test_singular_vectors_are_those_of_an_svd(m: int, n: int, coefficients: Coefficients) -> None:
    matrix = drawn(m, n)
    u, s, vh = torch.linalg.svd(matrix, full_matrices=False)
    expected = (u * mapped(s / s.norm(), coefficients)) @ vh
    torch.testing.assert_close(orthogonalise(matrix, coefficients), expected)


@pytest.mark.parametrize(("m", "n"), SHAPES)
def test_modula_is_the_nearest_orthogonal_matrix_within_half_a_percent(m: int, n: int) -> None:
    matrix = planted(m, n, torch.logspace(0, -1.5, min(m, n), dtype=torch.float64))
    error = orthogonalise(matrix, MODULA) - nearest_orthogonal(matrix)
    assert torch.linalg.matrix_norm(error, 2) < 0.005


def test_single_precision_is_off_by_rounding_alone() -> None:
    matrix = drawn(60, 80)
    error = orthogonalise(matrix.float(), MODULA).double() - orthogonalise(matrix, MODULA)
    assert torch.linalg.matrix_norm(error, 2) < 1e-5


def test_torchs_muon_takes_the_same_rounds_in_bfloat16_and_is_off_by_less_than_a_twentieth() -> None:
    matrix = drawn(60, 60, torch.float32)
    kernel = nn.Parameter(torch.zeros(60, 60))
    kernel.grad = matrix.clone()
    FlatMuon([kernel], lr=1.0, momentum=0.0, weight_decay=0.0).step()
    error = torch.linalg.matrix_norm(-kernel.detach() - orthogonalise(matrix, MUON), 2)
    assert 0.005 < error < 0.05


@given(st.integers(1, 12), st.integers(1, 12), st.floats(-30, 18), st.integers(0, 10))
def test_scale_and_transposition_make_no_difference(m: int, n: int, exponent: float, seed: int) -> None:
    matrix = torch.randn(m, n, generator=generator(seed, "matrix"))
    result = orthogonalise(matrix, MODULA)
    torch.testing.assert_close(orthogonalise(matrix * 10**exponent, MODULA), result, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(orthogonalise(matrix.T, MODULA), result.T, rtol=1e-3, atol=1e-4)
    assert torch.linalg.matrix_norm(result, 2) < 1.0001


def test_a_low_rank_stays_low() -> None:
    values = torch.tensor([3.0, 1.0], dtype=torch.float64)
    result = torch.linalg.svdvals(orthogonalise(planted(20, 30, values), MODULA))
    assert (result[:2] > 0.995).all()
    assert (result[2:] < 1e-10).all()


def test_zeros_stay_zero_and_what_is_not_finite_becomes_nan() -> None:
    assert torch.equal(orthogonalise(torch.zeros(3, 5), MODULA), torch.zeros(3, 5))
    for bad in (torch.nan, torch.inf):
        matrix = torch.ones(3, 5)
        matrix[1, 2] = bad
        assert orthogonalise(matrix, MODULA).isnan().all()


def test_the_norm_of_numbers_whose_squares_overflow() -> None:
    assert float(frobenius_norm(torch.full((3, 3), 1e30))) == pytest.approx(3e30)
    assert reciprocal(torch.tensor([0.0, 4.0, torch.inf])).tolist() == [0.0, 0.25, 0.0]
    assert reciprocal(torch.tensor(torch.nan)).isnan()
