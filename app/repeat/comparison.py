"""Two finished runs side by side: identical to the bit, or where they part and what may be the reason."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, computed_field

from app.contract.outputs import Key
from app.contract.training_key import Value
from app.records import Run
from app.repeat.differences import compare
from app.repeat.origins import Reason, origins, reasons
from app.store import Conflict, Reads

LISTED = 50


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class Difference(_Record):
    """A series or an artifact of one training that is not the same in both runs; `words` describe its `key`."""

    replicate: int
    key: dict[str, Value | None]
    words: str
    sort: Literal["rows", "artifact"]
    name: str
    text: str


class Comparison(_Record):
    """Series and artifacts of single trainings, counted; `differences` has the first 50, in the order of `then`.

    `only_then` and `only_now` count what one of them lacks, such as what it was extended by.
    """

    then: str
    now: str
    same: int
    different: int
    only_then: int
    only_now: int
    differences: tuple[Difference, ...]
    reasons: tuple[Reason, ...]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def identical(self) -> bool:
        """Return whether the results of both are equal to the bit and complete in both."""
        return self.same > 0 and not (self.different or self.only_then or self.only_now)


def compare_runs(store: Reads, then: Run, now: Run) -> Comparison:
    """Return the comparison of two runs, replicate by replicate.

    Artifacts are compared by their hashes; whether stored bytes still have them is `ticketscope verify`'s to find out.
    Raises Conflict unless both have finished.
    """
    for run in (then, now):
        if run.state != "finished":
            raise Conflict(f"run {run.id} is {run.state}: runs are compared once they have finished")
    differences: list[Difference] = []
    same, only_then, only_now = 0, 0, 0
    for replicate in range(max(_replicates(store, run) for run in (then, now))):
        compared = compare(store.outputs(then.id, replicate), store.outputs(now.id, replicate))
        same += len(compared.same)
        only_then += len(compared.only_then)
        only_now += len(compared.only_now)
        differences += [_difference(replicate, key, text) for key, text in compared.different.items()]
    why = reasons(origins(store.starts(then.id)), origins(store.starts(now.id))) if differences else []
    return Comparison(
        then=then.id,
        now=now.id,
        same=same,
        different=len(differences),
        only_then=only_then,
        only_now=only_now,
        differences=tuple(differences[:LISTED]),
        reasons=tuple(why),
    )


def _replicates(store: Reads, run: Run) -> int:
    return len(store.shards(run.id))


def _difference(replicate: int, key: Key, text: str) -> Difference:
    return Difference(
        replicate=replicate,
        key=key.training.model_dump(),
        words=key.training.words,
        sort=key.sort,
        name=key.name,
        text=text,
    )
