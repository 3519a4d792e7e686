"""What a sweep is: a spec, the fields that vary, who chooses their values, and when no more run is started."""

from collections.abc import Iterator, Mapping
from itertools import islice, product
from math import prod
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from app.contract.experiment import Experiment, FieldError
from app.contract.strict import Strict
from app.kinds.specs import EXPERIMENT
from app.sweeps.axes import MOST, Axis, key
from app.sweeps.fields import Place, place, put

AT_ONCE = 4
"""Members that run at once where later ones depend on earlier ones."""

Values: TypeAlias = dict[str, Any]
"""What the fields of one member are, by path."""


class _Part(Strict):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Sampler(_Part):
    """Who chooses values: every combination (grid), chance (random), or chance that learns (adaptive)."""

    kind: Literal["grid", "random", "adaptive"] = "grid"
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0


class Budget(_Part):
    """When no more run is started: a number of runs, or hours in which workers hold runs of the sweep."""

    runs: Annotated[int, Field(ge=1, le=MOST)] | None = None
    hours: Annotated[float, Field(gt=0, le=1e6)] | None = None
    at_once: Annotated[int, Field(ge=1, le=MOST)] | None = Field(
        None,
        description=f"Runs that wait or run at once; {AT_ONCE} where nothing is said and later ones depend on others.",
    )


class Stop(_Part):
    """When the objective is good enough: a `target` is reached, or the last `patience` runs improved nothing."""

    target: float | None = None
    patience: Annotated[int, Field(ge=1, le=MOST)] | None = None


class Pruner(_Part):
    """Who stops weak runs early, by Optuna's pruner of that name; it has nothing to do with the pruning of weights.

    `median` stops a run whose best value so far is worse than the median of the others at the same point. It begins
    once `startup` runs have ended. Where values fall from level to level, it stops late. `successive_halving` and
    `hyperband` look at the newest value after 1, r, r², … reports, r being the `reduction`, and keep the best 1/r.
    """

    kind: Literal["none", "median", "successive_halving", "hyperband"] = "none"
    startup: Annotated[int, Field(ge=1, le=MOST)] = 5
    reduction: Annotated[int, Field(ge=2, le=100)] | None = Field(
        None, description="4 for successive halving and 3 for hyperband where nothing is said."
    )


class Plan(BaseModel):
    """A sweep as it is submitted; `spec` is that of the base, as JSON, and `axes` its fields that vary, by path."""

    model_config = ConfigDict(frozen=True)

    spec: dict[str, Any]
    axes: dict[str, Axis]
    sampler: Sampler = Sampler()
    objective: str = ""
    budget: Budget = Budget()
    stop: Stop = Stop()
    pruner: Pruner = Pruner()

    @property
    def at_once(self) -> int:
        """Return how many members may wait or run at once."""
        depends = self.sampler.kind == "adaptive" or self.budget.hours is not None or self.stop != Stop()
        depends = depends or self.pruner.kind != "none"
        return self.budget.at_once or (AT_ONCE if depends else MOST)

    @property
    def places(self) -> dict[str, Place]:
        """Return where each field is in the spec. Raises FieldError."""
        return {path: place(self.spec, path) for path in self.axes}

    def whole(self, path: str) -> bool:
        """Return whether a field is an integer, as it is in the base or else in all of its values."""
        axis = self.axes[path]
        before = place(self.spec, path).get(self.spec)
        if before is None and (ends := axis.range or axis.log_range):
            return isinstance(ends.low, int) and isinstance(ends.high, int)
        return isinstance(before, int) and not isinstance(before, bool)

    def combinations(self) -> int | None:
        """Return how many members a grid has, None where an axis takes every number."""
        counts = [axis.count(whole=self.whole(path)) for path, axis in self.axes.items()]
        return None if None in counts else prod(count for count in counts if count is not None)

    def grid(self) -> Iterator[Values]:
        """Yield every combination, the last field fastest. Raises FieldError."""
        levels = []
        for path, axis in self.axes.items():
            try:
                levels.append(axis.levels(whole=self.whole(path)))
            except ValueError as error:
                raise FieldError(f"axes.{path}", str(error)) from None
        for values in product(*levels):
            yield dict(zip(self.axes, values, strict=True))

    def size(self) -> int:
        """Return how many members it will have at most. Raises FieldError where that is not bounded, or too much."""
        combinations = self.combinations()
        if self.sampler.kind == "grid":
            if combinations is None:
                open_ = next(path for path, axis in self.axes.items() if axis.count(whole=self.whole(path)) is None)
                raise FieldError(
                    f"axes.{open_}",
                    "takes every number between its ends, which a grid cannot: give a step, as in 0..1 step 0.25, or "
                    "a count, as in 1e-4..1e-1 log 4; or choose random or adaptive",
                )
            if combinations > MOST:
                many = f"{combinations:,}" if combinations < 10**12 else "more than 10¹²"
                raise FieldError("axes", f"come to {many} runs; a sweep has at most {MOST:,}")
            return min(combinations, self.budget.runs or combinations)
        if self.budget.runs is None:
            raise FieldError("budget.runs", f"needs a number of runs, as {self.sampler.kind} search has no end")
        return self.budget.runs if combinations is None else min(self.budget.runs, combinations)


def member(plan: Plan, values: Values) -> Experiment:
    """Return the spec of a member. Raises FieldError, ValidationError."""
    return EXPERIMENT.validate_python(put(plan.spec, values))


def canonical(plan: Plan) -> Plan:
    """Return a plan whose fields go by their one name. Raises FieldError for an unknown one, or two axes on one."""
    if not plan.axes:
        raise FieldError("axes", "is empty: name at least one field and its values")
    names: dict[str, str] = {}
    for path in plan.axes:
        try:
            full = place(plan.spec, path).path
        except FieldError as error:
            raise FieldError(f"axes.{path}", error.message) from None
        if full in names:
            raise FieldError(f"axes.{path}", f"is the same field as {names[full]}: one field has one axis")
        names[full] = path
    return plan.model_copy(update={"axes": {full: plan.axes[path] for full, path in names.items()}})


def untried(plan: Plan, tried: Mapping[str, Any] | set[str], n: int) -> list[Values]:
    """Return the next `n` combinations of a grid that no member has; `tried` holds the keys of those that are."""
    return list(islice((values for values in plan.grid() if key(values) not in tried), n))
