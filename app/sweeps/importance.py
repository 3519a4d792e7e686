"""How much each field of a sweep decides whether a run is among the best, with how uncertain that is.

PED-ANOVA, as in Optuna: the share of each field in what separates the best quarter of the runs from all of them.
Source: Watanabe, Bansal & Hutter 2023, arXiv 2304.10255.
"""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from threading import Lock
from typing import NamedTuple

import numpy as np

from app.sweeps.axes import key
from app.sweeps.plan import Plan, Values

LEAST = 20
"""Members below which nothing is claimed: a quarter of them is five."""
QUANTILE = 0.25
"""The best runs, as a share of all."""
DRAWS = 40
"""Resamples of the members, with replacement."""
STEP = 10
"""While a sweep goes on, it is computed anew after so many members."""

_lock = Lock()


class Importance(NamedTuple):
    """The share of a field, in [0, 1], of all members; `low` and `high` hold 90 % of the resamples."""

    path: str
    share: float
    low: float
    high: float


def importances(plan: Plan, members: Sequence[tuple[Values, float]], *, maximise: bool) -> tuple[Importance, ...]:
    """Return the share of each field, the largest first; empty for fewer than `LEAST` members or one field."""
    known = tuple((key(values), value) for values, value in members if math.isfinite(value))
    if len(known) < LEAST or len(plan.axes) < 2 or len({value for _, value in known}) < 2:
        return ()
    with _lock:  # a second reader waits for the first, instead of computing the same
        return _importances(_Hashed(plan), known, maximise)


class _Hashed:
    """A plan as a key of a cache: equal ones have equal fields."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._text = plan.model_dump_json()

    def __hash__(self) -> int:
        return hash(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hashed) and other._text == self._text


@lru_cache(64)
def _importances(hashed: _Hashed, known: tuple[tuple[str, float], ...], maximise: bool) -> tuple[Importance, ...]:
    import optuna
    import orjson
    from optuna.importance import PedAnovaImportanceEvaluator
    from optuna.trial import FrozenTrial, TrialState

    from app.sweeps.adaptive import scale, trial

    plan = hashed.plan
    scales = {path: scale(axis, whole=plan.whole(path)) for path, axis in plan.axes.items()}
    trials = [trial(scales, orjson.loads(values), TrialState.COMPLETE, objective) for values, objective in known]
    evaluator = PedAnovaImportanceEvaluator(target_quantile=QUANTILE)

    def shares(chosen: Sequence[FrozenTrial]) -> Mapping[str, float]:
        study = optuna.create_study(direction="maximize" if maximise else "minimize")
        study.add_trials(chosen)
        return optuna.importance.get_param_importances(study, evaluator=evaluator)

    random = np.random.default_rng(0)
    every = shares(trials)
    drawn = [shares([trials[i] for i in random.integers(0, len(trials), len(trials))]) for _ in range(DRAWS)]
    shares_of = []
    for path in plan.axes:
        low, high = np.quantile([item.get(path, 0.0) for item in drawn], [0.05, 0.95])
        share = float(every.get(path, 0.0))
        shares_of.append(Importance(path, share, min(share, float(low)), max(share, float(high))))
    return tuple(sorted(shares_of, key=lambda one: -one.share))
