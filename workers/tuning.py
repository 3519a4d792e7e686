"""What was measured for the plan of a shard."""

from pathlib import Path
from types import ModuleType
from typing import Any

from workers.job import Job
from workers.memory import Memory


def tuned(job: Job, experiment: ModuleType, datasets_dir: Path, device: str) -> dict[str, Any]:
    """Return what the first attempt of the shard measured, as another one would measure otherwise."""
    claim = job.claim
    if claim.plan is not None:
        planned: dict[str, Any] = claim.plan.get("tuned", {})
        return planned
    tune = getattr(experiment, "tune", None)
    if tune is None:
        return {}
    get_or_measure = Memory(job.settings.data_dir).get_or_measure
    knobs: dict[str, Any] = tune(claim.spec, datasets_dir, device, get_or_measure, job.stacked)
    return knobs
