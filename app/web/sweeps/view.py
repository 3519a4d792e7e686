"""What the pages of sweeps show, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.continuing import objective_of
from app.contract.words import plural
from app.kinds.specs import TITLES
from app.plotting.sweep.data import label_of
from app.records import Member, Sweep
from app.store.early_stops import STOPPED
from app.sweeps.axes import written
from app.web.core.words import ago, duration, short
from app.web.form.checks import ABOUT_HELP, about
from app.web.form.fields import FormField, html_id
from app.web.run.cards import Card
from app.web.sweeps.extension import filled
from app.web.sweeps.figures import cards, looked_for

SHOWN = 200
"""Members in the table of a page; all of them are in its CSV."""
STATES = ("finished", "running", "queued", "stopped", "failed", "cancelling", "cancelled", "gone")
WORDS = {"gone": "purged or refused", "stopped": "stopped early"}


@dataclass(frozen=True)
class MemberRow:
    """A member as a row of a table; `words` are its state, with `left` as its detail."""

    number: int
    run: str | None
    name: str
    state: str
    cells: tuple[str, ...]
    objective: str
    done: int
    total: int
    left: str
    best: bool
    words: str


@dataclass(frozen=True)
class SweepHead:
    """What a sweep is and how far it is, in words."""

    id: str
    name: str
    kind: str
    state: str
    note: str
    notes: str
    tags: tuple[str, ...]
    done: int
    total: int
    progress: str
    how: str
    budget: str
    stops: str
    can_cancel: bool
    can_resume: bool
    age: str
    binned: bool
    deleted: str
    runs: int
    """Runs that would go to the bin with it, were none of them there."""
    owner: str = ""
    project: str = ""


@dataclass(frozen=True)
class Extended:
    """A field of the form that extends a sweep."""

    name: str
    id: str
    label: str
    value: str
    error: str


@dataclass(frozen=True)
class SweepView:
    """The page of a sweep; `order` is what its table is sorted by, `errors` are of no field of its form."""

    head: SweepHead
    labels: tuple[str, ...]
    objective: str
    rows: tuple[MemberRow, ...]
    left_out: int
    cards: tuple[Card, ...]
    order: str
    live_runs: tuple[str, ...]
    measured: int
    moving: bool
    extension: tuple[Extended, ...]
    errors: tuple[str, ...]
    about: tuple[FormField, ...]
    edit_errors: bool
    following: bool = False
    note: str = ""
    """What of the address means nothing, in a sentence."""


ORDERS = ("", "position", "objective")


def view(
    sweep: Sweep, members: Sequence[Member], sort: str, *, extended: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None, edited: Mapping[str, str] | None = None,
    edit_errors: Mapping[str, str] | None = None,
) -> SweepView:  # fmt: skip
    """Return what the page of a sweep shows."""
    looked = looked_for(sweep)
    ended = [member for member in members if member.objective is not None]
    sign = -1 if looked.maximise else 1
    by_value = sorted(ended, key=lambda one: (sign * (one.objective or 0.0), one.position))
    order = "objective" if sort == "objective" else "position"
    unknown = f"Runs are sorted by position or objective, not by “{short(sort)}”." if sort not in ORDERS else ""
    shown = (
        [*by_value, *(member for member in members if member.objective is None)] if order == "objective" else members
    )
    best = by_value[0].position if by_value else -1
    return SweepView(
        head=head(sweep, members),
        labels=tuple(label_of(path, list(sweep.axes)) for path in sweep.axes),
        objective=looked.axis if objective_of(sweep.plan) else "",
        rows=tuple(_row(sweep, item, best=item.position == best) for item in shown[:SHOWN]),
        left_out=max(0, len(members) - SHOWN),
        cards=tuple(cards(sweep, members)),
        order=order,
        note=unknown,
        live_runs=tuple(member.run for member in members if member.run and member.live),
        measured=len(ended),
        moving=sweep.is_open or any(member.run and member.measured_seq != member.last_seq for member in members),
        about=about(
            edited or {"name": sweep.name, "tags": ", ".join(sweep.tags), "notes": sweep.notes},
            edit_errors or {},
            ABOUT_HELP | {"name": "A question makes a good name. Its runs keep theirs."},
        ),
        edit_errors=bool(edit_errors),
        extension=(fields := _extension(sweep, extended or {}, errors or {})),
        errors=tuple(
            f"{path} {error}" for path, error in (errors or {}).items() if path not in {f.name for f in fields}
        ),
    )


def _extension(sweep: Sweep, data: Mapping[str, str], errors: Mapping[str, str]) -> tuple[Extended, ...]:
    """Return the fields of the form that extends a sweep."""
    labels = {
        "budget.runs": "Runs, at most", "budget.hours": "Hours, at most", "budget.at_once": "Runs at once",
        "stop.target": "Stop at", "stop.patience": "Stop without improvement in",
    }  # fmt: skip
    names = {f"axes.{path}": label_of(path, list(sweep.axes)) for path in sweep.axes} | labels
    written_ = filled(sweep)
    return tuple(
        Extended(name, html_id(name), label, data.get(name, written_[name]), errors.get(name, ""))
        for name, label in names.items()
    )


def head(sweep: Sweep, members: Sequence[Member] | None = None) -> SweepHead:
    """Return what a sweep is and how far it is; its time left needs its members."""
    size = max(sweep.plan.size(), sweep.started)
    ended = sweep.started - sum(sweep.counts.get(item, 0) for item in ("queued", "running", "cancelling"))
    counts = [f"{sweep.counts[state]} {WORDS.get(state, state)}" for state in STATES if sweep.counts.get(state)]
    if size > sweep.started and sweep.is_open:
        counts.append(f"{size - sweep.started} to start")
    left = _left(sweep, members or ())
    binned, now = sweep.deleted_at is not None, datetime.now(UTC)
    return SweepHead(
        id=sweep.id,
        name=sweep.name,
        kind=TITLES[sweep.kind],
        state=sweep.state,
        note=sweep.note,
        notes=sweep.notes,
        tags=sweep.tags,
        done=ended,
        total=max(size, 1),
        progress=" · ".join([f"{ended} of {plural(size, 'run')} ended", *counts, *([left] if left else [])]),
        how=_how(sweep),
        budget=_budget(sweep, members or ()),
        stops=_stops(sweep),
        can_cancel=sweep.state == "running" and not binned,
        can_resume=not binned
        and (sweep.state == "cancelled" or bool(sweep.counts.get("failed") or sweep.counts.get("cancelled"))),
        age=ago(sweep.created_at, now),
        binned=binned,
        deleted=ago(sweep.deleted_at, now) if sweep.deleted_at else "",
        runs=sweep.started - sweep.counts.get("gone", 0),
        owner=sweep.owner or "",
        project=sweep.project or "",
    )


def _left(sweep: Sweep, members: Sequence[Member]) -> str:
    """Return the time left: what ended members took on average, over those that are at work."""
    took = [member.hours * 3600 for member in members if member.state == "finished" and member.hours > 0]
    working = sum(member.state == "running" for member in members)
    if not took or not working or sweep.state != "running":
        return ""
    to_come = sweep.plan.size() - len(members) if sweep.is_open else 0
    shares = sum(1 - member.done / member.total for member in members if member.live and member.total)
    return f"about {duration((shares + max(0, to_come)) * sum(took) / len(took) / working)} left"


def _how(sweep: Sweep) -> str:
    names = {"grid": "Every combination", "random": "Random search", "adaptive": "Adaptive search"}
    seed = "" if sweep.sampler.kind == "grid" else f" with seed {sweep.sampler.seed}"
    fields = ", ".join(f"{label_of(path, list(sweep.axes))} {_axis(sweep, path)}" for path in sweep.axes)
    return f"{names[sweep.sampler.kind]}{seed}: {fields}"


def _axis(sweep: Sweep, path: str) -> str:
    axis = sweep.axes[path]
    if axis.values is not None:
        few = ", ".join(written(value) for value in axis.values[:6])
        return f"{few} and {len(axis.values) - 6} more" if len(axis.values) > 6 else few
    if axis.range is not None:
        step = f" step {axis.range.step:g}" if axis.range.step is not None else ""
        return f"{axis.range.low:g}..{axis.range.high:g}{step}"
    assert axis.log_range is not None  # noqa: S101 (an axis has one of three)
    count = f" {axis.log_range.count}" if axis.log_range.count is not None else ""
    return f"{axis.log_range.low:g}..{axis.log_range.high:g} log{count}"


def _budget(sweep: Sweep, members: Sequence[Member]) -> str:
    parts = []
    if sweep.budget.runs is not None:
        parts.append(f"{sweep.started} of {plural(sweep.budget.runs, 'run')}")
    if sweep.budget.hours is not None:
        used = sum(member.hours for member in members)
        parts.append(f"{used:.2g} of {sweep.budget.hours:g} hours" if members else f"{sweep.budget.hours:g} hours")
    return f"Budget: {', '.join(parts)}." if parts else ""


def _stops(sweep: Sweep) -> str:
    parts = []
    if sweep.stop.target is not None:
        parts.append(f"at {looked_for(sweep).text(sweep.stop.target)}")
    if sweep.stop.patience is not None:
        parts.append(f"after {plural(sweep.stop.patience, 'run')} without improvement")
    stops = [f"Stops {' or '.join(parts)}."] if parts else []
    if (pruner := sweep.pruner).kind != "none":
        after = f" once {plural(pruner.startup, 'run')} ended" if pruner.kind == "median" else ""
        stops.append(f"Weak runs are stopped early by {pruner.kind.replace('_', ' ')}{after}.")
    return " ".join(stops)


def _state(member: Member) -> str:
    if member.run is None:
        return "refused" if member.error else "purged"
    return "stopped early" if member.stopped_early else member.state or "cancelled"


def _row(sweep: Sweep, member: Member, *, best: bool) -> MemberRow:
    looked = looked_for(sweep)
    left = ""
    if member.state == "running" and member.eta_s is not None:
        left = f"{duration(member.eta_s)} left"
    elif member.run is None:
        left = member.error or "purged"
    elif member.stopped_early:
        left = (member.stopped or "").removeprefix(f"{STOPPED}: ")
    elif member.binned:
        left = "in the bin"
    return MemberRow(
        number=member.position + 1,
        run=member.run,
        name=member.name,
        state=member.state or ("failed" if member.error else "cancelled"),
        cells=tuple(written(member.values.get(path)) for path in sweep.axes),
        objective="" if member.objective is None else looked.text(member.objective),
        done=member.done,
        total=max(member.total, 1),
        left=left,
        best=best,
        words=_state(member),
    )
