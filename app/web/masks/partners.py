"""Which layer of another ticket is compared with a layer, over HTTP."""

from typing import Annotated, TypeAlias

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from app.atlas.colorings import SecondLayer
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

    Where none is, or where a reader has to choose, `layer` is None and `reason` a sentence. `name`, `seq`, `last_level`
    and `replicates` are those of the other run.
    """

    layer: str | None
    by: str | None
    reason: str | None
    name: str
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
    """Return which layer of another ticket corresponds to this one, or why none does so without a reader's choice."""
    ref, number = _address(other, "other"), number_of(reader, run_id, layer)
    one, index = reader.index(run_id), reader.index(ref.run)
    index.find("mask", ref)
    partner, reason = None, None
    try:
        partner = decided(one, index, choices(pairing))
    except FieldError as error:
        reason = f"{error.message[0].upper()}{error.message[1:]}."
    return Partner(
        layer=index.layers[partner.places[number]].name if partner else None,
        by=partner.by if partner else None,
        reason=reason,
        name=index.run.name,
        seq=index.seq,
        last_level=index.levels(ref.replicate)[-1],
        replicates=len({ticket.replicate for ticket in index.tickets}),
    )


def number_of(reader: Reader, run_id: str, name: str) -> int:
    """Return the place of the layer of that name. Raises NotFound."""
    index = reader.index(run_id)
    return index.layers.index(index.layer(name))


def second_layer(
    reader: Reader, ref: TicketRef, number: int, address: str, pairing: str, field: str
) -> SecondLayer | None:
    """Return the layer of another ticket that corresponds to this one; None without an address.

    Raises FieldError, NotFound.
    """
    if not address:
        return None
    other = _address(address, field)
    return SecondLayer(other, partner(reader, ref, number, other, choices(pairing)))


def _address(text: str, field: str) -> TicketRef:
    try:
        return TicketRef.parse(text)
    except ValueError as error:
        raise FieldError(field, str(error)) from error
