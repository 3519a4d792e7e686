"""How far weights move in one training, apart for those that survive the next pruning and those that do not."""

from typing import NamedTuple

import torch
from torch import Tensor

BINS = 64


class Movement(NamedTuple):
    """One layer's movement over one training, over the weights alive in it.

    `alive` = kept + pruned are counts. `sign_flips_*` are shares in [0, 1]. `mean_abs_*` are means of |end − start|,
    |start| and |end| over a group. All are NaN for an empty group.
    """

    alive: int
    kept: int
    mean_abs_move_kept: float
    mean_abs_move_pruned: float
    sign_flips_kept: float
    sign_flips_pruned: float
    mean_abs_init_kept: float
    mean_abs_trained_kept: float
    mean_abs_init_pruned: float
    mean_abs_trained_pruned: float


def movement(start: Tensor, end: Tensor, alive: Tensor, kept: Tensor) -> Movement:
    """Return movement of one layer from `start` to `end`; `alive` and `kept` are bool masks of the same shape.

    `alive` are the weights trained, `kept` ⊆ `alive` those that the next pruning keeps. A sign flips when start and
    end have opposite signs; a 0 has none. A weight that is not finite makes its group's means NaN or infinite.
    Source: Frankle & Carbin 2019, arXiv 1803.03635, appendix F.
    """
    w0, w1, survives = _alive(start, end, alive, kept)
    dead = ~survives

    def mean(values: Tensor, group: Tensor) -> float:
        return values[group].mean(dtype=torch.float64).item()

    moved, flipped = (w1 - w0).abs(), (w0 * w1 < 0).to(torch.float32)
    return Movement(
        alive=survives.numel(),
        kept=int(survives.sum()),
        mean_abs_move_kept=mean(moved, survives),
        mean_abs_move_pruned=mean(moved, dead),
        sign_flips_kept=mean(flipped, survives),
        sign_flips_pruned=mean(flipped, dead),
        mean_abs_init_kept=mean(w0.abs(), survives),
        mean_abs_trained_kept=mean(w1.abs(), survives),
        mean_abs_init_pruned=mean(w0.abs(), dead),
        mean_abs_trained_pruned=mean(w1.abs(), dead),
    )


def histograms(start: Tensor, end: Tensor, alive: Tensor, kept: Tensor) -> dict[str, Tensor]:
    """Return counts of one layer's weights by |end − start| and by (start, end), arguments as for `movement`.

    "edges" `(BINS + 1,)` float32 go from 0 to the largest move. "kept" and "pruned" `(BINS,)` int64 are over them.
    "joint_edges" `(BINS + 1,)` float32, symmetric about 0, are for both axes of "joint". "joint" `(BINS, BINS)` int64
    counts all alive weights; rows are start, columns end. A bin holds its left edge, the last one its right edge too.
    Weights that are not finite are left out.
    """
    w0, w1, survives = _alive(start, end, alive, kept)
    finite = w0.isfinite() & w1.isfinite()
    w0, w1, survives = w0[finite], w1[finite], survives[finite]
    moved = (w1 - w0).abs()
    reach = torch.maximum(w0.abs(), w1.abs())
    edges, move_bin = _bins(moved, 0.0, _largest(moved))
    joint_edges, start_bin = _bins(w0, -_largest(reach), _largest(reach))
    _, end_bin = _bins(w1, -_largest(reach), _largest(reach))
    joint = torch.bincount(start_bin * BINS + end_bin, minlength=BINS * BINS)
    return {
        "edges": edges,
        "kept": torch.bincount(move_bin[survives], minlength=BINS),
        "pruned": torch.bincount(move_bin[~survives], minlength=BINS),
        "joint_edges": joint_edges,
        "joint": joint.reshape(BINS, BINS),
    }


def _alive(start: Tensor, end: Tensor, alive: Tensor, kept: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return start and end weights of the alive entries, flat, and which of them are kept."""
    return start.detach()[alive], end.detach()[alive], kept[alive]


def _largest(values: Tensor) -> float:
    """Return the largest value, or 1 where there is none above 0, so that edges always rise."""
    largest = values.max().item() if values.numel() else 0.0
    return largest if largest > 0 else 1.0


def _bins(values: Tensor, low: float, high: float) -> tuple[Tensor, Tensor]:
    """Return BINS equal bins from `low` to `high`: their edges on the CPU, and the bin of each value."""
    edges = torch.linspace(low, high, BINS + 1)
    bins = torch.bucketize(values.float(), edges[1:-1].to(values.device), right=True)
    return edges, bins
