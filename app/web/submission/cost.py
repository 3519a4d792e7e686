"""What specs would cost on the workers that run now, in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.contract.experiment import Experiment
from app.estimate import Spread, estimate_seconds, spread
from app.records import WorkerInfo
from app.store import Reads, Speed, Timing
from app.web.core.words import duration, span
from app.web.submission.waits import obstacle

UNCOMPARED = "within about a factor of 2 as no similar run has been compared yet"
"""How sure an estimate from timed steps alone is: steps of four deep models took 0.96 to 1.05 times theirs."""


@dataclass(frozen=True)
class Here:
    """The speeds, workers and past estimates of this moment, read once for any number of specs."""

    speeds: Sequence[Speed]
    workers: Sequence[WorkerInfo]
    timings: Sequence[Timing] = ()

    @classmethod
    def now(cls, store: Reads) -> "Here":
        """Return what is known now."""
        return cls(store.speeds(), [worker for worker in store.workers() if worker.alive], store.timings())

    def slots(self, spec: Experiment) -> int:
        """Return trainings that run at once on the workers that may take the spec."""
        return sum(worker.slots for worker in self.workers if spec.device in ("any", worker.queue))

    def short(self, spec: Experiment) -> str:
        """Return `about 1 to 5 min here`, `about 4 min here` before estimates were compared, or `not timed yet`."""
        seconds = estimate_seconds(spec, self.speeds, self.slots(spec)).seconds
        return "not timed yet" if seconds is None else f"about {self._time(spec, seconds)} here"

    def sentence(self, spec: Experiment, share: float = 1.0) -> str:
        """Return the time and what it is based on; `share` in (0, 1] is how much of the spec is still to do."""
        if missing := obstacle(spec.device, self.workers):
            return f"Time not known: {missing}."
        seconds, basis = estimate_seconds(spec, self.speeds, self.slots(spec))
        if seconds is None:
            return f"Time not known: {basis}."
        error = spread(spec, self.timings)
        if error is None:
            return f"About {duration(seconds * share)} here with nothing else running, {UNCOMPARED}: {basis}."
        return f"About {self._time(spec, seconds * share)} here, {past(error)}: {basis}."

    def _time(self, spec: Experiment, seconds: float) -> str:
        """Return an estimate, widened to what the last ones like it took; as one time while there are too few.

        It is never moved: while a machine is busy, the time that an idle one takes is still within.
        """
        error = spread(spec, self.timings)
        return duration(seconds) if error is None else span(seconds * min(error.low, 1), seconds * max(error.high, 1))


def past(error: Spread) -> str:
    """Return what the range is based on; with fewer than ten past replicates, nine in ten are all."""
    which = f"the last {error.n}" if error.n < 10 else f"9 in 10 of the last {error.n}"
    return f"as for {which} similar replicates"
