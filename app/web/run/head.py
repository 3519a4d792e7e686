"""The head of a run's page, in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.kinds.registry import KINDS
from app.kinds.specs import EXPERIMENTS, TITLES
from app.records import Refusal, Run, RunProgress, WorkerInfo
from app.web.core.words import ago, duration
from app.web.run.progress import done, share_done, took
from app.web.submission.waits import reason


@dataclass(frozen=True)
class Failure:
    """What went wrong, what was kept and what to do, and the traceback."""

    what: str
    kept: str
    traceback: str


@dataclass(frozen=True)
class Head:
    """The head of a run's page, all of it in words."""

    id: str
    name: str
    kind: str
    dataset: str
    model: str
    state: str
    state_words: str
    done: int
    total: int
    progress_words: str
    tags: tuple[str, ...]
    notes: str
    binned: bool
    can_cancel: bool
    can_resume: bool
    can_extend: bool
    can_clone: bool
    failure: Failure | None
    refusals: tuple[str, ...]
    page: str = ""
    """Address of the page that shows runs of this kind together, if there is one."""
    sweep: str = ""
    """The sweep that it is a member of."""
    owner: str = ""
    project: str = ""


def head(
    run: Run, workers: Iterable[WorkerInfo], refusals: Sequence[Refusal], *, broker: bool, ended: int | None = None
) -> Head:
    """Return the head of a run's page; `ended` trainings are known to have ended, where steps do not show how many."""
    waits = reason(run, workers, refusals) if run.state == "queued" else ""
    binned = run.deleted_at is not None
    return Head(
        id=run.id,
        name=run.name,
        kind=TITLES[run.kind],
        dataset=run.spec.dataset_name,
        model=run.spec.model_name,
        state=run.state,
        state_words=f"running · {run.progress.note}" if run.state == "running" and run.progress.note else run.state,
        done=done(run),
        total=max(run.progress.total, 1),
        progress_words=" · ".join(_progress(run, share_done(run, ended), waits, broker=broker)),
        tags=run.tags,
        notes=run.notes,
        binned=binned,
        can_cancel=run.state in ("queued", "running"),
        can_resume=run.state in ("cancelled", "failed"),
        can_extend=run.state != "cancelling" and run.kind in EXPERIMENTS,
        can_clone=run.kind in EXPERIMENTS,
        failure=_failure(run) if run.state == "failed" else None,
        refusals=tuple(
            f"Replicate {refusal.replicate}, on worker {refusal.worker}: {refusal.reason}" for refusal in refusals
        ),
        page=f"{KINDS[run.kind].page}{run.id}" if KINDS[run.kind].page and not binned else "",
        sweep=run.sweep or "",
        owner=run.owner or "",
        project=run.project or "",
    )


def _progress(run: Run, share: str, waits: str, *, broker: bool) -> list[str]:
    words = [share]
    progress: RunProgress = run.progress
    if run.state == "queued":
        if run.priority != "normal":
            words.append(f"{run.priority} priority")
        if not broker:
            words.append("stored; starts when the broker is back")
        else:
            words.append(waits or "starts when a worker is free")
    elif run.state == "running":
        # A rate of the last seconds: a level that goes faster, or a machine that others use too, changes it.
        eta = progress.eta_s
        words.append("remaining time not known yet" if eta is None else f"{duration(eta)} left at the current speed")
        if run.workers:
            words.append(f"{'worker' if len(run.workers) == 1 else 'workers'} {', '.join(run.workers)}")
    elif run.state == "cancelling":
        words += [*([run.stopped] if run.stopped else []), "stops within two seconds; results are kept"]
    elif run.state == "cancelled":
        words += [
            *([run.stopped] if run.stopped else []),
            "results are kept; Resume continues from the last checkpoint",
        ]
    elif run.state == "finished" and run.finished_at is not None:
        words += [f"took {took(run)}"] if took(run) else []
        words.append(f"finished {ago(run.finished_at)}")
    return words


def _failure(run: Run) -> Failure:
    what, _, rest = (run.error or "it gave no reason").partition("\n")
    return Failure(
        what=f"Failed: {what}",
        kept="Results up to then are kept. Resume continues from the last checkpoint; Clone starts from the beginning.",
        traceback=rest.strip(),
    )
