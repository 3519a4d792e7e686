"""Sweeps over the API: submit, preview, read, cancel, resume, extend."""

from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, Header, Path, Query, Request, Response
from pydantic import ConfigDict, Field

from app.contract.strict import Strict
from app.kinds.presets import PRESETS
from app.plotting.sweep.registry import SWEEP_FIGURES
from app.records import Member, Sweep, SweepPage
from app.sweeps.axes import Axis
from app.sweeps.plan import Budget, Plan, Pruner, Sampler, Stop
from app.web.core.columns import Bom, Format, csv_response, wants_csv
from app.web.core.context import QueueDep, StoreDep
from app.web.core.parameters import Empty
from app.web.core.problems import responses
from app.web.run.api import Name, Notes, Ranked, SpecOrPreset, Tags
from app.web.submission import sweep_bin
from app.web.submission import sweep_submit as submission
from app.web.submission.once import KeyHeader, of_request
from app.web.submission.priority import permitted
from app.web.submission.sweep_submit import Preview, extend_sweep, preview, submit_sweep
from app.web.sweeps import figures
from app.web.sweeps.table import columns

router = APIRouter(prefix="/sweeps", tags=["sweeps"])

SweepId: TypeAlias = Annotated[str, Path(description="Id of a sweep.", max_length=32)]
Cursor: TypeAlias = Annotated[str, Field(max_length=32)]
Axes: TypeAlias = Annotated[
    dict[Annotated[str, Field(max_length=200)], Axis],
    Field(
        max_length=20,
        description='Fields that vary, by path: `{"optimizer.lr": {"values": [0.1, 0.3]}}`, `{"seed": {"range": '
        '{"low": 0, "high": 4}}}` or `{"optimizer.lr": {"log_range": {"low": 1e-4, "high": 0.1, "count": 4}}}`. '
        "Random and adaptive search take every number between the ends where there is no `step` or `count`.",
    ),
]


class _Body(Strict):
    model_config = ConfigDict(extra="forbid")


class NewSweep(SpecOrPreset):
    """A sweep to submit: a `spec` or the name of a preset as its base, and the fields that vary."""

    axes: Axes
    sampler: Sampler = Sampler()
    objective: Annotated[
        str,
        Field(max_length=80, description="What is looked for, such as last_ticket_validation_accuracy; by default the "
              "first that the kind declares."),
    ] = ""  # fmt: skip
    budget: Budget = Budget()
    stop: Stop = Stop()
    pruner: Pruner = Pruner()
    name: Name = ""
    tags: Tags = Field(default_factory=list)
    notes: Notes = ""
    priority: Ranked = "normal"

    @property
    def plan(self) -> Plan:
        """Return its plan."""
        spec = self.spec if self.spec is not None else PRESETS[self.preset or ""].spec
        return Plan(
            spec=spec.model_dump(mode="json"),
            axes=self.axes,
            sampler=self.sampler,
            objective=self.objective,
            budget=self.budget,
            stop=self.stop,
            pruner=self.pruner,
        )


class SweepExtension(_Body):
    """More of a sweep: whole axes that keep the values that runs have, another budget, other stop rules."""

    axes: Axes = Field(default_factory=dict)
    budget: Budget | None = None
    stop: Stop | None = None


class SweepChange(_Body):
    """What of a sweep to change; what is left out stays."""

    name: Name | None = None
    tags: Tags | None = None
    notes: Notes | None = None
    priority: Ranked | None = None


class SweepMembers(_Body):
    """The members of a sweep by position."""

    items: list[Member]
    next: None = None


@router.post("", status_code=201)
def create_sweep(
    request: Request,
    body: NewSweep,
    response: Response,
    store: StoreDep,
    queue: QueueDep,
    idempotency_key: KeyHeader = None,
) -> Sweep:
    """Submit a sweep. All members are checked before any is stored, and they are stored at once."""
    once = of_request(idempotency_key, "sweeps", body)
    priority = permitted(request, body.priority)
    sweep = submit_sweep(
        store, queue, body.plan, name=body.name, tags=body.tags, notes=body.notes, once=once, priority=priority
    )
    response.headers["Location"] = f"/api/v1/sweeps/{sweep.id}"
    return sweep


@router.post("/preview")
def preview_sweep(body: NewSweep, store: StoreDep) -> Preview:
    """Return how many runs a sweep would have, how long it would take, and its first members; nothing is stored."""
    return preview(store, body.plan)


@router.get("")
def list_sweeps(
    store: StoreDep,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[Cursor | None, Empty, Query(description="`next` of the page before.")] = None,
    binned: Annotated[bool, Query(description="Those in the bin.")] = False,
) -> SweepPage:
    """Return a page of sweeps, the newest first."""
    return store.sweeps(limit, cursor, binned=binned)


@router.get("/{sweep_id}", responses=responses(404))
def get_sweep(sweep_id: SweepId, store: StoreDep) -> Sweep:
    """Return one sweep; its runs are also found by the query `sweep:ID`."""
    return store.sweep(sweep_id)


@router.patch("/{sweep_id}", responses=responses(404, 409))
def change_sweep(request: Request, sweep_id: SweepId, body: SweepChange, store: StoreDep) -> Sweep:
    """Rename, tag or annotate a sweep; its runs keep their names. Another priority is that of its runs as well."""
    if body.priority is not None:
        sweep = store.prioritise_sweep(sweep_id, permitted(request, body.priority))
        if body.model_fields_set == {"priority"}:
            return sweep
    return store.update_sweep(sweep_id, name=body.name, tags=body.tags, notes=body.notes)


@router.delete("/{sweep_id}", responses={**responses(404, 409), 204: {"description": "Purged for good."}})
def delete_sweep(
    sweep_id: SweepId,
    store: StoreDep,
    queue: QueueDep,
    with_runs: Annotated[bool, Query(description="Move its runs to the bin as well; live ones are cancelled.")] = False,
    purge: Annotated[bool, Query(description="Delete a sweep that is in the bin, for good; its runs stay.")] = False,
) -> Any:
    """Move a sweep to the bin, or purge it from there. Its runs stay and go on, unless they are to go with it."""
    if purge:
        store.purge_sweep(sweep_id)
        return Response(status_code=204)
    return sweep_bin.discard_sweep(store, queue, sweep_id, with_runs=with_runs)[0]


@router.post("/{sweep_id}/restore", responses=responses(404))
def restore_sweep(sweep_id: SweepId, store: StoreDep, queue: QueueDep) -> Sweep:
    """Take a sweep out of the bin, with the runs that went there with it."""
    return sweep_bin.restore_sweep(store, queue, sweep_id)


@router.get(
    "/{sweep_id}/members",
    responses={**responses(404), 200: {"description": "Members, as JSON or CSV.", "content": {"text/csv": {}}}},
    response_model=SweepMembers,
)
def sweep_members(
    request: Request,
    sweep_id: SweepId,
    store: StoreDep,
    form: Annotated[Format | None, Empty, Query(alias="format")] = None,
    bom: Bom = False,
) -> Any:
    """Return the members of a sweep with their values and objectives."""
    with store.snapshot() as now:
        sweep, members = now.sweep(sweep_id), now.members(sweep_id)
    if wants_csv(request.headers.get("accept", ""), form):
        return csv_response(columns(sweep, members), f"sweep-{sweep.id}.csv", bom=bom)
    return SweepMembers(items=members)


@router.get(
    "/{sweep_id}/figures/{name}",
    responses={
        **responses(404),
        304: {"description": "Not modified."},
        200: {"description": "Plotly figure, or its data as CSV.", "content": {"text/csv": {}, "application/json": {}}},
    },
)
def sweep_figure(
    request: Request,
    sweep_id: SweepId,
    name: Annotated[str, Path(json_schema_extra={"enum": list(SWEEP_FIGURES)})],
    store: StoreDep,
    field: Annotated[str, Query(max_length=200, description="The field that a slice is along.")] = "",
    form: Annotated[Format | None, Empty, Query(alias="format")] = None,
    bom: Bom = False,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Return a figure of a sweep."""
    with store.snapshot() as now:
        sweep, members = now.sweep(sweep_id), now.members(sweep_id)
    csv = wants_csv(request.headers.get("accept", ""), form)
    return figures.answer(sweep, members, name, field, csv=csv, bom=bom, known=if_none_match)


@router.post("/{sweep_id}/cancel", responses=responses(404, 409))
def cancel_sweep(sweep_id: SweepId, store: StoreDep, queue: QueueDep) -> Sweep:
    """Start no more runs and stop those that wait or run."""
    return submission.cancel_sweep(store, queue, sweep_id)


@router.post("/{sweep_id}/resume", responses=responses(404, 409))
def resume_sweep(sweep_id: SweepId, store: StoreDep, queue: QueueDep) -> Sweep:
    """Go on with cancelled and failed runs, and start the others."""
    return submission.resume_sweep(store, queue, sweep_id)


@router.post("/{sweep_id}/extend", responses=responses(404, 409))
def extend(sweep_id: SweepId, body: SweepExtension, store: StoreDep, queue: QueueDep) -> Sweep:
    """Ask for more values or another budget."""
    return extend_sweep(store, queue, sweep_id, axes=body.axes, budget=body.budget, stop=body.stop)
