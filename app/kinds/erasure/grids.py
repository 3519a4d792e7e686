"""Grids of optimizers: each at several learning rates, with the knobs that the optimizer itself has."""

from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, Union

from pydantic import Field, create_model

from app.contract.params import Lr, OptimizerParams, Params, unit
from app.kinds.erasure.key import Cell as Cell
from app.kinds.erasure.key import ErasureKey as ErasureKey
from app.methods.catalog import CATALOG


class Grid(Params):
    """An optimizer at several learning rates; its other knobs are those of the optimizer itself."""

    lrs: tuple[Lr, ...]

    def at(self, lr: float) -> OptimizerParams:
        """Return the optimizer at one of its learning rates."""
        knobs = {name: getattr(self, name) for name in type(self).model_fields if name != "lrs"}
        params = CATALOG["optimizer"][self.kind].params.model_validate({**knobs, "lr": lr})
        assert isinstance(params, OptimizerParams)  # noqa: S101 (the group has nothing else)
        return params


def _grid(params: type[Params]) -> type[Grid]:
    """Build the grid class of an optimizer's parameters."""
    fields: dict[str, Any] = {
        name: (field.annotation, field) for name, field in params.model_fields.items() if name != "lr"
    }
    lrs = Field(
        getattr(params, "lrs", ()),
        min_length=1,
        max_length=16,
        title="Learning rates",
        description="One training for each.",
        json_schema_extra=unit("per step"),
    )
    first = {"kind": fields.pop("kind"), "lrs": (tuple[Lr, ...], lrs)}
    grid = create_model(f"{params.__name__}Grid", __base__=Grid, __module__=__name__, **first, **fields)
    # Where pickle looks for it: a worker hands the spec to another process.
    globals()[grid.__name__] = grid
    return grid


if TYPE_CHECKING:
    GridChoice: TypeAlias = Grid
else:
    _GRIDS = tuple(_grid(entry.params) for entry in CATALOG["optimizer"].values())
    GridChoice = Annotated[Union[_GRIDS], Field(discriminator="kind")]  # noqa: UP007 (built from the registry)
