"""The run whose architecture imported layers have, from the store."""

from app.atlas.reader import layers_of
from app.contract.experiment import FieldError
from app.imports.architectures import Known
from app.kinds.imported.web.fields import Fields
from app.masks.routes import network_of
from app.records import Run
from app.store import Reads
from app.store.errors import NotFound

_FIELD = "architecture_of"


def known(store: Reads, fields: Fields) -> tuple[Known, Run] | None:
    """Return the architecture that a form names, and its run; None where it names none. Raises FieldError."""
    if not fields.architecture_of:
        if fields.architecture_layers:
            raise FieldError(_FIELD, "must name the run whose layers architecture_layers gives")
        return None
    try:
        run = store.run(fields.architecture_of)
    except NotFound:
        raise FieldError(
            _FIELD, f"must name a run of this installation; there is no {fields.architecture_of[:80]!r}"
        ) from None
    network = network_of(run.provenance)
    if network is None:
        why = "it has not started yet, trains no model of the catalog, or is of before models were traced"
        raise FieldError(_FIELD, f"must name a run whose architecture is known; that of {run.id} is not: {why}")
    if isinstance(network, str):
        raise FieldError(
            _FIELD, f"must name a run with a traced architecture; that of {run.id} is not known: {network}"
        )
    layers = [(layer.name, layer.shape) for layer in layers_of(run)]
    return Known(f"run {run.id}", network, layers, fields.architecture_layers), run
