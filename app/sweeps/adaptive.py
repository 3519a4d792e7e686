"""Adaptive search by Optuna's ask and tell: the study is built anew from the members each time, nothing is kept.

Which values are tried follows from the seed, the members and their objectives alone; the members keep the values.
Source: Bergstra et al. 2011 (tree-structured Parzen estimator), as in Optuna.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from app.sweeps import chance
from app.sweeps.axes import Axis, key
from app.sweeps.chance import within
from app.sweeps.early import pruner_of, state_of, study_name
from app.sweeps.plan import Plan, Values

if TYPE_CHECKING:
    from app.sweeps.decide import Tried

ASKS = 20
"""Asks after which a member that was there already is replaced by one of chance."""
STARTUP = 10
"""Members that are drawn by chance before there is something to learn from."""


def ask(plan: Plan, members: Sequence["Tried"], n: int, *, maximise: bool, most: int = 0) -> list[Values]:
    """Return the values of the next `n` members, none of them tried before; fewer where nothing else is left."""
    tried = {key(member.values) for member in members}
    asked: list[Values] = []
    for position in range(len(members), len(members) + n):
        values = _ask(plan, members, asked, position, tried, maximise=maximise, most=most)
        if values is None:
            break
        tried.add(key(values))
        asked.append(values)
    return asked


def _ask(
    plan: Plan, members: Sequence["Tried"], asked: Sequence[Values], position: int, tried: set[str], *, maximise: bool,
    most: int,
) -> Values | None:  # fmt: skip
    study = study_of(plan, members, asked, position, maximise=maximise, most=most)
    scales = {path: scale(axis, whole=plan.whole(path)) for path, axis in plan.axes.items()}
    for _ in range(ASKS):
        asked_now = study.ask({path: scale.distribution for path, scale in scales.items()})
        values = {path: scale.value(asked_now.params[path], plan.axes[path]) for path, scale in scales.items()}
        if key(values) not in tried:
            return values
    return chance.draw(plan, position, tried)


def study_of(
    plan: Plan, members: Sequence["Tried"], asked: Sequence[Values], position: int, *, maximise: bool, most: int = 0
) -> optuna.Study:
    """Return the study of these members, with those that were chosen just now as running.

    One that was stopped early is a pruned trial: the sampler ranks it behind those that ended, by its last report.
    """
    seed = (plan.sampler.seed * 1_000_003 + position) % 2**32
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP)
    study = optuna.create_study(
        study_name=study_name(plan), direction="maximize" if maximise else "minimize", sampler=sampler,
        pruner=pruner_of(plan, most),
    )  # fmt: skip
    scales = {path: scale(axis, whole=plan.whole(path)) for path, axis in plan.axes.items()}
    for member in members:
        state = state_of(member)
        value = member.objective if state == TrialState.COMPLETE else None
        study.add_trial(trial(scales, member.values, state, value, member.reports))
    for values in asked:
        study.add_trial(trial(scales, values, TrialState.RUNNING, None))
    return study


def trial(
    scales: Mapping[str, "Scale"], values: Values, state: TrialState, objective: float | None,
    reports: Sequence[float] = (),
) -> FrozenTrial:  # fmt: skip
    """Return a member as a trial of a study."""
    return create_trial(
        state=state,
        value=objective,
        params={path: scale.number(values[path]) for path, scale in scales.items()},
        distributions={path: scale.distribution for path, scale in scales.items()},
        intermediate_values=dict(enumerate(reports, 1)),
    )


class Scale(NamedTuple):
    """An axis as Optuna has it; where `levels` are given, its numbers are places in them."""

    distribution: BaseDistribution
    levels: list[Any] | None = None

    def value(self, number: Any, axis: Axis) -> Any:
        """Return the value of a field for Optuna's number."""
        if self.levels is not None:
            return self.levels[number]
        return within(axis, number) if isinstance(number, float) else number

    def number(self, value: Any) -> Any:
        """Return Optuna's number for the value of a field."""
        return value if self.levels is None else [key(level) for level in self.levels].index(key(value))


def scale(axis: Axis, *, whole: bool) -> Scale:
    """Return an axis as Optuna has it: numbers keep their order, other values have none."""
    if (ends := axis.log_range) is not None and ends.count is None:
        if whole:
            return Scale(IntDistribution(int(ends.low), int(ends.high), log=True))
        return Scale(FloatDistribution(ends.low, ends.high, log=True))
    if (span := axis.range) is not None:
        if span.step is None and not whole:
            return Scale(FloatDistribution(span.low, span.high))
        if whole and isinstance(span.step or 1, int):
            step = int(span.step or 1)
            return Scale(
                IntDistribution(int(span.low), int(span.high) - (int(span.high) - int(span.low)) % step, step=step)
            )
    levels = axis.levels(whole=whole)
    numbers = [level for level in levels if isinstance(level, int | float) and not isinstance(level, bool)]
    if len(numbers) == len(levels) and numbers == sorted(numbers):
        return Scale(IntDistribution(0, len(levels) - 1), levels)
    return Scale(CategoricalDistribution(list(range(len(levels)))), levels)
