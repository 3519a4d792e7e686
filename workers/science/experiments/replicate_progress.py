"""The progress of a replicate: which trainings are done, which are half done, and which outputs wait for their turn."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, Generic, TypeVar

from app.contract.experiment import Experiment
from app.contract.training_key import TrainingKey
from workers.science.experiments import in_order, training_checkpoint
from workers.science.experiments.in_order import InOrder, KeptBack
from workers.science.experiments.training_checkpoint import TrainingCheckpoint
from workers.science.outputs import Checkpoint, Resume

K = TypeVar("K", bound=TrainingKey)


def diverged(resume: Resume | None, key: type[K]) -> dict[K, int | None]:
    """Return how many updates each training made that has diverged; None where an older checkpoint does not say."""
    state = resume.state if resume else {}
    places = [key.model_validate(place) for place in state.get("diverged", ())]
    return dict(zip(places, state.get("diverged_after", repeat(None)), strict=False))


def diverged_state(steps: Mapping[K, int | None]) -> dict[str, Any]:
    """Return what a checkpoint holds of the trainings that have diverged."""
    return {"diverged": [place.model_dump() for place in steps], "diverged_after": list(steps.values())}


class ReplicateProgress(Generic[K]):
    """The trainings at `places`, in `groups` of those that are made at once: what `stacks` name, else one by one.

    `order` is that in which they are logged. `begun` holds what is left of those that `resume` has half done.
    """

    def __init__(self, spec: Experiment, places: Sequence[K], stacks: Sequence[str], resume: Resume | None) -> None:
        state, tensors = (resume.state, resume.tensors) if resume else ({"done": []}, {})
        self._places = places
        done = {spec.key.model_validate(place) for place in state["done"]}
        self.groups = [group for group in _groups(spec, places, stacks) if not done.issuperset(group)]
        if state.get("next") is not None:
            upcoming = spec.key.model_validate(state["next"])
            # The log may hold a part of it already, and a spec that has grown since has others before it.
            self.groups.sort(key=lambda group: upcoming not in group)
        self.begun = {
            each.place: each for each in training_checkpoint.all_of(state.get("midway", ()), tensors, spec.key)
        }
        back = in_order.unpack(state["back"], tensors, spec.key) if "back" in state else KeptBack()
        self.order = InOrder((place for group in self.groups for place in group if place not in done), back)

    def left(self, place: TrainingKey) -> bool:
        """Return whether it is still to be made, or made to its end."""
        return self.order.waits(place) and not self.order.ended(place)

    @property
    def done(self) -> list[K]:
        """Trainings that have ended, whether they have been logged to their end or not."""
        return [place for place in self._places if not self.left(place)]

    def checkpoint(self, live: Iterable[TrainingCheckpoint] = (), **more: Any) -> Checkpoint:
        """Return a checkpoint of the replicate: `live` are the trainings that are being made; `more` is small JSON."""
        begun, tensors = training_checkpoint.pack_all([*live, *self.begun.values()])
        back, kept = in_order.pack(self.order.back)
        upcoming = self.order.first
        state = {
            "done": [place.model_dump() for place in self._places if not self.order.waits(place)],
            "next": upcoming and upcoming.model_dump(),
            **more,
        }
        if begun:
            state["midway"] = begun
        if back["kept"] or back["ended"]:
            state["back"] = back
        return Checkpoint(state, {**tensors, **kept})


def _groups(spec: Experiment, places: Iterable[K], stacks: Sequence[str]) -> list[list[K]]:
    """Group trainings in the order of `places`; those that are made at once where the first of them stands.

    What the spec has gained since `stacks` was decided is named nowhere, and so leaves all others their slots.
    """
    named = {spec.named(place): place for place in places}
    of = {name: stack.split() for stack in stacks for name in stack.split()}
    groups: list[list[K]] = []
    for level, name in named:
        together = [(level, each) for each in of.get(name, ())]
        if not all(each in named for each in together):
            together = []
        if not together or together[0] == (level, name):
            groups.append([named[each] for each in together or [(level, name)]])
    return groups
