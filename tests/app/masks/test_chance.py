"""The three nulls: against every permutation of small masks, against draws, and against real tickets."""

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations, permutations, product
from math import comb
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from numpy.typing import NDArray

from app.kinds.lottery.spec import LotteryKey, LotterySpec
from app.masks import chance
from app.masks.chance import REACH, Axes, Moments, axes, magnitude_at_init, moments, uniform, unit_permuted
from app.masks.codec import decode, matrix, pack, unpack
from app.masks.overlap import adjusted, intersections
from app.masks.sums import STRATA, strata_of, sums

Mask = NDArray[np.bool_]
LENET = [(300, 784), (100, 300), (10, 100)]
CONV_2 = [(64, 1, 3, 3), (64, 64, 3, 3), (256, 64 * 196), (256, 256), (10, 256)]


def moments_of(mask: Mask, moves: Axes) -> Moments | None:
    totals = sums(pack(mask), matrix(mask).shape[1])
    return moments(lambda: pack(mask), totals["rows"], totals["columns"], moves, spread=True)


def hypergeometric(weights: int, a: int, b: int) -> tuple[float, float]:
    """Mean and variance, summed over every size of the intersection."""
    shares = {i: comb(a, i) * comb(weights - a, b - i) / comb(weights, b) for i in range(min(a, b) + 1)}
    mean = sum(i * share for i, share in shares.items())
    return mean, sum((i - mean) ** 2 * share for i, share in shares.items())


def drawn(shape: tuple[int, ...], density: float, seed: int) -> Mask:
    """A mask whose rows and columns differ much in how much they keep, as those of tickets do."""
    draw = np.random.default_rng(seed)
    wanted = draw.random((shape[0], 1)) + draw.random((1, int(np.prod(shape[1:])))) ** 2
    return (draw.random(wanted.shape) < density * wanted).reshape(shape)


def test_axes_of_known_networks() -> None:
    assert axes(LENET) == [Axes(True, 1), Axes(True, 300), Axes(False, 100)]
    assert axes(CONV_2) == [Axes(True, 1), Axes(True, 64), Axes(True, 64), Axes(True, 256), Axes(False, 256)]
    # A depthwise kernel has one input of its own; inputs that are no multiple of the units before stay.
    assert axes([(8, 3, 3, 3), (8, 1, 3, 3), (10, 30)]) == [Axes(True, 1), Axes(True, 1), Axes(False, 1)]
    assert axes([(10, 30)]) == [Axes(False, 1)]
    assert axes([]) == []


# name: (shape, what moves, its table of cells (n, c, k) from the mask)
TABLES: dict[str, tuple[tuple[int, ...], Axes, Callable[[Mask], Mask]]] = {
    "first layer": ((5, 4), Axes(True, 1), lambda mask: mask.reshape(5, 1, 4)),
    "first convolution": ((4, 2, 1, 3), Axes(True, 1), lambda mask: mask.reshape(4, 1, 6)),
    "hidden layer": ((3, 4), Axes(True, 4), lambda mask: mask.reshape(3, 4, 1)),
    "hidden convolution": ((3, 4, 1, 2), Axes(True, 4), lambda mask: mask.reshape(3, 4, 2)),
    "hidden linear layer after a convolution": ((4, 9), Axes(True, 3), lambda mask: mask.reshape(4, 3, 3)),
    "output layer": ((3, 5), Axes(False, 5), lambda mask: mask.T.reshape(5, 1, 3)),
    "output layer after a convolution": (
        (2, 12), Axes(False, 4), lambda mask: mask.reshape(2, 4, 3).transpose(1, 0, 2).reshape(4, 1, 6),
    ),
    "one hidden unit": ((1, 6), Axes(True, 6), lambda mask: mask.reshape(1, 6, 1)),
    "one input": ((4, 1), Axes(True, 1), lambda mask: mask.reshape(4, 1, 1)),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("seed", range(3))
def test_unit_permuted_is_the_mean_over_every_permutation(name: str, seed: int) -> None:
    shape, moves, table = TABLES[name]
    a, b = drawn(shape, 0.9, seed), drawn(shape, 0.7, seed + 100)
    n, c, _ = table(a).shape
    met = [
        (table(a) & table(b)[list(rows)][:, list(columns)]).sum()
        for rows, columns in product(permutations(range(n)), permutations(range(c)))
    ]
    null = unit_permuted([moments_of(a, moves), moments_of(b, moves)])
    np.testing.assert_allclose(null.expected[0, 1], np.mean(met), rtol=1e-9)
    np.testing.assert_allclose(null.sd[0, 1], np.std(met), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(null.sd, null.sd.T)


def test_where_nothing_moves_there_is_no_unit_permuted_null() -> None:
    mask = drawn((4, 6), 0.5, 0)
    assert moments_of(mask, Axes(False, 1)) is None
    null = unit_permuted([None, None])
    assert np.isnan(null.expected).all()
    assert np.isnan(null.sd).all()
    assert unit_permuted([]).expected.shape == (0, 0)


def refuse() -> NoReturn:
    raise AssertionError("bits were asked for")


def test_means_alone_need_no_bits() -> None:
    mask = drawn((6, 4, 3, 3), 0.4, 1)
    totals = sums(pack(mask), 36)
    quick = moments(refuse, totals["rows"], totals["columns"], Axes(True, 4), spread=False)
    assert quick is not None
    whole = moments_of(mask, Axes(True, 4))
    expected = unit_permuted([quick, quick])
    np.testing.assert_allclose(expected.expected, unit_permuted([whole, whole]).expected)
    assert np.isnan(expected.sd).all()


def rows_of(mask: Mask, moves: Axes) -> Mask:
    """What trades places, as rows: output units, or the blocks of columns that belong to an input unit."""
    if moves.rows:
        return mask
    return mask.reshape(len(mask), moves.channels, -1).swapaxes(0, 1).reshape(moves.channels, -1)


@pytest.mark.parametrize(
    ("shape", "moves"),
    [((16, 2400), Axes(True, 1)), ((300, 3072), Axes(True, 1)), ((10, 8 * 200), Axes(False, 8))],
)
def test_wide_layers_of_few_rows_are_exact(shape: tuple[int, int], moves: Axes) -> None:
    """Against the variance of a sum over a random permutation (Hoeffding), row against row."""
    masks = [drawn(shape, density, seed) for seed, density in enumerate((0.1, 0.2, 0.4))]
    null = unit_permuted([moments_of(mask, moves) for mask in masks])
    assert not null.estimated
    for i, j in combinations(range(3), 2):
        a, b = (rows_of(mask, moves).astype(float) for mask in (masks[i], masks[j]))
        met = a @ b.T
        met -= met.mean(axis=0) + met.mean(axis=1, keepdims=True) - met.mean()
        np.testing.assert_allclose(null.sd[i, j], np.sqrt((met**2).sum() / (len(a) - 1)), rtol=1e-9)


def test_wide_layers_of_few_rows_spread_as_in_simulation() -> None:
    """16 units and 2,400 positions, where estimated covariances gave a quarter too much."""
    draw = np.random.default_rng(3)
    a, b = (drawn((16, 2400), density, seed) for seed, density in ((1, 0.3), (2, 0.4)))
    shared = a.astype(float) @ b.T
    met = [shared[np.arange(16), draw.permutation(16)].sum() for _ in range(20_000)]
    null = unit_permuted([moments_of(mask, Axes(True, 1)) for mask in (a, b)])
    assert null.expected[0, 1] == pytest.approx(np.mean(met), abs=4 * np.std(met) / 20_000**0.5)
    assert null.sd[0, 1] == pytest.approx(np.std(met), rel=0.02)


def test_few_rows_are_the_mean_over_every_permutation(monkeypatch: pytest.MonkeyPatch) -> None:
    """The way of wide layers, on a layer small enough for all 120 orders of its rows."""
    monkeypatch.setattr(chance, "WIDE", 6)
    a, b = drawn((5, 9), 0.9, 1), drawn((5, 9), 0.7, 2)
    first, second = moments_of(a, Axes(True, 1)), moments_of(b, Axes(True, 1))
    assert first is not None
    assert first.table is not None
    met = [(a & b[list(rows)]).sum() for rows in permutations(range(5))]
    null = unit_permuted([first, second])
    np.testing.assert_allclose((null.expected[0, 1], null.sd[0, 1]), (np.mean(met), np.std(met)), rtol=1e-9)


def test_wide_layers_of_many_rows_are_estimated_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would take too many multiplications is estimated, within the range that the figure gives."""
    shape = (60, chance.WIDE + 500)
    masks = [drawn(shape, density, seed) for seed, density in enumerate((0.1, 0.2, 0.4))]
    exact = unit_permuted([moments_of(mask, Axes(True, 1)) for mask in masks])
    monkeypatch.setattr(chance, "PAIR", 60 * 60 * shape[1] - 1)
    null = unit_permuted([moments_of(mask, Axes(True, 1)) for mask in masks])
    assert (exact.estimated, null.estimated) == (False, True)
    assert ((null.sd / exact.sd > 0.9) & (null.sd / exact.sd < 1.25)).all()


def test_uniform_is_hypergeometric() -> None:
    sizes = np.array([0, 3, 7, 12])
    made = uniform(sizes, 12)
    for (i, a), (j, b) in product(enumerate(sizes), enumerate(sizes)):
        found = (made.expected[i, j], made.sd[i, j] ** 2)
        np.testing.assert_allclose(found, hypergeometric(12, int(a), int(b)), atol=1e-12)
    assert uniform(np.array([1]), 1).sd.tolist() == [[0]]


def test_magnitude_at_init_is_hypergeometric_within_each_group() -> None:
    start = np.random.default_rng(0).standard_normal((25, 30))
    groups = strata_of(start)
    masks = [drawn((25, 30), density, seed) for seed, density in enumerate((0.3, 0.6, 0.5, 0.5))]
    strata = np.stack([sums(pack(mask), 30, groups)["strata"] for mask in masks])
    made = magnitude_at_init(strata, 750, ["x", "x", None, None])
    mean = variance = 0.0
    for group in range(STRATA):
        here = groups == group
        one = hypergeometric(int(here.sum()), int(masks[0][here].sum()), int(masks[1][here].sum()))
        mean, variance = mean + one[0], variance + one[1]
    np.testing.assert_allclose((made.expected[0, 1], made.sd[0, 1] ** 2), (mean, variance))
    assert np.isfinite(made.expected).tolist() == [[True, True, False, False]] * 2 + [[False] * 4] * 2
    assert np.isnan(made.sd[2, 3])


def against(a: Mask, others: Iterable[Mask], *nulls: Any) -> list[list[tuple[float, float]]]:
    """For each null the adjusted overlap of a mask with each other one, and its standard deviation."""
    packed = pack(a)
    scores: list[list[tuple[float, float]]] = [[] for _ in nulls]
    for b in others:
        both = intersections([packed, pack(b)])
        sizes = both.diagonal()
        for null, found in zip(nulls, scores, strict=True):
            room = min(sizes) - null.expected[0, 1]
            found.append((float(adjusted(both, sizes, null.expected)[0, 1]), float(null.sd[0, 1] / room)))
    return scores


def shares_inside(scores: list[tuple[float, float]]) -> float:
    return float(np.mean([abs(score) <= REACH * sd for score, sd in scores]))


DRAWS = 3000


@pytest.mark.parametrize(("shape", "kept"), [((100, 300), (600, 900)), ((64, 90), (300, 2000)), ((10, 64), (320, 320))])
def test_random_masks_score_zero_within_the_uniform_interval(shape: tuple[int, int], kept: tuple[int, int]) -> None:
    draw = np.random.default_rng(5)
    weights = shape[0] * shape[1]
    null = uniform(np.array(kept), weights)
    masks = [np.arange(weights).reshape(shape) < size for size in kept]
    shuffled = (draw.permuted(masks[1].reshape(-1)).reshape(shape) for _ in range(DRAWS))
    (scores,) = against(masks[0], shuffled, null)
    assert abs(shares_inside(scores) - 0.95) <= 0.02
    assert abs(np.mean([score for score, _ in scores])) < 3 * scores[0][1] / DRAWS**0.5


@pytest.mark.parametrize(
    ("shape", "moves"),
    [((100, 64), Axes(True, 1)), ((60, 80), Axes(True, 80)), ((24, 12, 3, 3), Axes(True, 12)),
     ((10, 100), Axes(False, 100))],
)  # fmt: skip
def test_permuted_masks_score_zero_within_the_unit_permuted_interval(shape: tuple[int, ...], moves: Axes) -> None:
    draw = np.random.default_rng(6)
    a, b = drawn(shape, 0.4, 1), drawn(shape, 0.5, 2)
    assert min(a.sum(), b.sum()) >= 300
    null = unit_permuted([moments_of(a, moves), moments_of(b, moves)])

    def permuted() -> Iterator[Mask]:
        for _ in range(DRAWS):
            moved = b[draw.permutation(len(b))] if moves.rows else b
            yield moved[:, draw.permutation(moves.channels)] if moves.channels > 1 else moved

    (scores,) = against(a, permuted(), null)
    assert abs(shares_inside(scores) - 0.95) <= 0.02
    assert abs(np.mean([score for score, _ in scores])) < 3 * scores[0][1] / DRAWS**0.5


def test_masks_shuffled_by_magnitude_score_zero_within_that_interval() -> None:
    """Both masks favour large initial weights; the uniform null would call them alike."""
    draw = np.random.default_rng(7)
    start = draw.standard_normal((100, 200))
    groups = strata_of(start)
    order = np.argsort(groups, axis=None, kind="stable")
    a, b = (draw.random(start.shape) < np.abs(start) / 8 for _ in range(2))
    strata = np.stack([sums(pack(mask), 200, groups)["strata"] for mask in (a, b)])
    null = magnitude_at_init(strata, a.size, ["x", "x"])
    in_groups = b.reshape(-1)[order].reshape(STRATA, -1)  # 200 weights in each
    moved = np.empty(a.size, bool)
    plain = uniform(np.array([a.sum(), b.sum()]), a.size)

    def shuffled() -> Iterator[Mask]:
        for _ in range(DRAWS):
            moved[order] = draw.permuted(in_groups, axis=1).reshape(-1)
            yield moved.reshape(a.shape)

    scores, naive = against(a, shuffled(), null, plain)
    assert abs(shares_inside(scores) - 0.95) <= 0.02
    assert shares_inside(naive) < 0.05


def test_independent_tickets_of_mnist_are_no_more_alike_than_permuted_units(datasets_dir: Path) -> None:
    """Three tickets of the first layer at a tenth of its weights: input pixels make them alike, units do not."""
    from workers.science.experiments.lottery import run
    from workers.science.outputs import Tensors

    spec = LotterySpec.model_validate(
        {
            "kind": "lottery", "dataset": {"kind": "mnist"}, "model": {"kind": "lenet_300_100"},
            "optimizer": {"kind": "adam"}, "steps": 400, "eval_every": 400, "levels": 1,
            "pruning": {"kind": "layerwise_magnitude", "rate": 0.9, "output_rate": 0.5},
        }
    )  # fmt: skip
    full = np.packbits(np.ones((300, 784), np.uint8), axis=1)
    masks = []
    for replicate in range(3):
        for output in run(spec, replicate, datasets_dir=datasets_dir):
            if isinstance(output, Tensors) and output.name == "mask" and output.key == LotteryKey(level=1):
                masks.append(unpack(decode(output.tensors["fc1.weight"].numpy(), full), 784) > 0)
                break
    both = intersections([pack(mask) for mask in masks])
    sizes = both.diagonal()
    assert sizes.tolist() == [23520] * 3
    null = unit_permuted([moments_of(mask, Axes(True, 1)) for mask in masks])
    pairs = np.triu_indices(3, 1)
    z = ((both - null.expected) / null.sd)[pairs]
    plain = uniform(sizes, 300 * 784)
    z_uniform = ((both - plain.expected) / plain.sd)[pairs]
    assert (np.abs(z) < 2.5).all()
    assert abs(z.sum()) < REACH * 3**0.5
    assert z_uniform.mean() > z.mean()
