"""Norms of dualised and spectral SGD steps, compared at one rate."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from app.kinds.erasure.figures import trainings
from app.kinds.erasure.figures.spectral_match import Match, match, matched
from app.plotting import words
from app.plotting.source import Options, Source
from tests.app.erasure_rows import ending, erasure_run, moment, place, series

NORMS = {
    "dualised": {1: (0.30, 2.7), 10: (0.30, 2.4), 100: (0.303, 3.0)},
    "spectral_sgd": {1: (0.30, 0.3), 10: (0.30, 0.3), 100: (0.30, 0.3)},
}


def found(
    optimizers: Mapping[str, Sequence[float]], rates: Mapping[str, int], best: int | None = None, replicates: int = 1
) -> Match | None:
    run = erasure_run(optimizers=optimizers, replicates=replicates)
    rows = [
        moment(place(name, rate, r, optimizers=optimizers), 0)
        for name, rate in rates.items()
        for r in range(replicates)
    ]
    rows += [
        moment(place(name, rates[name], r, optimizers=optimizers), step, update_spectral=spectral,
               update_frobenius=frobenius)
        for name, rate in rates.items() for r in range(replicates)
        for step, (spectral, frobenius) in NORMS[name].items()
    ]  # fmt: skip
    tables = {"erasure": series(rows)}
    if best is not None:
        tables["ending"] = series([ending(place("dualised", best, optimizers=optimizers))])
    source: Source[Any] = Source(run, Options(), tables)
    return match(source, trainings.ends(source, 16))


def test_ratios_are_medians_over_steps_at_the_best_common_rate(same: Any) -> None:
    both = {"dualised": (0.5, 1.0), "spectral_sgd": (1.0, 0.5)}
    # Frobenius 9, 8 and 10 times as large; spectral 1, 1 and 1.01.
    assert same(found(both, {"dualised": 0, "spectral_sgd": 1}, best=0), Match(0.5, 1.0, 9.0))
    # Before any has ended: the largest that both have.
    assert same(found(both, {"dualised": 1, "spectral_sgd": 0}, replicates=2), Match(1.0, 1.0, 9.0))


def test_without_both_at_one_rate_there_is_none() -> None:
    assert found({"dualised": (0.5,), "sgd": (0.5,)}, {"dualised": 0}) is None
    assert found({"dualised": (0.5,), "spectral_sgd": (1.0,)}, {"dualised": 0, "spectral_sgd": 0}) is None
    assert found({"dualised": (0.5,), "spectral_sgd": (0.5,)}, {"dualised": 0}) is None


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (Match(1, 1.004, 9.04),
         "at lr 1 equal spectral norm per step, the Frobenius norm of spectral SGD 9.0× smaller"),
        (Match(1, 0.5, 0.5),
         ("at lr 1 the spectral norm of a dualised step is 0.50 times spectral SGD's, the Frobenius norm of spectral "
          "SGD 2.0× larger")),
        (Match(0.5, 1, 1), "at lr 0.5 equal spectral norm per step, the Frobenius norms equal too"),
    ],
)  # fmt: skip
def test_words(made: Match, expected: str) -> None:
    assert words.text(tuple(matched(made))) == expected
    assert np.isfinite(made.spectral)
