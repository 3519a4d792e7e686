"""Which members of a sweep are stopped early, by Optuna's pruners: from the members and what they report, nothing else.

A report is a value of the objective on the way; the first is Optuna's step 1. The reports of a member keep the rungs
that it has reached by successive halving or hyperband. They depend on the members at that moment.
Source: Li et al. 2018 (asynchronous successive halving), Li et al. 2017 (hyperband), as in Optuna.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import optuna
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner, SuccessiveHalvingPruner
from optuna.trial import FrozenTrial, TrialState, create_trial

from app.contract.words import plural
from app.sweeps.plan import Plan

if TYPE_CHECKING:
    from app.sweeps.decide import Tried

HALVING, HYPERBAND = 4, 3
"""Reductions where a plan names none, as in Optuna."""

optuna.logging.set_verbosity(optuna.logging.WARNING)


class Verdict(NamedTuple):
    """What a member has reported and which rungs it has reached; `reason` is why it is stopped, empty where not."""

    position: int
    values: tuple[float, ...]
    rungs: dict[str, float]
    reason: str


def pruner_of(plan: Plan, most: int) -> BasePruner:
    """Return Optuna's pruner; a member has at most so many reports."""
    match plan.pruner.kind:
        case "median":
            return MedianPruner(n_startup_trials=plan.pruner.startup)
        case "successive_halving":
            return SuccessiveHalvingPruner(min_resource=1, reduction_factor=plan.pruner.reduction or HALVING)
        case "hyperband":
            return HyperbandPruner(
                min_resource=1, max_resource=most, reduction_factor=plan.pruner.reduction or HYPERBAND
            )
        case _:
            return NopPruner()


def study_name(plan: Plan) -> str:
    """Return the name of a plan's study: hyperband deals members to brackets by it."""
    return f"sweep-{plan.sampler.seed}"


def state_of(member: "Tried") -> TrialState:
    """Return the state of a member as a trial."""
    if member.objective is not None and math.isfinite(member.objective):
        return TrialState.COMPLETE
    if member.stopped_early:
        return TrialState.PRUNED
    return TrialState.RUNNING if member.live else TrialState.FAIL


def verdicts(
    plan: Plan, members: Sequence["Tried"], new: Mapping[int, Sequence[float]], most: int, noun: str, *, maximise: bool
) -> list[Verdict]:
    """Return what becomes of the members at these positions, which have reported all these values.

    A member that has ended, that was stopped early before, or that has reported all it can is not stopped.
    """
    study = optuna.create_study(
        study_name=study_name(plan), direction="maximize" if maximise else "minimize",
        sampler=optuna.samplers.RandomSampler(seed=0),
    )  # fmt: skip
    study.add_trials(_trial(member, state_of(member)) for member in members)
    pruner = pruner_of(plan, most)
    judged = []
    for position in sorted(new):
        member, reason = members[position], ""
        trial = _at(study, position)
        for step, value in enumerate(new[position], 1):
            if step in trial.intermediate_values:
                continue
            trial.intermediate_values[step] = value
            if not member.live or member.spared or step >= most:
                continue
            stopped = pruner.prune(study, trial)
            trial = _at(study, position)
            if stopped:
                reason = _words(plan, step, value, noun, maximise=maximise)
                break
        rungs = {name: value for name, value in trial.system_attrs.items() if isinstance(value, float)}
        judged.append(Verdict(position, tuple(new[position]), rungs, reason))
    return judged


def _at(study: optuna.Study, position: int) -> FrozenTrial:
    return study.get_trials(deepcopy=False)[position]


def _trial(member: "Tried", state: TrialState) -> FrozenTrial:
    return create_trial(
        state=state,
        value=member.objective if state == TrialState.COMPLETE else None,
        intermediate_values=dict(enumerate(member.reports, 1)),
        system_attrs=dict(member.rungs),
    )


def _words(plan: Plan, step: int, value: float, noun: str, *, maximise: bool) -> str:
    after = f"after {plural(step, noun)}"
    if math.isnan(value):
        return f"a training diverged ({after})"
    if plan.pruner.kind == "median":
        return f"{'below' if maximise else 'above'} the median {after}"
    if plan.pruner.kind == "hyperband":
        return f"not among the best 1 in {plan.pruner.reduction or HYPERBAND} of its bracket {after} (hyperband)"
    return f"not among the best 1 in {plan.pruner.reduction or HALVING} {after} (successive halving)"
