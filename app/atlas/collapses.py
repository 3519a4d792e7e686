"""Which tickets of a run have collapsed: from the counts of every mask, else from the masks."""

import json

import numpy as np
from numpy.typing import NDArray

from app.atlas.reader import Reader, layers_of
from app.contract.events import WINNING_TICKET
from app.contract.experiment import Experiment
from app.contract.tickets import Collapsed, TicketRef
from app.masks import reach
from app.masks.chain import no_link
from app.masks.collapse import Counts, first_cut, gap
from app.masks.routes import Network
from app.plotting.collapse import Collapse, Collapses
from app.records import Run, Series
from app.store.errors import NotFound

_COLUMNS = ("kept", "dead_inputs", "dead_units")


def collapses(reader: Reader, run: Run) -> Collapses:
    """Return the collapsed winning tickets of a run by replicate and level."""
    rows = reader.store.series(run.id, "layers").tickets
    if not set(_COLUMNS) <= rows.columns.keys():
        return {}
    collapses: dict[tuple[int, int], Collapse] = {}
    order = np.lexsort((rows["layer"], rows["level"], rows["replicate"]))
    replicate, level = rows["replicate"][order], rows["level"][order]
    edges = np.flatnonzero(np.diff(replicate, prepend=-1) | np.diff(level, prepend=-1))
    for start, end in zip(edges, [*edges[1:], len(order)], strict=True):
        ref = TicketRef(run.id, int(replicate[start]), int(level[start]))
        if collapse := _collapse(reader, run, ref, _counts(rows, order[start:end])):
            collapses[ref.replicate, ref.level] = collapse
    return collapses


def collapses_of(reader: Reader, run: Run) -> Collapses:
    """Return those of the run's own tickets, and of the tickets that it times: saved with it, or as their runs have."""
    unconnected = dict(collapses(reader, run))
    for ref in getattr(run.spec, "tickets", ()):
        try:
            kept = _kept(reader, run)
            timed = collapse(reader, ref) if kept is None else _named(ref, kept)
        except NotFound:
            continue
        if timed is not None:
            unconnected[ref.replicate, ref.level] = timed
    return unconnected


def unjudged(reader: Reader, run: Run) -> bool:
    """Return whether a run times a ticket whose own run is gone, without having saved whether it has collapsed."""
    for ref in getattr(run.spec, "tickets", ()):
        try:
            reader.store.run(ref.run)
        except NotFound:
            return _kept(reader, run) is None
    return False


def _kept(reader: Reader, run: Run) -> str | None:
    """Return what a run has saved of the collapse of the ticket that it times, as JSON.

    None before it is saved, and in older runs.
    """
    saved = reader.store.artifacts(run.id)
    return next((ref.meta["collapsed"] for ref in saved if "collapsed" in ref.meta), None)


def _named(ref: TicketRef, kept: str) -> Collapse | None:
    if (fields := json.loads(kept)) is None:
        return None
    collapsed = Collapsed(**fields)
    return Collapse(ref.level, tuple(collapsed.empty), collapsed.cut, since=collapsed.since)


def collapse(reader: Reader, ref: TicketRef) -> Collapse | None:
    """Return how one ticket or control has collapsed, None where it has not. Raises NotFound for an unknown run."""
    rows = reader.store.series(ref.run, "layers", replicate=ref.replicate, level=ref.level)
    if not set(_COLUMNS) <= rows.columns.keys():
        return None
    mine = np.flatnonzero((rows.controls == ref.control) & (rows.draws == ref.draw))
    run = reader.store.run(ref.run)
    collapse = _collapse(reader, run, ref, _counts(rows, mine[np.argsort(rows["layer"][mine])]))
    if collapse is None or ref.control != WINNING_TICKET:
        return collapse
    return collapse._replace(
        since=min(level for replicate, level in collapses(reader, run) if replicate == ref.replicate)
    )


def _counts(rows: Series, order: np.ndarray) -> list[Counts]:
    columns = (rows[name][order].astype(int).tolist() for name in _COLUMNS)
    return [Counts(*item) for item in zip(*columns, strict=True)]


def _collapse(reader: Reader, run: Run, ref: TicketRef, counts: list[Counts]) -> Collapse | None:
    layers = layers_of(run)
    if len(counts) != len(layers):  # a level of which not all layers are stored yet
        return None
    names = [layer.name for layer in layers]
    network = reader.network(run)
    if isinstance(network, Network):
        first = reach.gap(network, [layer.key for layer in layers], counts, lambda: _cut(reader, ref))
    else:
        # Groups of a convolution, models that could not be traced, and shortcuts leave the order of layers unknown.
        linked = network is None and not no_link(names)
        shapes = [layer.shape if linked and layer.groups == 1 else layer.shape[:1] for layer in layers]
        first = gap(shapes, counts, lambda: _cut(reader, ref))
    if first is None:
        return None
    # What is imported may have shortcuts that no mask shows; runs of before all networks were read had chains only.
    bridged = first.bridged and (not isinstance(run.spec, Experiment) or isinstance(network, str))
    cut = "" if first.cut is None else names[first.cut]
    reason = network if isinstance(network, str) else ""
    return Collapse(ref.level, tuple(names[item] for item in first.empty), cut, bridged, reason=reason)


def _cut(reader: Reader, ref: TicketRef) -> int | None:
    """Return the first layer that no path passes, by the masks.

    None too while they are not saved, or cannot be read.
    """
    index = reader.index(ref.run)
    saved = index.saved.get(("mask", ref))
    if saved is None:
        return None

    network = reader.network(index.run)

    def search() -> NDArray[np.int64]:
        if isinstance(network, Network):
            places = {layer.key: number for number, layer in enumerate(index.layers)}
            cut = reach.first_cut(
                network, list(places), lambda key: reader.bits(ref, places[key]) if key in places else None
            )
        else:
            cut = first_cut((reader.bits(ref, number), layer.shape) for number, layer in enumerate(index.layers))
        return np.array(-1 if cut is None else cut)

    try:
        cut = int(reader.cache.get(("cut", saved.id, str(ref)), search))
    except (NotFound, ValueError):
        return None
    return None if cut < 0 else cut
