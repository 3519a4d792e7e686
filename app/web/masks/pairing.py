"""Which layers of two runs are compared, in words, with a choice where there is one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.atlas.pairings import choices, layers, pairing
from app.atlas.reader import Index
from app.contract.experiment import FieldError
from app.masks.pairing import Pairing, times

_BY = {
    "name": "by name",
    "shape": "by shape: each shape occurs once",
    "choice": "as chosen",
    "proposal": "not yet: several layers share a shape, and their names differ",
}


@dataclass(frozen=True)
class Row:
    """One layer and its partner; `options` are the other's layers of its shape by place."""

    name: str
    shape: str
    partner: int
    options: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class PairingForm:
    """How the layers of two runs are paired; `problem` is why they cannot be, and then there are no rows.

    `open` where a reader has to choose, `free` where one may; `plain` where all names are the same.
    """

    run: str
    run_name: str
    other: str
    other_name: str
    by: str
    rows: tuple[Row, ...]
    open: bool
    free: bool
    plain: bool
    problem: str


def pairing_chosen(query: Mapping[str, str], pairs: Sequence[str]) -> str:
    """Return the pairings of an address, the one that a form without a script has just sent before all others."""
    now = f"{query.get('pair_of', '')}:{'-'.join(pairs)}" if pairs else ""
    return ",".join(filter(None, [now, query.get("pairing", "")]))


def pairing_form(index: Index, other: Index, text: str) -> PairingForm:
    """Return the pairing of two runs as the address has it, or as it would be."""
    problem, pairs = "", Pairing((), "name")
    try:
        pairs = pairing(index, other, choices(text))
    except FieldError as error:
        problem = error.message
    theirs = layers(other)
    rows = tuple(
        Row(
            name=name,
            shape=times(shape),
            partner=place,
            options=tuple((i, their) for i, (their, like) in enumerate(theirs) if like == shape),
        )
        for (name, shape), place in zip(layers(index), pairs.places, strict=False)
    )
    return PairingForm(
        run=index.run.id,
        run_name=index.run.name,
        other=other.run.id,
        other_name=other.run.name,
        by=_BY[pairs.by],
        rows=rows,
        open=not pairs.decided,
        free=any(len(row.options) > 1 for row in rows),
        plain=all(row.name == theirs[row.partner][0] for row in rows),
        problem=problem,
    )
