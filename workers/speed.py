"""How long one optimizer step takes, evaluations included, from the progress that an experiment reports."""

import os
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any

from app.contract.events import Progress
from app.settings import Settings
from app.store import Store
from workers import numerics
from workers.calibration import missing
from workers.job import DONE, device_kind
from workers.parent import Parent
from workers.science.calibration import calibrate as step_times
from workers.science.compute_time import clock
from workers.science.experiments.stacked_trainer import Step


class Stopwatch:
    """Adds up the time that an experiment takes for its outputs; what the caller does with them is left out."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._first: int | None = None
        self._done = 0

    def lap(self, output: Step, seconds: float) -> None:
        """Note that the experiment took `seconds` to yield `output`."""
        if isinstance(output, Progress):
            self._done = output.done
            if self._first is None:
                # What came before the first step, such as reading a data set, is no step.
                self._first, seconds = output.done, 0.0
        if self._first is not None:
            self._seconds += seconds

    def step_s(self) -> float | None:
        """Return the mean seconds per step so far, over all trainings, as cheap ones follow costly ones.

        None without a step.
        """
        steps = self._done - self._first if self._first is not None else 0
        return self._seconds / steps if steps else None


def calibrate(connection: "Connection[Any, Any]", settings: Settings, device: str) -> int:
    """Time in a child a step of every model on `device`, and record at once each that was not known."""
    Parent(connection)
    os.nice(10)
    numerics.pin()
    store = Store(settings.resolved_database_url, settings.resolved_artifacts_url)
    for step in step_times(device=device, wanted=missing(store, device)):
        store.record_speed(step.model, step.dataset, step.batch_size, device_kind(device), step.step_s)
    return DONE


def timed(outputs: Iterator[Step], stopwatch: Stopwatch, device: str) -> Iterator[Step]:
    """Yield `outputs`, each after its lap of `stopwatch`: how long it computed on `device`."""
    now = clock(device)
    while True:
        began = now()
        try:
            output = next(outputs)
        except StopIteration:
            return
        stopwatch.lap(output, now() - began)
        yield output
