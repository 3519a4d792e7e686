"""What follows for a sweep: which members to start now, and when no more follow."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from app.contract.words import plural
from app.sweeps import chance
from app.sweeps.axes import key, written
from app.sweeps.plan import Plan, Values, untried


class Tried(Protocol):
    """A member that is there; its `objective` is None while it is not known.

    `reports` are values of it on the way, and `rungs` those of them that successive halving has compared. One that was
    `stopped_early` and then resumed by a person is `spared`.
    """

    @property
    def values(self) -> Values: ...
    @property
    def live(self) -> bool: ...
    @property
    def objective(self) -> float | None: ...
    @property
    def hours(self) -> float: ...
    @property
    def reports(self) -> Sequence[float]: ...
    @property
    def rungs(self) -> Mapping[str, float]: ...
    @property
    def stopped_early(self) -> bool: ...
    @property
    def spared(self) -> bool: ...


class Decision(NamedTuple):
    """Values of members to start, and why none follows after these: None where more may follow."""

    start: list[Values]
    close: str | None


def decide(plan: Plan, members: Sequence[Tried], *, maximise: bool = True, most: int = 0) -> Decision:
    """Return the next members of a sweep, of which each has at most so many reports.

    Raises FieldError for a plan that has no bound.
    """
    size, done = plan.size(), len(members)
    if reason := spent(plan, members) or good_enough(plan, members, maximise=maximise):
        left = size - done
        return Decision([], f"{reason} {plural(left, 'member')} not started." if left > 0 else reason)
    room = min(plan.at_once - sum(member.live for member in members), size - done)
    start = _next(plan, members, room, maximise=maximise, most=most) if room > 0 else []
    if done + len(start) >= size:
        return Decision(start, _all(plan, size))
    if room > 0 and len(start) < room:
        return Decision(start, "Every combination of values has been tried.")
    return Decision(start, None)


def spent(plan: Plan, members: Sequence[Tried]) -> str:
    """Return what of the budget is used up; empty while it is not."""
    hours = sum(member.hours for member in members)
    if plan.budget.hours is not None and hours >= plan.budget.hours:
        return f"The budget of {plan.budget.hours:g} hours is used up ({hours:.3g} hours)."
    return ""


def good_enough(plan: Plan, members: Sequence[Tried], *, maximise: bool) -> str:
    """Return which stop rule holds; empty while none does."""
    sign = 1 if maximise else -1
    objectives = [member.objective for member in members if member.objective is not None]
    target, patience = plan.stop.target, plan.stop.patience
    if target is not None and any(sign * value >= sign * target for value in objectives):
        return f"The target of {written(target)} is reached."
    if patience is not None and objectives:
        best = max(range(len(objectives)), key=lambda place: (sign * objectives[place], -place))
        if len(objectives) - 1 - best >= patience:
            return f"The last {plural(patience, 'run')} did not improve the objective."
    return ""


def _next(plan: Plan, members: Sequence[Tried], n: int, *, maximise: bool, most: int) -> list[Values]:
    tried = {key(member.values) for member in members}
    if plan.sampler.kind == "grid":
        return untried(plan, tried, n)
    if plan.sampler.kind == "adaptive":
        from app.sweeps.adaptive import ask  # Optuna takes most of a second to import

        return ask(plan, members, n, maximise=maximise, most=most)
    start: list[Values] = []
    for position in range(len(members), len(members) + n):
        values = chance.draw(plan, position, tried)
        if values is None:
            break
        tried.add(key(values))
        start.append(values)
    return start


def _all(plan: Plan, size: int) -> str:
    combinations = plan.combinations()
    if plan.sampler.kind == "grid" and combinations is not None and size < combinations:
        left = combinations - size
        return f"The budget of {plural(size, 'run')} is used up. {plural(left, 'combination')} not started."
    return ""
