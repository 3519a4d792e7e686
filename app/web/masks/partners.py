"""Which layer of another ticket is compared with a layer, over HTTP."""

from typing import Annotated, TypeAlias, cast

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from app.atlas.colorings import Beside
from app.atlas.pairings import choices, decided, partner
from app.atlas.reader import Reader
from app.contract.experiment import FieldError
from app.contract.tickets import TicketRef
from app.imports.limits import MAX_NAME
from app.web.core.context import ReaderDep
from app.web.core.parameters import RunId
from app.web.core.problems import responses

router = APIRouter(tags=["masks"])

LayerName: TypeAlias = Annotated[str, Path(description="Name of a layer.", max_length=MAX_NAME)]


class Partner(BaseModel):
    """The layer of another ticket that is compared with one: its name there, and what decided that.

    `name`, `seq`, `last_level` and `replicates` are those of the other run.
    """

    layer: str
    name: str
    by: str
    seq: int
    last_level: int
    replicates: int


@router.get("/runs/{run_id}/masks/{layer}/partner", responses=responses(404))
def get_partner(
    run_id: RunId,
    layer: LayerName,
    other: Annotated[str, Query(min_length=1, max_length=80, description="Address of the other ticket.")],
    reader: ReaderDep,
    pairing: Annotated[str, Query(max_length=8_000, description="Which layers belong together: a:b:0-2-1.")] = "",
) -> Partner:
    """Which layer of another ticket corresponds to this one; 422 where none does, or where a reader has to choose."""
    ref, number = TicketRef(run_id, 0, 0), number_of(reader, run_id, layer)
    found = cast(Beside, beside(reader, ref, number, other, pairing, "other"))
    one, index = reader.index(run_id), reader.index(found.ref.run)
    index.find("mask", found.ref)
    return Partner(
        layer=index.layers[found.layer].name,
        name=index.run.name,
        by=decided(one, index, choices(pairing)).by,
        seq=index.seq,
        last_level=index.levels(found.ref.replicate)[-1],
        replicates=len({each.replicate for each in index.tickets}),
    )


def number_of(reader: Reader, run_id: str, name: str) -> int:
    """The place of the layer of that name. Raises NotFound."""
    index = reader.index(run_id)
    return index.layers.index(index.layer(name))


def beside(reader: Reader, ref: TicketRef, number: int, address: str, pairing: str, field: str) -> Beside | None:
    """The layer of another ticket that stands for this one; None without an address. Raises FieldError, NotFound."""
    if not address:
        return None
    try:
        other = TicketRef.parse(address)
    except ValueError as error:
        raise FieldError(field, str(error)) from error
    return Beside(other, partner(reader, ref, number, other, choices(pairing)))
