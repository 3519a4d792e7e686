"""What pages say about runs and workers: plain records with words in them, made for the templates."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from weakref import WeakKeyDictionary

from fastapi import Request
from starlette.responses import HTMLResponse

from app.atlas.reader import Reader
from app.kinds.registry import KINDS
from app.kinds.specs import EXPERIMENTS, TITLES
from app.records import Refusal, Run, RunProgress, WorkerInfo
from app.store import Reads, Snapshot
from app.web.core.glossary import explain
from app.web.core.live_parts import changed, known_parts
from app.web.core.words import ago, duration, plural
from app.web.submission.waits import reason

# Per store: run -> (last seq, text). Bounded by the number of runs; each text is a few words.
_told: WeakKeyDictionary[Reads, dict[str, tuple[int, str]]] = WeakKeyDictionary()

# Runs of a list whose series are read at once.
_AT_ONCE = 25


@dataclass(frozen=True)
class Shell:
    """What every page says at its edge: who works and how much waits."""

    workers: str
    queue: str
    alive: bool


@dataclass(frozen=True)
class Row:
    """One run in a table; `left` is the time left or what else there is to say about its progress."""

    id: str
    state: str
    name: str
    kind: str
    dataset: str
    model: str
    tags: tuple[str, ...]
    done: int
    total: int
    left: str
    verdict: str
    age: str
    created: str
    deleted: str


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


def page(request: Request, template: str, status: int = 200, **context: object) -> HTMLResponse:
    """Render a template, or only its live parts; HTML of a live thing is never kept by a browser."""
    answer: HTMLResponse = request.app.state.templates.TemplateResponse(
        request, template, context, status_code=status, headers={"Cache-Control": "no-store"}
    )
    html = explain(bytes(answer.body).decode(), request.app.state.settings.root_path)
    known = known_parts(request)
    answer.body = (html if known is None else changed(html, known)).encode()
    answer.headers["Content-Length"] = str(len(answer.body))
    return answer


def edge(request: Request, store: Reads) -> Shell | None:
    """The edge of a page, None where only its live parts are asked for."""
    return shell(store) if known_parts(request) is None else None


def shell(store: Reads) -> Shell:
    """The workers and the queue as they are now."""
    alive = [worker for worker in store.workers() if worker.alive]
    waiting = sum(store.queue_length().values())
    slots: dict[str, int] = {}
    for worker in alive:
        slots[worker.queue] = slots.get(worker.queue, 0) + worker.slots
    what = ", ".join(f"{queue} × {count}" for queue, count in slots.items())
    return Shell(
        workers=f"{plural(len(alive), 'worker')} · {what}" if alive else "no worker is running",
        queue=f"{plural(waiting, 'replicate')} in the queue" if waiting else "queue empty",
        alive=bool(alive),
    )


def row(run: Run, summary: str = "", now: datetime | None = None) -> Row:
    """A run as a row of a table; `summary` is its verdict in short."""
    return Row(
        id=run.id,
        state=run.state,
        name=run.name,
        kind=run.kind,
        dataset=run.spec.dataset_name,
        model=run.spec.model_name,
        tags=run.tags,
        done=done(run),
        total=max(run.progress.total, 1),
        left=_left(run),
        verdict=summary,
        age=ago(run.created_at, now),
        created=f"{run.created_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        deleted=ago(run.deleted_at, now) if run.deleted_at else "",
    )


def done(run: Run) -> int:
    """Steps done; all of them once the run has finished, even where a diverged training ended early."""
    return max(run.progress.total, 1) if run.state == "finished" else run.progress.done


def summaries(store: Snapshot, reader: Reader, runs: Sequence[Run]) -> dict[str, str]:
    """The verdict of each run in a few words, empty while there is none; told once per state of a run's log."""
    known = _told.setdefault(store.origin, {})
    new = [run for run in runs if run.id not in known or known[run.id][0] != run.last_seq]
    for first in range(0, len(new), _AT_ONCE):
        some = new[first : first + _AT_ONCE]
        names = {name for run in some for name in KINDS[run.kind].summary_series}
        store.read_ahead([run.id for run in some], names)
        for run in some:
            known[run.id] = (run.last_seq, _summary(reader, run))
    return {run.id: known[run.id][1] for run in runs}


def _summary(reader: Reader, run: Run) -> str:
    if run.state == "failed":
        return (run.error or "").partition("\n")[0][:90]
    return KINDS[run.kind].summary(reader, run)


def head(
    run: Run, workers: Iterable[WorkerInfo], refusals: Sequence[Refusal], *, broker: bool, ended: int | None = None
) -> Head:
    """The head of a run's page; `ended` trainings are known to have ended, where steps do not tell how many."""
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
        refusals=tuple(f"Replicate {each.replicate}, on worker {each.worker}: {each.reason}" for each in refusals),
        page=f"{KINDS[run.kind].page}{run.id}" if KINDS[run.kind].page and not binned else "",
    )


def share_done(run: Run, ended: int | None = None) -> str:
    """How much of the run is done: `12 of 35 trainings`, told from the steps unless it is known how many `ended`."""
    asked, unit = run.spec.work
    left = run.state != "finished"
    finished = ended
    if finished is None:
        finished = min(asked, int(asked * run.progress.done / max(whole(run), 1))) if left else asked
    cut = f"; a divergence leaves {asked - finished} untrained" if not left and finished < asked else ""
    return f"{finished} of {plural(asked, unit)}{cut}"


def whole(run: Run) -> int:
    """Return what the run would come to, in the units of its progress, if no training diverged."""
    return sum(run.spec.totals)


def ended(store: Reads, run: Run) -> int | None:
    """Return how many trainings have ended, None where steps tell as well.

    They do not where a divergence has cut some short, nor in an erasure, whose progress counts arithmetic.
    """
    name = counted(run)
    return len(store.series(run.id, name)) if name else None


def counted(run: Run) -> str:
    """Return the series whose rows tell how many trainings have ended, empty where steps tell as well."""
    if run.kind not in EXPERIMENTS:
        return ""
    spec = run.experiment
    steps_tell = spec.counted == "never" or (spec.counted == "if cut short" and run.progress.total >= whole(run))
    return "" if steps_tell else spec.ends


def _left(run: Run) -> str:
    if run.state == "running":
        eta = run.progress.eta_s
        return f"{duration(eta)} left" if eta is not None else share_done(run)
    if run.state == "queued":
        device = run.experiment.device
        who = "a worker" if device == "any" else f"a {device} worker"
        return f"waits for {who}" if not run.progress.done else "waits to continue"
    if run.state == "finished":
        return f"took {_took(run)}" if _took(run) else ""
    return share_done(run)


def _took(run: Run) -> str:
    if run.started_at is None or run.finished_at is None:
        return ""
    return duration((run.finished_at - run.started_at).total_seconds())


def _progress(run: Run, share: str, waits: str, *, broker: bool) -> list[str]:
    words = [share]
    progress: RunProgress = run.progress
    if run.state == "queued":
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
        words.append("stops within two seconds; results are kept")
    elif run.state == "cancelled":
        words.append("results are kept; Resume continues from the last checkpoint")
    elif run.state == "finished" and run.finished_at is not None:
        words += [f"took {_took(run)}"] if _took(run) else []
        words.append(f"finished {ago(run.finished_at)}")
    return words


def _failure(run: Run) -> Failure:
    what, _, rest = (run.error or "it gave no reason").partition("\n")
    return Failure(
        what=f"Failed: {what}",
        kept="Results up to then are kept. Resume continues from the last checkpoint; Clone starts from the beginning.",
        traceback=rest.strip(),
    )
