"""One action on many runs: what it would do to how many, and the action itself."""

from typing import Annotated, TypeAlias

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.contract.experiment import FieldError
from app.contract.strict import Strict
from app.search.parse import LENGTH
from app.store.bulk import MOST, Action
from app.store.labels import TAG_LENGTH
from app.web.bulk.act import Done, act
from app.web.core.context import QueueDep, StoreDep

router = APIRouter(tags=["runs"])

Id: TypeAlias = Annotated[str, Field(pattern="^[0-9a-z]{1,32}$")]


class BulkAction(Strict):
    """An action on the `runs` that are named, or on all that a query `q` finds; an empty query finds every run."""

    model_config = ConfigDict(extra="forbid")

    action: Action
    runs: list[Id] | None = Field(None, max_length=MOST)
    q: str | None = Field(None, max_length=LENGTH)
    binned: bool = Field(False, description="Let the query find runs in the bin instead.")
    tag: str = Field("", max_length=TAG_LENGTH, description="The tag to add or to remove.")
    seen: dict[Id, Annotated[str, Field(max_length=12)]] = Field(
        default_factory=dict,
        max_length=MOST,
        description="`changed` of a dry run: a run that has changed since is named and stays as it is.",
    )
    dry_run: bool = Field(False, description="Answer what would change, and change nothing.")

    @model_validator(mode="after")
    def _one_of(self) -> "BulkAction":
        if (self.runs is None) == (self.q is None):
            raise FieldError("runs", "name runs, or send a query as q")
        if self.action in ("tag", "untag") and not self.tag.strip():
            raise FieldError("tag", "must not be empty")
        return self


class Unchanged(BaseModel):
    """Runs that stay as they are, for one reason."""

    reason: str
    runs: list[str]


class Undo(BaseModel):
    """The body of a request that undoes an action."""

    action: Action
    runs: list[str]
    tag: str


class BulkResult(BaseModel):
    """What an action changes: `changed` has the condition in which each run was found.

    `message` is the same in a sentence, `lasting` what cannot be undone. `undo` is a body for this route that undoes
    the rest, null where nothing can be undone.
    """

    action: Action
    dry_run: bool
    changed: dict[str, str]
    unchanged: list[Unchanged]
    message: str
    lasting: str
    undo: Undo | None


@router.post("/runs/bulk")
def change_many(body: BulkAction, store: StoreDep, queue: QueueDep) -> BulkResult:
    """Change many runs at once: tag, cancel, resume, bin or restore; what it does not apply to stays as it is.

    Some runs share a transaction: should the database fail on the way, the answer names the runs that were not reached.
    """
    run_ids = body.runs if body.runs is not None else store.found(body.q or "", binned=body.binned)
    done = act(store, queue, body.action, run_ids, body.tag.strip(), body.seen, dry_run=body.dry_run)
    return BulkResult(
        action=body.action,
        dry_run=body.dry_run,
        changed=done.outcome.changed,
        unchanged=[Unchanged(reason=reason, runs=ids) for reason, ids in done.outcome.unchanged.items()],
        message=done.message,
        lasting=done.lasting,
        undo=_undo(done),
    )


def _undo(done: Done) -> Undo | None:
    return Undo(action=done.undo, runs=list(done.outcome.changed), tag=done.tag) if done.undo else None
