"""How far a run has come, in words."""

from app.contract.words import plural
from app.kinds.specs import EXPERIMENTS
from app.records import Run
from app.store import Reads
from app.web.core.words import duration


def done(run: Run) -> int:
    """Return steps done; all of them once the run has finished, even where a diverged training ended early."""
    return max(run.progress.total, 1) if run.state == "finished" else run.progress.done


def share_done(run: Run, ended: int | None = None) -> str:
    """Return how much of the run is done: `12 of 35 trainings`, by the steps unless it is known how many `ended`."""
    total, unit = run.spec.work
    left = run.state != "finished"
    finished = ended
    if finished is None:
        finished = min(total, int(total * run.progress.done / max(whole(run), 1))) if left else total
    cut = f"; a divergence leaves {total - finished} untrained" if not left and finished < total else ""
    return f"{finished} of {plural(total, unit)}{cut}"


def whole(run: Run) -> int:
    """Return what the run would come to, in the units of its progress, if no training diverged."""
    return sum(run.spec.totals)


def ended(store: Reads, run: Run) -> int | None:
    """Return how many trainings have ended, None where steps show it as well.

    They do not where a divergence has cut some short, nor in an erasure, whose progress counts arithmetic.
    """
    name = counted(run)
    return len(store.series(run.id, name)) if name else None


def counted(run: Run) -> str:
    """Return the series whose rows count the trainings that have ended, empty where steps do as well."""
    if run.kind not in EXPERIMENTS:
        return ""
    spec = run.experiment
    steps_tell = spec.counted == "never" or (spec.counted == "if cut short" and run.progress.total >= whole(run))
    return "" if steps_tell else spec.ends


def took(run: Run) -> str:
    if run.started_at is None or run.finished_at is None:
        return ""
    return duration((run.finished_at - run.started_at).total_seconds())
