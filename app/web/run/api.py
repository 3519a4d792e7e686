"""Runs: submit, find, read, change, and everything that can be done to one."""

from typing import Annotated, Any, Self, TypeAlias

from fastapi import APIRouter, Query, Request, Response
from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from app.contract.experiment import FieldError
from app.contract.strict import Strict
from app.kinds.presets import PRESETS
from app.kinds.specs import ENTRIES, EXPERIMENTS
from app.kinds.specs import Submitted as Trained
from app.records import Priority, Run
from app.store.labels import NAME_LENGTH, NOTES_LENGTH, TAG_LENGTH, TAGS
from app.web.core.context import QueueDep, StoreDep
from app.web.core.parameters import RunId
from app.web.core.problems import responses
from app.web.submission.once import KeyHeader, of_request
from app.web.submission.priority import permitted
from app.web.submission.submit import announce, extend, submit, trainable
from app.web.submission.waits import noted

router = APIRouter(tags=["runs"])

# The store checks what is written (app/store/labels.py); the bounds are here for readers of the schema.
Name: TypeAlias = Annotated[str, Field(max_length=NAME_LENGTH, description="One line; spaces around it are dropped.")]
Tags: TypeAlias = Annotated[
    list[Annotated[str, Field(max_length=TAG_LENGTH)]], Field(max_length=TAGS, description="Short lines.")
]
Ranked: TypeAlias = Annotated[
    Priority, Field(description="What comes first in the queue; high is for admins, unless the settings say otherwise.")
]
Notes: TypeAlias = Annotated[str, Field(max_length=NOTES_LENGTH)]

COPY = " (copy)"


def _not_imported(spec: Any) -> Any:
    if isinstance(spec, dict) and spec.get("kind") in ENTRIES.keys() - EXPERIMENTS.keys():
        raise FieldError("kind", "masks come with their files: POST those to /api/v1/imports")
    return spec


Submitted: TypeAlias = Annotated[Trained, BeforeValidator(_not_imported)]


class _Body(Strict):
    model_config = ConfigDict(extra="forbid")


class SpecOrPreset(_Body):
    """Base of what is submitted: a whole `spec`, or the name of a preset."""

    spec: Submitted | None = None
    preset: str | None = Field(None, json_schema_extra={"enum": [*PRESETS, None]})

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.spec is None) == (self.preset is None):
            raise FieldError("spec", "send either a spec or the name of a preset")
        if self.preset is not None and self.preset not in PRESETS:
            raise FieldError("preset", f"there is no such preset; known: {', '.join(PRESETS)}")
        return self


class NewRun(SpecOrPreset):
    """A run to submit: a whole `spec`, or the name of a preset."""

    name: Name = ""
    tags: Tags = Field(default_factory=list)
    notes: Notes = ""
    priority: Ranked = "normal"


class RunChange(_Body):
    """What of a run to change; what is left out stays."""

    name: Name | None = None
    tags: Tags | None = None
    notes: Notes | None = None
    priority: Ranked | None = None


class Extension(_Body):
    """The spec of a run, grown: more replicates, or levels, draws and branches of tickets, and nothing else changed."""

    spec: Submitted


@router.post("/runs", status_code=201)
def create_run(
    request: Request,
    body: NewRun,
    response: Response,
    store: StoreDep,
    queue: QueueDep,
    idempotency_key: KeyHeader = None,
) -> Run:
    """Submit a run. Without a broker or a worker for it, it is stored and waits; `progress.note` gives the reason."""
    preset = PRESETS.get(body.preset or "")
    spec, name = (preset.spec, body.name or preset.title) if preset is not None else (body.spec, body.name)
    assert spec is not None  # noqa: S101 (a body has either)
    once = of_request(idempotency_key, "runs", body)
    priority = permitted(request, body.priority)
    run = submit(store, queue, spec, name=name, tags=body.tags, notes=body.notes, once=once, priority=priority)
    response.headers["Location"] = f"/api/v1/runs/{run.id}"
    return run


@router.get("/runs/{run_id}", responses=responses(404))
def get_run(run_id: RunId, store: StoreDep) -> Run:
    """Return one run; while it is queued, `progress.note` gives what it waits for, if not just for a free worker."""
    return noted(store, store.run(run_id))


@router.patch("/runs/{run_id}", responses=responses(404, 409))
def change_run(request: Request, run_id: RunId, body: RunChange, store: StoreDep, queue: QueueDep) -> Run:
    """Rename, tag or annotate a run; give one that waits or works another priority."""
    if body.priority is not None:
        run = store.prioritise_run(run_id, permitted(request, body.priority))
        if body.model_fields_set == {"priority"}:
            return run
    run = store.update_run(run_id, name=body.name, tags=body.tags, notes=body.notes)
    queue.wake(run.id, run.last_seq)
    return run


@router.delete("/runs/{run_id}", responses={**responses(404, 409), 204: {"description": "Purged for good."}})
def delete_run(
    run_id: RunId,
    store: StoreDep,
    queue: QueueDep,
    purge: Annotated[bool, Query(description="Delete a run that is in the bin, for good.")] = False,
) -> Any:
    """Move a run to the bin (a live one is cancelled), or purge it from there."""
    if purge:
        store.purge_run(run_id)
        return Response(status_code=204)
    run = store.bin_run(run_id)
    queue.wake(run.id, run.last_seq)
    return run


@router.delete("/bin")
def empty_bin(store: StoreDep) -> dict[str, int]:
    """Purge every run in the bin; answers how many."""
    return {"purged": store.empty_bin()}


@router.post("/runs/{run_id}/restore", responses=responses(404, 409))
def restore_run(run_id: RunId, store: StoreDep, queue: QueueDep) -> Run:
    """Take a run out of the bin."""
    run = store.restore_run(run_id)
    queue.wake(run.id, run.last_seq)
    return run


@router.post("/runs/{run_id}/cancel", responses=responses(404, 409))
def cancel_run(run_id: RunId, store: StoreDep, queue: QueueDep) -> Run:
    """Stop a run; what it measured stays, and it can be resumed."""
    run = store.cancel_run(run_id)
    queue.wake(run.id, run.last_seq)
    return run


@router.post("/runs/{run_id}/resume", responses=responses(404, 409))
def resume_run(run_id: RunId, store: StoreDep, queue: QueueDep) -> Run:
    """Go on with a cancelled or failed run from its last checkpoints."""
    return announce(store, queue, store.resume_run(run_id))


@router.post("/runs/{run_id}/clone", status_code=201, responses=responses(404, 409))
def clone_run(
    run_id: RunId, response: Response, store: StoreDep, queue: QueueDep, idempotency_key: KeyHeader = None
) -> Run:
    """Submit the same spec again as a new run; imported masks cannot be."""
    run = store.run(run_id)
    name = run.name[: NAME_LENGTH - len(COPY)] + COPY
    once = of_request(idempotency_key, f"runs/{run_id}/clone")
    copy = submit(store, queue, trainable(run), name=name, tags=run.tags, notes=run.notes, once=once)
    response.headers["Location"] = f"/api/v1/runs/{copy.id}"
    return copy


@router.post("/runs/{run_id}/extend", responses=responses(404, 409))
def extend_run(run_id: RunId, body: Extension, store: StoreDep, queue: QueueDep) -> Run:
    """Ask more of a run, such as replicates, levels or learning rates. Nothing is computed again."""
    return extend(store, queue, run_id, body.spec)
