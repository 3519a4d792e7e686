"""How long a run would take: from the speed of such work measured before, its amount and the slots at work."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from app.contract.specs import Experiment


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


class Estimate(NamedTuple):
    """Wall-clock seconds, or None when nothing comparable was measured; `basis` says what it rests on."""

    seconds: float | None
    basis: str


def estimate_seconds(spec: Experiment, speeds: Iterable[Speed], slots: int) -> Estimate:
    """Time until the last replicate ends when `slots` of them run at once and nothing else does.

    A replicate runs on one slot, so more slots than replicates do not help.
    """
    model, dataset, batch_size, unit = spec.pace
    what = model if dataset == "any" else f"{model} on {dataset}"
    found = _nearest(speeds, model, dataset, batch_size, spec.device)
    if found is None:
        return Estimate(None, f"{unit.replace('a ', 'no ')} of {what} was timed here yet")
    if slots < 1:
        return Estimate(None, "no worker is up")
    unit_s = found.step_s * batch_size / found.batch_size
    rounds = -(-spec.replicates // slots)
    scaled = "" if found.batch_size == batch_size else f", scaled from batch {found.batch_size}"
    at_once = min(slots, spec.replicates)
    return Estimate(
        rounds * spec.units_per_replicate * unit_s,
        f"{1000 * unit_s:.3g} ms {unit} of {what} on {found.device}{scaled}, {at_once} at once",
    )


def _nearest(speeds: Iterable[Speed], model: str, dataset: str, batch_size: int, device: str) -> Speed | None:
    """The speed of the batch size nearest by ratio; among equals the slower, so that no estimate is too short.

    `device` is "cpu", "gpu" or "any".
    """
    known = [
        speed
        for speed in speeds
        if (speed.model, speed.dataset) == (model, dataset) and device in (speed.device, "any")
    ]

    def distance(speed: Speed) -> tuple[float, float]:
        ratio = speed.batch_size / batch_size
        return max(ratio, 1 / ratio), -speed.step_s

    return min(known, key=distance, default=None)
