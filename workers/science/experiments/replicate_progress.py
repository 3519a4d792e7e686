"""The progress of a replicate: which trainings are done or unfinished, and which outputs wait to be logged."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, Generic, TypeVar

from app.contract.experiment import Experiment
from app.contract.training_key import TrainingKey
from workers.science.experiments import in_order, training_checkpoint
from workers.science.experiments.in_order import InOrder, Pending
from workers.science.experiments.training_checkpoint import TrainingCheckpoint
from workers.science.outputs import Checkpoint, Resume

K = TypeVar("K", bound=TrainingKey)


def diverged(resume: Resume | None, key_type: type[K]) -> dict[K, int | None]:
    """Return the number of updates of each training that has diverged; None where an older checkpoint lacks it."""
    state = resume.state if resume else {}
    keys = [key_type.model_validate(key) for key in state.get("diverged", ())]
    return dict(zip(keys, state.get("diverged_after", repeat(None)), strict=False))


def diverged_state(steps: Mapping[K, int | None]) -> dict[str, Any]:
    """Return what a checkpoint holds of the trainings that have diverged."""
    return {"diverged": [key.model_dump() for key in steps], "diverged_after": list(steps.values())}


class ReplicateProgress(Generic[K]):
    """The trainings `keys`, in `groups` of those that run at once: what `stacks` name, else one by one.

    `order` is that in which they are logged. `unfinished` holds those that `resume` has partly trained, until each is
    resumed.
    """

    def __init__(self, spec: Experiment, keys: Sequence[K], stacks: Sequence[str], resume: Resume | None) -> None:
        state, tensors = (resume.state, resume.tensors) if resume else ({"done": []}, {})
        self._keys = keys
        done = {spec.key.model_validate(key) for key in state["done"]}
        self.groups = [group for group in _groups(spec, keys, stacks) if not done.issuperset(group)]
        if state.get("next") is not None:
            upcoming = spec.key.model_validate(state["next"])
            # The log may hold a part of it already, and a spec that has grown since has others before it.
            self.groups.sort(key=lambda group: upcoming not in group)
        unfinished = training_checkpoint.unpack_all(state.get("unfinished", ()), tensors, spec.key)
        self.unfinished = {training.key: training for training in unfinished}
        pending = in_order.unpack(state["pending"], tensors, spec.key) if "pending" in state else Pending()
        self.order = InOrder((key for group in self.groups for key in group if key not in done), pending)

    def left(self, key: TrainingKey) -> bool:
        """Return whether the training has not ended."""
        return self.order.waits(key) and not self.order.ended(key)

    @property
    def done(self) -> list[K]:
        """Return the trainings that have ended, whether or not all of their outputs have been logged."""
        return [key for key in self._keys if not self.left(key)]

    def checkpoint(self, live: Iterable[TrainingCheckpoint] = (), **more: Any) -> Checkpoint:
        """Return a checkpoint of the replicate: `live` are the trainings that run now; `more` is small JSON."""
        unfinished, tensors = training_checkpoint.pack_all([*live, *self.unfinished.values()])
        pending, pending_tensors = in_order.pack(self.order.pending)
        upcoming = self.order.first
        state = {
            "done": [key.model_dump() for key in self._keys if not self.order.waits(key)],
            "next": upcoming and upcoming.model_dump(),
            **more,
        }
        if unfinished:
            state["unfinished"] = unfinished
        if pending["outputs"] or pending["ended"]:
            state["pending"] = pending
        return Checkpoint(state, {**tensors, **pending_tensors})


def _groups(spec: Experiment, keys: Iterable[K], stacks: Sequence[str]) -> list[list[K]]:
    """Group trainings in the order of `keys`; a stack group comes where its first training would.

    `stacks` do not name what the spec has gained since they were decided: each of these trains alone.
    """
    named = {spec.named(key): key for key in keys}
    stack_of = {name: stack.split() for stack in stacks for name in stack.split()}
    groups: list[list[K]] = []
    for level, name in named:
        together = [(level, member) for member in stack_of.get(name, ())]
        if not all(member in named for member in together):
            together = []
        if not together or together[0] == (level, name):
            groups.append([named[member] for member in together or [(level, name)]])
    return groups
