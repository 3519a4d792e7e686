"""Two optimizers meant to take steps of equal spectral norm: whether they do, and how their Frobenius norms differ."""

from typing import Any, NamedTuple

import numpy as np

from app.kinds.erasure.figures.trainings import Ends
from app.kinds.erasure.figures.trajectory import trajectory
from app.plotting import words
from app.plotting.replicates import mean
from app.plotting.source import Source
from app.plotting.style import LOOKS
from app.plotting.words import Part, brief

_ONE, _OTHER = "dualised", "spectral_sgd"
# Their bound is 1 %; what is shown as equal has two digits.
_EQUAL = 0.02


class Match(NamedTuple):
    """Norms of dualised updates over those of spectral SGD at one rate, the median over steps of means over replicates:
    `spectral` and `frobenius`."""

    lr: float
    spectral: float
    frobenius: float


def match(source: Source[Any], ends: tuple[Ends, ...]) -> Match | None:
    """Return their norms at the rate at which the dualised optimizer is best; None without both optimizers.

    Before any training has ended, the rate is the largest that both have.
    """
    by_name = {end.optimizer: end for end in ends}
    if _ONE not in by_name or _OTHER not in by_name:
        return None
    one, other = by_name[_ONE], by_name[_OTHER]
    common = [float(lr) for lr in one.lrs if lr in other.lrs]
    if not common:
        return None
    best = float(one.lrs[one.best]) if one.best is not None else max(common)
    lr = best if best in common else max(common)
    ratios = []
    for column in ("update_spectral", "update_frobenius"):
        means = {}
        for end in (one, other):
            rate = int(np.flatnonzero(end.lrs == lr)[0])
            line = trajectory(source, end, rate, column, best=False)
            means[end.optimizer] = dict(zip(line.steps.tolist(), mean(line.values).tolist(), strict=True))
        steps = [step for step, value in means[_ONE].items() if means[_OTHER].get(step, 0) > 0 and np.isfinite(value)]
        if not steps:
            return None
        ratios.append(float(np.median([means[_ONE][step] / means[_OTHER][step] for step in steps])))
    return Match(lr, *ratios)


def matched(pair: Match) -> list[Part]:
    """Return the comparison in words."""
    at = f"at lr {brief(pair.lr)} "
    if abs(pair.spectral - 1) <= _EQUAL:
        norms = "equal spectral norm per step"
    else:
        norms = f"the spectral norm of a dualised step is {words.significant(pair.spectral, 2)} times spectral SGD's"
    if abs(pair.frobenius - 1) <= _EQUAL:
        return [Part(f"{at}{norms}, the Frobenius norms equal too")]
    larger = pair.frobenius >= 1
    ratio = pair.frobenius if larger else 1 / pair.frobenius
    return [
        Part(f"{at}{norms}, the Frobenius norm of "), Part(LOOKS[_OTHER].phrase, _OTHER),
        Part(f" {words.significant(ratio, 2)}× {'smaller' if larger else 'larger'}"),
    ]  # fmt: skip
