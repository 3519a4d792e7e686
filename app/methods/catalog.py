"""THE registry: what can be chosen, by group and name. A method is in it once its description file exists."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, Union

from pydantic import Field

from app.contract import params as p
from app.methods.find import methods
from app.methods.method import CODE, Method

CATALOG: Mapping[str, Mapping[str, Method]] = {group: methods(group) for group in CODE}


def _one_of(group: str) -> Any:
    classes = tuple(method.params for method in CATALOG[group].values())
    return Annotated[Union[classes], Field(discriminator="kind")]  # noqa: UP007 (built from the registry)


# A static reader sees the common base; pydantic sees the union of whatever the registry holds.
if TYPE_CHECKING:
    DatasetChoice: TypeAlias = p.DatasetParams
    ModelChoice: TypeAlias = p.ModelParams
    OptimizerChoice: TypeAlias = p.OptimizerParams
    ScheduleChoice: TypeAlias = p.Params
    PruningChoice: TypeAlias = p.PruningParams
    ControlChoice: TypeAlias = p.ControlParams
    PictureChoice: TypeAlias = p.Params
else:
    DatasetChoice = _one_of("dataset")
    ModelChoice = _one_of("model")
    OptimizerChoice = _one_of("optimizer")
    ScheduleChoice = _one_of("schedule")
    PruningChoice = _one_of("pruning")
    ControlChoice = _one_of("control")
    PictureChoice = _one_of("picture")
