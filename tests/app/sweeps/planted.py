"""A planted objective, and a loop that asks and tells as the web process does, without training anything."""

import math
from dataclasses import dataclass, field
from typing import Any

from app.kinds.presets import PRESETS
from app.sweeps.axes import Axis
from app.sweeps.decide import decide
from app.sweeps.plan import Budget, Plan, Sampler, Stop, Values

BASE = PRESETS["digits-tickets"].spec.model_dump(mode="json")
AXES = {
    "optimizer.lr": Axis.model_validate({"log_range": {"low": 1e-6, "high": 1.0}}),
    "pruning.rate": Axis.model_validate({"range": {"low": 0.05, "high": 0.95}}),
    "mode": Axis.model_validate({"values": ["iterative", "one_shot"]}),
}
BEST = {"optimizer.lr": 3e-3, "pruning.rate": 0.4, "mode": "iterative"}


@dataclass
class Tried:
    """A member without a run."""

    values: Values
    live: bool = True
    objective: float | None = None
    hours: float = 0.0
    reports: tuple[float, ...] = ()
    rungs: dict[str, float] = field(default_factory=dict)
    stopped_early: bool = False
    spared: bool = False


def plan(kind: str, seed: int = 0, *, runs: int = 200, at_once: int = 1, **more: Any) -> Plan:
    sampler = Sampler.model_validate({"kind": kind, "seed": seed})
    return Plan(**{"spec": BASE, "axes": AXES, "sampler": sampler, "budget": Budget(runs=runs, at_once=at_once),
                   "stop": Stop(), "objective": "x", **more})  # fmt: skip


def objective(values: Values) -> float:
    """The highest value, 1, is at `BEST`; it falls with the distance in decades and shares."""
    decades = math.log10(values["optimizer.lr"] / BEST["optimizer.lr"])
    shares = 4 * (values["pruning.rate"] - BEST["pruning.rate"])
    return float(1 - 0.1 * (decades**2 + shares**2) - 0.2 * (values["mode"] != BEST["mode"]))


def runs_until(asked: Plan, enough: float, *, sign: int = 1) -> int:
    """How many members were started until one has an objective of `enough`; all of them where none has."""
    members: list[Tried] = []
    while True:
        found = decide(asked, members, maximise=sign > 0)
        if not found.start:
            return len(members)
        members += [Tried(values) for values in found.start]
        first = next(member for member in members if member.live)
        first.live, first.objective = False, sign * objective(first.values)
        if sign * first.objective >= enough:
            return len(members)
        if found.close is not None and not any(member.live for member in members):
            return len(members)
