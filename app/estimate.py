"""How long a run would take: from the speed of such work measured before, its amount and the slots at work.

And how wrong earlier estimates were: the time that shards took against the one estimated for them.
"""

import math
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple, Protocol

from app.contract.experiment import Experiment


class Speed(Protocol):
    """A measured speed: seconds per unit of work, such as an optimizer step; `device` is "cpu" or "gpu"."""

    @property
    def model(self) -> str: ...
    @property
    def dataset(self) -> str: ...
    @property
    def batch_size(self) -> int: ...
    @property
    def device(self) -> str: ...
    @property
    def step_s(self) -> float: ...


class Timing(Protocol):
    """The time that a replicate took and the one estimated; `device` is "cpu", "gpu" or "any", that of its run."""

    @property
    def kind(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def dataset(self) -> str: ...
    @property
    def device(self) -> str: ...
    @property
    def estimated_s(self) -> float: ...
    @property
    def took_s(self) -> float: ...


class Spread(NamedTuple):
    """Nine in ten of the last `n` replicates took between `low` and `high` times as long as estimated."""

    low: float
    high: float
    n: int

    @property
    def factor(self) -> float:
        """Return how far off they were either way, at least 1."""
        return max(self.high, 1 / self.low, 1.0)


# Fewer say nothing about nine in ten; older ones are of another machine, another version.
LEAST, LATEST = 5, 20


_IDLE = "; a worker that is idle for some minutes times a step of every model"


class Estimate(NamedTuple):
    """Wall-clock seconds, or None when nothing comparable was measured; `basis` names what it is based on."""

    seconds: float | None
    basis: str


def estimate_seconds(spec: Experiment, speeds: Iterable[Speed], slots: int) -> Estimate:
    """Return the time until the last replicate ends when `slots` of them run at once and nothing else does.

    A replicate runs on one slot, so more slots than replicates do not help.
    """
    model, dataset, batch_size, unit, *_ = spec.pace
    what = model if dataset == "any" else f"{model} on {dataset}"
    nearest = _nearest(spec, speeds)
    if nearest is None:
        return Estimate(None, f"{what} has not been timed here yet{_IDLE if dataset != 'any' else ''}")
    if slots < 1:
        return Estimate(None, "no worker is running")
    unit_s = _unit_s(spec, nearest)
    rounds = -(-spec.replicates // slots)
    scaled = "" if nearest.batch_size == batch_size else f", scaled from batch {nearest.batch_size}"
    at_once = min(slots, spec.replicates)
    return Estimate(
        rounds * spec.units_per_replicate * unit_s,
        f"{1000 * unit_s:.3g} ms {unit} ({what}, {nearest.device}{scaled}), {at_once} at a time",
    )


def replicate_seconds(spec: Experiment, speeds: Iterable[Speed]) -> float | None:
    """Return the time of one replicate on a slot; None when nothing comparable was measured."""
    nearest = _nearest(spec, speeds)
    return None if nearest is None else spec.units_per_replicate * _unit_s(spec, nearest)


def spread(spec: Experiment, timings: Iterable[Timing]) -> Spread | None:
    """Return how far off estimates of the same kind of work were; `timings` come with the newest first.

    None while there are fewer than `LEAST`; only the `LATEST` count.
    """
    key = (spec.kind, spec.model_name, spec.dataset_name, spec.device)
    alike = (timing for timing in timings if (timing.kind, timing.model, timing.dataset, timing.device) == key)
    ratios = [item.took_s / item.estimated_s for item in islice(alike, LATEST)]
    ratios.sort(key=lambda ratio: max(ratio, 1 / ratio))
    n = len(ratios)
    usual = ratios[: math.ceil(0.9 * n)]
    return Spread(min(usual), max(usual), n) if n >= LEAST else None


def _unit_s(spec: Experiment, speed: Speed) -> float:
    measured = spec.pace.standard._replace(batch_size=speed.batch_size)
    return speed.step_s * spec.pace.examples / measured.examples


def _nearest(spec: Experiment, speeds: Iterable[Speed]) -> Speed | None:
    """Return the speed of the batch size nearest by ratio.

    Among equals the slower, so that no estimate is too short.
    """
    model, dataset, batch_size, *_ = spec.pace
    known = [
        speed
        for speed in speeds
        if (speed.model, speed.dataset) == (model, dataset) and spec.device in (speed.device, "any")
    ]

    def distance(speed: Speed) -> tuple[float, float]:
        ratio = speed.batch_size / batch_size
        return max(ratio, 1 / ratio), -speed.step_s

    return min(known, key=distance, default=None)
