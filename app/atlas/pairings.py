"""Layers of two stored runs, paired so that their masks can be compared."""

from app.atlas.reader import Index, Reader
from app.contract.experiment import FieldError
from app.contract.tickets import TicketRef
from app.masks.pairing import Choice, Layers, Pairing, chosen, pair, parse


def pairing(index: Index, other: Index, choice: Choice, *, field: str = "other") -> Pairing:
    """Return the place in `other` of each layer of `index`, as `choice` has it or as names and shapes do.

    Raises FieldError: on `pairing` for a choice that does not fit, on `field` where no pairing exists.
    """
    mine, theirs = layers(index), layers(other)
    if index.run.id == other.run.id:
        return Pairing(tuple(range(len(mine))), "name")
    try:
        decision = chosen(choice, index.run.id, other.run.id, mine, theirs)
    except ValueError as error:
        raise FieldError("pairing", str(error)) from error
    try:
        return decision or pair(mine, theirs)
    except ValueError as error:
        message = f"the layers of {named(index)} and {named(other)} cannot be paired: {error}"
        raise FieldError(field, message) from error


def decided(index: Index, other: Index, choice: Choice, *, field: str = "other") -> Pairing:
    """Return the pairing of `pairing`, only where it is certain.

    Raises FieldError on `pairing` where a reader has to choose.
    """
    pair = pairing(index, other, choice, field=field)
    if not pair.decided:
        raise FieldError("pairing", undecided(index, other, pair))
    return pair


def undecided(index: Index, other: Index, proposal: Pairing) -> str:
    """Return why the reader has to choose, and how."""
    pairs = ", ".join(f"{index.layers[i].name} = {other.layers[j].name}" for i, j in enumerate(proposal.places))
    such = pairs if len(pairs) <= 200 else f"{pairs[:199]}…"
    unknown = f"names and shapes do not determine which layer of {named(other)} corresponds to which of {named(index)}"
    return f"{unknown}. Confirm a pairing, such as {such}"


def choices(text: str) -> Choice:
    """Return the pairings that an address names. Raises FieldError."""
    try:
        return parse(text)
    except ValueError as error:
        raise FieldError("pairing", str(error)) from error


def partner(reader: Reader, ref: TicketRef, layer: int, other: TicketRef, choice: Choice) -> int:
    """Return the place of the layer of `other` that corresponds to a layer of `ref`. Raises FieldError, NotFound."""
    if ref.run == other.run:
        return layer
    return decided(reader.index(ref.run), reader.index(other.run), choice).places[layer]


def layers(index: Index) -> Layers:
    """Return names and shapes of a run's layers."""
    return [(layer.name, layer.shape) for layer in index.layers]


def named(index: Index) -> str:
    """Return the words for a run in a sentence: its name, and its id, since names may be alike."""
    name = index.run.name
    return f"“{name if len(name) <= 60 else f'{name[:59]}…'}” ({index.run.id})"
