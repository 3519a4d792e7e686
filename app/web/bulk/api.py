"""One action on many runs: what it would do to how many, and the action itself."""

from collections.abc import Collection
from typing import Annotated, TypeAlias

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.contract.experiment import FieldError
from app.contract.strict import Strict
from app.search.parse import LENGTH
from app.store.bulk import MOST, Action, Tags
from app.store.labels import TAG_LENGTH, TAGS
from app.web.bulk.act import Done, act
from app.web.core.context import QueueDep, StoreDep

router = APIRouter(tags=["runs"])

Id: TypeAlias = Annotated[str, Field(pattern="^[0-9a-z]{1,32}$")]


Tag: TypeAlias = Annotated[str, Field(max_length=TAG_LENGTH)]


class BulkAction(Strict):
    """An action on the `runs` that are named, or on all that a query `q` finds; an empty query finds every run."""

    model_config = ConfigDict(extra="forbid")

    action: Action
    runs: list[Id] | None = Field(None, max_length=MOST)
    q: str | None = Field(None, max_length=LENGTH)
    binned: bool = Field(False, description="Let the query find runs in the bin instead.")
    tag: str = Field("", max_length=TAG_LENGTH, description="The tag to add or to remove.")
    tags: list[Tag] = Field(default_factory=list, max_length=TAGS, description="Several tags to add or to remove.")
    tags_of: dict[Id, list[Tag]] | None = Field(
        None, max_length=MOST, description="The tags of each run, in place of `runs`: as an undo has them."
    )
    seen: dict[Id, Annotated[str, Field(max_length=12)]] = Field(
        default_factory=dict,
        max_length=MOST,
        description="`changed` of a dry run: a run that has changed since is named and stays as it is.",
    )
    dry_run: bool = Field(False, description="Answer what would change, and change nothing.")

    @model_validator(mode="after")
    def _one_of(self) -> "BulkAction":
        if sum(chosen is not None for chosen in (self.runs, self.q, self.tags_of)) != 1:
            raise FieldError("runs", "name runs, or send a query as q")
        if self.action not in ("tag", "untag"):
            if self.tags_of is not None:
                raise FieldError("tags_of", "is for the actions tag and untag")
        elif self.tag.strip() and self.tags:
            raise FieldError("tags", "send either tag or tags")
        elif self.tags_of is not None:
            if self.tag.strip() or self.tags:
                raise FieldError("tags_of", "send either this or tags for all runs")
        elif not self.tag.strip() and not self.tags:
            raise FieldError("tag", "must not be empty")
        return self

    @property
    def chosen_tags(self) -> Tags:
        """Return the tags of all runs, or those of each."""
        return self.tags_of if self.tags_of is not None else self.tags or self.tag.strip()


class Unchanged(BaseModel):
    """Runs that stay as they are, for one reason."""

    reason: str
    runs: list[str]


class Undo(BaseModel):
    """The body of a request that undoes an action."""

    action: Action
    runs: list[str]
    tag: str


class UndoTags(BaseModel):
    """The body of a request that undoes what was done to several tags, which may be others in each run."""

    action: Action
    tags_of: dict[str, list[str]]


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
    undo: Undo | UndoTags | None


@router.post("/runs/bulk")
def change_many(body: BulkAction, store: StoreDep, queue: QueueDep) -> BulkResult:
    """Change many runs at once: tag, cancel, resume, bin or restore; what it does not apply to stays as it is.

    Some runs share a transaction: should the database fail on the way, the answer names the runs that were not reached.
    """
    run_ids: Collection[str] = body.runs if body.runs is not None else list(body.tags_of or ())
    if body.q is not None:
        run_ids = store.matching_ids(body.q, binned=body.binned)
    done = act(store, queue, body.action, run_ids, body.chosen_tags, body.seen, dry_run=body.dry_run)
    return BulkResult(
        action=body.action,
        dry_run=body.dry_run,
        changed=done.outcome.changed,
        unchanged=[Unchanged(reason=reason, runs=ids) for reason, ids in done.outcome.unchanged.items()],
        message=done.message,
        lasting=done.lasting,
        undo=_undo(done),
    )


def _undo(done: Done) -> Undo | UndoTags | None:
    if done.undo is None:
        return None
    changes = done.outcome.tags
    names = {tag for tags in changes.values() for tag in tags}
    if len(names) > 1:
        return UndoTags(action=done.undo, tags_of={run_id: list(tags) for run_id, tags in changes.items()})
    return Undo(action=done.undo, runs=list(done.outcome.changed), tag=next(iter(names), ""))
