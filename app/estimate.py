"""How long a run would take: from the speed of steps measured before, the steps it asks for and the slots at work."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from app.contract.specs import LotterySpec, draws

# Controls that start from the ticket's own weights go back to the rewind step with it; new weights start at step 0.
_REWOUND = frozenset({"shuffled", "magnitude_at_init"})


class Speed(Protocol):
    """A measured speed: seconds per optimizer step; `device` is "cpu" or "gpu"."""

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


def steps_per_replicate(spec: LotterySpec) -> int:
    """Optimizer steps of one replicate; trainings that are rewound to step k do not repeat the first k."""
    rewound = 1 + sum(draws(branch) for branch in spec.branches if branch.kind in _REWOUND)
    return spec.trainings_per_replicate * spec.steps - spec.levels * rewound * spec.rewind_step


def estimate_seconds(spec: LotterySpec, speeds: Iterable[Speed], slots: int) -> Estimate:
    """Time until the last replicate ends when `slots` of them run at once and nothing else does.

    A replicate runs on one slot, so more slots than replicates do not help.
    """
    speeds = list(speeds)
    what = f"{spec.model.kind} on {spec.dataset.kind}"
    found = _nearest(speeds, spec.model.kind, spec.dataset.kind, spec.batch_size, spec.device)
    if found is None:
        return Estimate(None, f"no step of {what} was timed here yet")
    if slots < 1:
        return Estimate(None, "no worker is up")
    step_s = found.step_s * spec.batch_size / found.batch_size
    rounds = -(-spec.replicates // slots)
    scaled = "" if found.batch_size == spec.batch_size else f", scaled from batch {found.batch_size}"
    at_once = min(slots, spec.replicates)
    return Estimate(
        rounds * steps_per_replicate(spec) * step_s,
        f"{1000 * step_s:.3g} ms a step of {what} on {found.device}{scaled}, {at_once} at once",
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
