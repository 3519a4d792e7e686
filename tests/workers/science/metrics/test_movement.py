"""Movement by hand and against NumPy."""

from math import isnan, nan

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from workers.science.metrics.movement import BINS, Movement, histograms, movement
from workers.science.random import generator

START = torch.tensor([[0.5, -0.5, 0.2], [-0.1, 0.0, 9.0]])
END = torch.tensor([[1.0, 0.5, 0.1], [-0.2, 0.3, -9.0]])
ALIVE = torch.tensor([[True, True, True], [True, True, False]])
KEPT = torch.tensor([[True, True, False], [False, True, False]])


def test_by_hand() -> None:
    """Kept: 0.5→1, −0.5→0.5 (a flip), 0→0.3 (no sign, no flip). Pruned: 0.2→0.1, −0.1→−0.2. The dead 9→−9 is out."""
    row = movement(START, END, ALIVE, KEPT)
    expected = Movement(
        alive=5,
        kept=3,
        mean_abs_move_kept=1.8 / 3,
        mean_abs_move_pruned=0.1,
        sign_flips_kept=1 / 3,
        sign_flips_pruned=0.0,
        mean_abs_init_kept=1 / 3,
        mean_abs_trained_kept=1.8 / 3,
        mean_abs_init_pruned=0.15,
        mean_abs_trained_pruned=0.15,
    )
    assert row == pytest.approx(expected, rel=1e-6)


def test_empty_groups_are_nan() -> None:
    row = movement(START, END, ALIVE, ALIVE)
    assert (row.alive, row.kept) == (5, 5)
    assert isnan(row.mean_abs_move_pruned)
    assert isnan(row.sign_flips_pruned)
    collapsed = movement(START, END, torch.zeros_like(ALIVE), torch.zeros_like(ALIVE))
    assert (collapsed.alive, collapsed.kept) == (0, 0)
    assert all(isnan(value) for value in collapsed[2:])


def random_layer() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    start, end = (torch.randn(40, 50, generator=generator(0, name)) for name in ("start", "end"))
    alive = torch.rand(40, 50, generator=generator(0, "alive")) < 0.6
    return start, end, alive, alive & (end.abs() > 0.4)


def test_histograms_as_by_numpy() -> None:
    start, end, alive, kept = random_layer()
    counts = histograms(start, end, alive, kept)
    moved = (end - start).abs().numpy()
    edges, joint_edges = counts["edges"].numpy(), counts["joint_edges"].numpy()
    assert edges[0] == 0
    assert edges[-1] == moved[alive.numpy()].max()
    assert joint_edges[-1] == -joint_edges[0] == max(start[alive].abs().max(), end[alive].abs().max())
    np.testing.assert_array_equal(counts["kept"], np.histogram(moved[kept.numpy()], edges)[0])
    np.testing.assert_array_equal(counts["pruned"], np.histogram(moved[(alive & ~kept).numpy()], edges)[0])
    joint, _, _ = np.histogram2d(start[alive].numpy(), end[alive].numpy(), [joint_edges, joint_edges])
    np.testing.assert_array_equal(counts["joint"], joint)
    assert counts["joint"].sum() == alive.sum() == counts["kept"].sum() + counts["pruned"].sum()


def test_histogram_axes() -> None:
    """One weight from −1 to 1: row of the start, column of the end."""
    counts = histograms(torch.tensor([-1.0]), torch.tensor([1.0]), torch.tensor([True]), torch.tensor([True]))
    assert counts["joint"][0, -1] == 1
    assert counts["joint"].sum() == 1
    assert counts["kept"][-1] == 1
    assert not counts["pruned"].any()


@pytest.mark.parametrize("value", [0.0, nan])
def test_weights_that_did_not_move_or_diverged(value: float) -> None:
    start, alive = torch.zeros(3), torch.ones(3, dtype=torch.bool)
    counts = histograms(start, torch.full((3,), value), alive, alive)
    assert (counts["edges"].diff() > 0).all()
    assert (counts["joint_edges"].diff() > 0).all()
    assert counts["kept"].sum() == (0 if isnan(value) else 3)


weights = st.lists(
    st.tuples(
        st.floats(-1e3, 1e3, width=32) | st.just(nan), st.floats(-1e3, 1e3, width=32), st.booleans(), st.booleans()
    ),
    max_size=30,
)


@given(weights)
def test_every_finite_alive_weight_is_counted_once(cells: list[tuple[float, float, bool, bool]]) -> None:
    start = torch.tensor([cell[0] for cell in cells])
    end = torch.tensor([cell[1] for cell in cells])
    alive = torch.tensor([cell[2] for cell in cells], dtype=torch.bool)
    kept = alive & torch.tensor([cell[3] for cell in cells], dtype=torch.bool)
    counts = histograms(start, end, alive, kept)
    finite = start.isfinite()
    assert counts["kept"].shape == counts["pruned"].shape == (BINS,)
    assert counts["joint"].shape == (BINS, BINS)
    assert counts["kept"].sum() == (kept & finite).sum()
    assert counts["pruned"].sum() == (alive & ~kept & finite).sum()
    assert counts["joint"].sum() == (alive & finite).sum()
