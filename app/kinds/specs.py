"""The kinds of run by name, and the spec of each: all that a run is, and nothing that depends on where it runs."""

from collections.abc import Mapping
from functools import reduce
from importlib import import_module
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

from pydantic import Field, TypeAdapter

from app.contract.entry import Entry
from app.contract.experiment import Experiment, RunSpec
from app.contract.measures import Measure
from app.contract.training_key import TrainingKey
from app.kinds.measures import COSTS

NAMES: Final = ("lottery", "erasure", "stable_rank", "hardware", "imported")
"""Every kind, in the order in which a form offers them: a folder next to this file and a name here."""


def _key(entry: Entry) -> type[TrainingKey]:
    assert issubclass(entry.params, RunSpec)  # noqa: S101 (every kind's)
    return entry.params.key


ENTRIES: Mapping[str, Entry] = {name: import_module(f"app.kinds.{name}.spec").ENTRY for name in NAMES}
EXPERIMENTS: Mapping[str, Entry] = {name: entry for name, entry in ENTRIES.items() if entry.target}
"""What workers do; the others came from elsewhere."""
KEYS: Mapping[str, type[TrainingKey]] = {name: _key(entry) for name, entry in ENTRIES.items()}
"""The coordinates of the trainings of each kind."""
TITLES: Mapping[str, str] = {name: entry.title for name, entry in ENTRIES.items()}
"""What a reader calls each kind of run."""
MEASURES: tuple[Measure, ...] = tuple(
    dict.fromkeys([*(measure for entry in ENTRIES.values() for measure in entry.measures), *COSTS])
)
"""What runs are judged by: the measures of all kinds, those of several once, and what every run costs."""


def _any_of(entries: Mapping[str, Entry]) -> Any:
    return reduce(or_, (entry.params for entry in entries.values()))


# A static reader sees the common base; pydantic sees the union of whatever is entered above.
if TYPE_CHECKING:
    Submitted: TypeAlias = Experiment
    Spec: TypeAlias = RunSpec
else:
    Submitted = Annotated[_any_of(EXPERIMENTS), Field(discriminator="kind")]
    Spec = Annotated[_any_of(ENTRIES), Field(discriminator="kind")]

EXPERIMENT: TypeAdapter[Experiment] = TypeAdapter(Submitted)
