"""Measures on matrices whose answers are known by hand."""

import numpy as np
import pytest
import torch

from workers.science.erasure.measures import movement, similarity, sizes, spectral_norm, spectrum, ssim, stable_rank


def test_similarity_is_pearsons() -> None:
    a, b = torch.randn(8, 5, generator=torch.manual_seed(0)), torch.randn(8, 5, generator=torch.manual_seed(1))
    assert similarity(a, b) == pytest.approx(np.corrcoef(a.numpy().ravel(), b.numpy().ravel())[0, 1])
    assert similarity(a, 3 * a + 1) == pytest.approx(1)
    assert similarity(a, -a) == pytest.approx(-1)


def test_movement_is_relative() -> None:
    start = torch.tensor([[3.0, 0.0], [0.0, 4.0]])
    assert movement(start, start) == 0
    assert movement(start, start + torch.tensor([[0.0, 5.0], [0.0, 0.0]])) == pytest.approx(1)
    assert movement(start, -start) == pytest.approx(2)


def test_ssim_is_one_for_the_same_and_falls_with_noise() -> None:
    random = np.random.default_rng(0)
    start = random.normal(size=(40, 40)).astype(np.float32)
    assert ssim(start, start) == pytest.approx(1)
    assert ssim(start, -start) == pytest.approx(1)  # it looks at sizes
    little, much = (ssim(start, (start + scale * random.normal(size=(40, 40))).astype("f4")) for scale in (0.1, 1.0))
    assert 1 > little > much
    assert np.isnan(ssim(start[:6], start[:6]))


def test_stable_rank_counts_equal_directions() -> None:
    assert stable_rank(torch.eye(7)) == pytest.approx(7)
    assert stable_rank(torch.ones(5, 9)) == pytest.approx(1)
    assert stable_rank(torch.diag(torch.tensor([2.0, 1.0, 1.0]))) == pytest.approx(6 / 4)
    assert np.isnan(stable_rank(torch.zeros(3, 3)))


@pytest.mark.parametrize("shape", [(40, 50), (100, 70), (300, 300)])
def test_the_largest_singular_value_is_that_of_the_decomposition(shape: tuple[int, int]) -> None:
    matrix = torch.randn(*shape, generator=torch.manual_seed(0))
    assert spectral_norm(matrix) == pytest.approx(float(torch.linalg.svdvals(matrix.double())[0]), rel=1e-5)
    # A flat spectrum, as that of a dualised update, is the hardest.
    flat = torch.linalg.qr(matrix)[0]
    assert spectral_norm(flat) == pytest.approx(1, rel=1e-5)
    assert spectral_norm(torch.zeros(shape)) == 0


def test_a_spectrum_begins_at_the_largest_value_and_ends_at_the_smallest() -> None:
    matrix = torch.diag(torch.arange(100.0, 0.0, -1.0))
    shares, values = spectrum(matrix)
    assert len(shares) == 24
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert values == pytest.approx([100 - 99 * share for share in shares])
    assert len(spectrum(torch.ones(3, 8))[0]) == 3


def test_sizes_leave_out_zeros_and_keep_shares_of_all() -> None:
    centres, shares = sizes(torch.tensor([[0.0, 0.011, -0.011], [2.0, 0.0, 0.0]]))
    assert dict(zip(centres, shares, strict=True)) == pytest.approx({-1.875: 2 / 6, 0.375: 1 / 6})
