"""Continues sweeps: measures members that have ended and starts those that follow.

A look reads the members, decides, and stores what follows in one transaction, which does nothing where another process
was faster. So what a process asked for and did not store is asked for once more, alike; nothing is started twice.
"""

import logging
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from pydantic import ValidationError

from app.contract.experiment import Experiment, FieldError
from app.contract.refusals import refusal
from app.estimate import replicate_seconds
from app.kinds.objective import Objective, Reports
from app.kinds.registry import KINDS
from app.kinds.specs import EXPERIMENT
from app.queue import Queue, queues_of
from app.records import Member, Run
from app.store import Speed, Store
from app.store.early_stops import Reported
from app.store.sweeps import Next, Result, Start
from app.sweeps.axes import key, written
from app.sweeps.decide import decide
from app.sweeps.plan import Plan, Values, member

NAME_LENGTH = 200
NONE: Mapping[str, Experiment] = MappingProxyType({})
WOKEN = 50
"""New runs that open pages hear of at once; they find the others at their next refresh."""

log = logging.getLogger(__name__)


def objective_of(plan: Plan) -> Objective | None:
    """Return what a sweep looks for, None where it looks for nothing."""
    return next(
        (objective for objective in KINDS[plan.spec["kind"]].objectives if objective.name == plan.objective), None
    )


def reports_of(plan: Plan) -> Reports | None:
    """Return what members of a sweep report on the way, None where nothing reads it."""
    objective = objective_of(plan) if plan.pruner.kind != "none" else None
    return None if objective is None else objective.reports


def _most(plan: Plan) -> int:
    reports = reports_of(plan)
    return 0 if reports is None else reports.most(EXPERIMENT.validate_python(plan.spec))


def following(
    store: Store, plan: Plan, members: Sequence[Member], name: str, known: Mapping[str, Experiment] = NONE
) -> Next:
    """Return what follows for a sweep with these members; `known` holds specs by the keys of their values.

    Raises FieldError for a plan without a bound.
    """
    objective = objective_of(plan)
    decision = decide(plan, members, maximise=objective is None or objective.maximise, most=_most(plan))
    speeds = store.speeds() if decision.start else []
    return Next(
        [_start(speeds, plan, values, name, known.get(key(values))) for values in decision.start], decision.close
    )


def _start(speeds: Sequence[Speed], plan: Plan, values: Values, name: str, known: Experiment | None) -> Start:
    try:
        spec = known or member(plan, values)
    except FieldError as error:
        return Start(values, None, error=f"{error.field} {error.message}")
    except ValidationError as error:
        return Start(values, None, error="; ".join(_words(item) for item in error.errors()))
    text = ", ".join(f"{path.rpartition('.')[2].replace('_', ' ')} {written(value)}" for path, value in values.items())
    return Start(values, spec, named(name, text), replicate_seconds(spec, speeds))


def named(sweep: str, values: str) -> str:
    """Return the name of a member, with its values: where it is too long, that of the sweep is cut first."""
    mark = " " if sweep.endswith(("?", "!", ".", ":")) else ": "
    room = NAME_LENGTH - len(mark) - len(values)
    if len(sweep) > room:
        sweep = f"{sweep[: room - 1].rstrip()}…" if room > 1 else ""
    return f"{sweep}{mark}{values}" if sweep else values[:NAME_LENGTH]


def _words(error: object) -> str:
    assert isinstance(error, dict)  # noqa: S101 (pydantic's)
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, FieldError):
        return f"{cause.field} {cause.message}"
    return f"{'.'.join(str(part) for part in error['loc'][1:])} {refusal(error)}"


def continue_sweep(store: Store, queue: Queue, sweep_id: str) -> list[str]:
    """Measure what has ended, stop what is weak, start what follows; returns the runs that were started.

    Raises NotFound.
    """
    sweep = store.sweep(sweep_id)
    members = store.members(sweep_id)
    if reported := reports(store, sweep.plan, members):
        for run in store.several(store.report_members(sweep_id, reported)):
            queue.wake(run.id, run.last_seq)
        members = store.members(sweep_id)
    if results := _results(store, sweep.plan, members):
        store.measure_members(sweep_id, results)
        members = store.members(sweep_id)
    if not sweep.is_open:
        return []
    decision = following(store, sweep.plan, members, sweep.name)
    if not decision.starts and decision.close is None:
        return []
    started = store.continue_sweep(sweep_id, len(members), decision)
    tell(queue, store, started)
    return started


def tell(queue: Queue, store: Store, run_ids: Sequence[str]) -> None:
    """Notify workers and open pages of runs that have work."""
    runs: list[Run] = store.several(run_ids[:WOKEN])
    if runs:
        queue.announce({name for run in runs for name in queues_of(run.experiment)})
    for run in runs:
        queue.wake(run.id, run.last_seq)


def continue_all(store: Store, queue: Queue) -> None:
    """Look at every sweep that may go on; one that fails keeps no other from it."""
    for sweep_id in store.unfinished_sweeps():
        try:
            continue_sweep(store, queue, sweep_id)
        except Exception:
            log.exception("sweep %s could not be continued, the next look tries again", sweep_id)


def reports(store: Store, plan: Plan, members: Sequence[Member]) -> list[Reported]:
    """Return what members have reported since the last look, and which of them are to be stopped."""
    objective, wanted = objective_of(plan), reports_of(plan)
    if objective is None or wanted is None:
        return []
    at_work = ("queued", "running", "finished")
    news = [
        member
        for member in members
        if member.run and member.state in at_work and member.reported_seq != member.last_seq
    ]
    new: dict[int, list[float]] = {}
    with store.snapshot() as now:
        now.read_ahead([member.run for member in news if member.run], wanted.series)
        for member in news:
            if member.run and member.measured_seq != member.last_seq:
                series = {name: now.series(member.run, name) for name in wanted.series}
                values = wanted.values(now.run(member.run), series)
                if len(values) > len(member.reports):
                    new[member.position] = values
    if not new:
        return []
    from app.sweeps.early import verdicts  # Optuna takes most of a second to import

    judged = verdicts(plan, members, new, _most(plan), wanted.noun, maximise=objective.maximise)
    return [
        Reported(
            verdict.position, members[verdict.position].run or "", len(members[verdict.position].reports),
            members[verdict.position].last_seq, verdict.values, verdict.rungs, verdict.reason,
        )
        for verdict in judged
    ]  # fmt: skip


def _results(store: Store, plan: Plan, members: Sequence[Member]) -> list[Result]:
    ended = [member for member in members if member.run and not member.live and member.measured_seq != member.last_seq]
    if not ended:
        return []
    objective = objective_of(plan)
    results = []
    with store.snapshot() as now:
        if objective is not None:
            now.read_ahead([item.run for item in ended if item.run], objective.series)
        for member in ended:
            value = None
            if objective is not None and member.state == "finished" and member.run:
                series = {name: now.series(member.run, name) for name in objective.series}
                value = objective.value(now.run(member.run), series)
            results.append(Result(member.position, value, member.hours, member.last_seq))
    return results
