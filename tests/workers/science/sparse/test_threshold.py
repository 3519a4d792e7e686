"""The threshold is one of those asked about, and is found by halving."""

from functools import partial

import pytest

from workers.science.models import lenet_300_100
from workers.science.sparse import threshold
from workers.science.sparse.threshold import DENSITIES, csr_below

BLANK = partial(lenet_300_100.build, (1, 8, 8), 10)


@pytest.mark.parametrize("faster_up_to", [*DENSITIES, 0.0])
def test_the_largest_density_that_is_faster(faster_up_to: float, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def ratio(_blank: object, _shape: object, _batch: object, density: float, _seconds: object) -> float:
        asked.append(density)
        return 0.9 if density <= faster_up_to else 0.97

    monkeypatch.setattr(threshold, "_ratio", ratio)
    assert csr_below(BLANK, (1, 8, 8), 60) == faster_up_to
    assert len(asked) <= 4


def test_without_sparse_products_it_is_never(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> float:
        raise RuntimeError("built without it")

    monkeypatch.setattr(threshold, "_ratio", refuse)
    assert csr_below(BLANK, (1, 8, 8), 60) == 0.0


def test_it_is_measured_on_real_steps() -> None:
    assert csr_below(BLANK, (1, 8, 8), 60, seconds=0.01) in {*DENSITIES, 0.0}
