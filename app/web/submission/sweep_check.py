"""Whether a sweep can be submitted: everything that a member would be refused for, before any is stored."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from pydantic import ValidationError

from app.continuing import following, objective_of
from app.contract.experiment import Experiment, FieldError
from app.kinds.registry import KINDS
from app.pictures.check import check_picture
from app.store import Store
from app.store.sweeps import Next
from app.sweeps.axes import MOST, key, written
from app.sweeps.fields import put
from app.sweeps.plan import Plan, Stop, Values, canonical, member
from app.web.core.problems import NAMED, BadField, Invalid, bad_fields
from app.web.submission.submit import check_tickets

_LOOKED_AT = 20
"""Values of an axis that takes every number, or very many, that are tried before an adaptive search."""


@dataclass(frozen=True)
class Checked:
    """A sweep that can be submitted: its plan with its fields by their one name, its size and its first members."""

    plan: Plan
    size: int
    first: Next
    specs: tuple[Experiment, ...]
    """Specs of the members that are known: all of them, or of an adaptive search those that are tried first."""


def checked(store: Store, plan: Plan, name: str) -> Checked:
    """Return a plan that holds. Raises Invalid, which names each field and value that does not."""
    try:
        plan = canonical(plan)
        size = plan.size()
        plan = _with_objective(plan)
    except FieldError as error:
        raise Invalid([BadField(path=error.field, message=error.message)]) from None
    specs, errors = _specs(store, plan, _members(plan, size))
    if errors:
        raise Invalid(errors)
    first = following(store, plan, (), name, specs)
    adaptive = plan.sampler.kind == "adaptive"
    known = [start.spec for start in first.starts if start.spec is not None] if adaptive else specs.values()
    return Checked(plan, size, first, tuple(known))


def _with_objective(plan: Plan) -> Plan:
    """Return a plan that names what it looks for: the first of what its kind declares where it names nothing."""
    known = KINDS[plan.spec["kind"]].objectives
    if plan.objective and objective_of(plan) is None:
        names = ", ".join(item.name for item in known)
        raise FieldError("objective", f"must be one of {names}" if names else "must be empty: this kind declares none")
    if not plan.objective and known:
        plan = plan.model_copy(update={"objective": known[0].name})
    if not plan.objective and (plan.sampler.kind == "adaptive" or plan.stop != Stop()):
        needed = "adaptive search" if plan.sampler.kind == "adaptive" else "a stop rule"
        raise FieldError("objective", f"is needed for {needed}, and runs of this kind declare none")
    _check_pruner(plan)
    objective, target = objective_of(plan), plan.stop.target
    if objective is not None and objective.percent and target is not None and not 0 <= target <= 1:
        raise FieldError("stop.target", f"must be from 0 to 1, such as 0.95 for 95 %: {objective.title} is a share")
    return plan


def _check_pruner(plan: Plan) -> None:
    """Check that a pruner can compare the members on their way. Raises FieldError."""
    if plan.pruner.kind == "none":
        return
    objective = objective_of(plan)
    if objective is None or objective.reports is None:
        title = "a run of this kind" if objective is None else f"“{objective.title}”"
        raise FieldError("pruner.kind", f"needs values before a run has ended, and {title} has none: choose none")
    for path in plan.axes:
        if fixed := next((field for field in objective.reports.fixed if f"{path}.".startswith(f"{field}.")), ""):
            noun = objective.reports.noun
            raise FieldError(
                "pruner.kind", f"compares runs {noun} by {noun}, which is right only where all have the same {fixed}: "
                f"do not vary {path}, or choose none"
            )  # fmt: skip


def _members(plan: Plan, size: int) -> Iterator[Values]:
    """Yield the values of every member, or of an adaptive search each value of each field alone."""
    if plan.sampler.kind == "grid":
        yield from islice(plan.grid(), size)
    elif plan.sampler.kind == "random":
        from app.sweeps.decide import decide

        whole = plan.model_copy(update={"budget": plan.budget.model_copy(update={"at_once": MOST, "hours": None})})
        yield from decide(whole, ()).start
    else:
        for path, axis in plan.axes.items():
            n = axis.count(whole=plan.whole(path))
            ends = axis.range or axis.log_range
            few = n is not None and n <= _LOOKED_AT
            for value in axis.levels(whole=plan.whole(path)) if few or ends is None else (ends.low, ends.high):
                yield {path: value}


def _specs(store: Store, plan: Plan, members: Iterable[Values]) -> tuple[dict[str, Experiment], list[BadField]]:
    specs: dict[str, Experiment] = {}
    errors: dict[tuple[str, str], BadField] = {}
    for values in members:
        try:
            spec = member(plan, values)
            check_picture(spec)
            check_tickets(store, spec)
            specs[key(values)] = spec
        except ValidationError as error:
            for bad in bad_fields(error.errors(), put(plan.spec, values)):
                blame = _blamed(bad, values)
                errors.setdefault((blame.path, blame.message), blame)
        except FieldError as error:
            blame = _blamed(BadField(path=error.field, message=error.message), values)
            errors.setdefault((blame.path, blame.message), blame)
        if len(errors) > NAMED:
            break
    return specs, list(errors.values())


def _blamed(bad: BadField, values: Values) -> BadField:
    """Return an error at the axis that has the value, or at the field with the values of the member."""
    for path, value in values.items():
        if bad.path == path:
            return BadField(path=f"axes.{path}", message=f"{written(value)}: {bad.message}")
        if bad.path.startswith(f"{path}."):
            return BadField(path=f"axes.{path}", message=f"{written(value)}: {bad.path} {bad.message}")
    with_ = ", ".join(f"{path} = {written(value)}" for path, value in values.items())
    return BadField(path=bad.path, message=f"{bad.message} (with {with_})")
