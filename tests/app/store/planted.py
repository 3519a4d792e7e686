"""Runs with planted fields and measures, and lists of them found the slow way: by sorting all in Python."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from app.kinds.imported.spec import ImportedSpec
from app.kinds.lottery.spec import LotterySpec
from app.kinds.presets import PRESETS
from app.search.facts import Fact, facts_of
from app.search.fields import types_of
from app.store import Store
from app.store.acting import Actor, as_person

MIA = "u000000001"
NAMES = ("7", "inf", "Nan", "Ärger", "10", "infix", "nice")
SHARES = ((0.5, 1.5), (0.1, 0.5), (0.01, 0.1))


@dataclass
class Planted:
    """A run as it was stored: its facts by path, and by share of kept weights those that depend on it."""

    id: str
    name: str
    state: str
    binned: bool
    owned: bool
    facts: list[Fact] = field(default_factory=list)

    def values(self, path: str) -> list[float | str]:
        """Return all values of a field, or the one of "result.accuracy@5%", in the order of the spec."""
        base, at, share = path.partition("@")
        kept = float(share.removesuffix("%")) / 100 if at else None
        same = [fact for fact in self.facts if fact.path == base + at]
        if kept is not None:
            same = [fact for fact in same if fact.low is not None and fact.high is not None]
            same = [fact for fact in same if (fact.low or 0) <= kept < (fact.high or 0)]
        return [value for fact in same if (value := fact.text if fact.number is None else fact.number) is not None]


def plant(store: Store, base: LotterySpec, seed: int = 0) -> list[Planted]:
    """Store 48 runs with ties, several values of a field, missing ones, in the bin, and of an owner or nobody."""
    rng, planted = np.random.default_rng(seed), []
    for number in range(48):
        with as_person(Actor(MIA, "Mia") if number % 5 == 0 else None):
            if number % 12 == 11:
                spec: Any = PRESETS["erasure-digits"].spec
                run = store.create_run(spec, name=f"erasure {number % 24}")
            elif number % 12 == 10:
                spec = ImportedSpec(kind="imported", files=("a",), layers=1, levels=0)
                run = store.import_run(spec, [[]], {}, name="none")
            else:
                optimizer = {"kind": ("adam", "sgd", "muon")[number % 3], "lr": (1e-5, 0.001, 0.1)[number % 7 % 3]}
                changes = {"optimizer": optimizer, "replicates": 1, "seed": number // 4}
                spec = LotterySpec.model_validate({**base.model_dump(mode="json"), **changes})
                run = store.create_run(spec, name=NAMES[number % 7] if number > 27 else f"Run {number % 9}")
        measured = _measures(rng, number)
        store.measure(run.id, run.last_seq, measured)
        if number % 6 == 0:
            store.cancel_run(run.id)
        if binned := number % 13 == 12:
            store.bin_run(run.id)
        now = store.run(run.id)
        facts = [*facts_of(spec.model_dump(mode="json")), *measured]
        planted.append(Planted(run.id, run.name, now.state, binned, number % 5 == 0, facts))
    return planted


def _measures(rng: np.random.Generator, number: int) -> list[Fact]:
    found = []
    if number % 7:
        found.append(Fact("result.accuracy", round(float(rng.normal(0.9, 0.02)), 2), n=1))
    if number % 3:
        found += [
            Fact("result.accuracy@", round(float(rng.normal(0.8, 0.02)), 2), n=1, low=low, high=high)
            for low, high in SHARES[: 1 + number % 3]
        ]
    if number % 4:
        found.append(Fact("result.verdict", text=("matches", "loses", "undecided")[number % 5 % 3]))
    return [*found, Fact("cost.core_seconds", 1e6 + float(rng.normal(0, 1e-3)))]


def in_order(planted: list[Planted], sort: str, which: Callable[[Planted], bool]) -> list[str]:
    """Return the ids of those runs by a field: of a list its smallest value, downwards its largest.

    Runs without one come last; of a field that can be a number only numbers count.
    """
    descending, path = sort.startswith("-"), sort.removeprefix("-")
    extreme: Callable[..., Any] = max if descending else min
    numeric = "number" in types_of(path)
    values = {run.id: [each for each in run.values(path) if not numeric or isinstance(each, float)] for run in planted}
    there = [run.id for run in planted if which(run)]
    having = sorted((each for each in there if values[each]), key=lambda each: (extreme(values[each]), each))
    lacking = sorted(each for each in there if not values[each])
    return [*having[::-1], *lacking[::-1]] if descending else [*having, *lacking]
