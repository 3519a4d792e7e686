"""Tickets of stored runs, as an experiment gets them: read from the store, so that the experiment need not know one."""

from collections import deque
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from app.contract.tickets import Collapsed, TicketRef
from app.masks import codec, reach
from app.masks.collapse import Counts, Gap, first_cut, gap
from app.masks.connectivity import dead
from app.masks.routes import Network, network_of
from app.store import NotFound, Store
from app.store.errors import Corrupt
from workers import tensors
from workers.science.experiments.ticket import SavedTicket, masks_of, unpack


class TicketGoneError(Exception):
    """A run needs a ticket that is no longer, or not yet, in the store."""


def load(store: Store, ref: TicketRef) -> SavedTicket:
    """Load the trained winning ticket of a lottery run. Raises `TicketGoneError`."""
    try:
        run, refs = store.run(ref.run), store.artifacts(ref.run)
    except NotFound as error:
        raise TicketGoneError(str(error)) from error
    if not run.trains_tickets:
        raise TicketGoneError(f"run {ref.run} is of kind {run.kind}: it has no network that could be timed")
    mine = [artifact for artifact in refs if artifact.replicate == ref.replicate and artifact.is_of_winning]
    saved = {(item.name, item.key["level"]): item.id for item in mine}

    def read(name: str, level: int) -> Mapping[str, Tensor]:
        try:
            return tensors.loads(store.artifacts_store.get(saved[name, level]))
        except Corrupt as error:
            raise TicketGoneError(f"{name} of ticket {ref.run}:{ref.replicate}:{level} is damaged: {error}") from error
        except (KeyError, FileNotFoundError) as error:
            raise TicketGoneError(f"{name} of ticket {ref.run}:{ref.replicate}:{level} is not in the store") from error

    shapes = {f"{layer['name']}.weight": tuple(layer["shape"]) for layer in run.provenance["layers"]}

    def levels() -> Iterator[Mapping[str, Tensor]]:
        """Yield the masks of each level: one is saved as what its level flips."""
        masks: Mapping[str, Tensor] = {name: torch.ones(shape, dtype=torch.bool) for name, shape in shapes.items()}
        for level in range(ref.level + 1):
            flipped = read("mask", level)
            masks = masks_of({name: flipped[name] for name in shapes}, masks)  # in the network's order, not the file's
            yield masks

    masks = deque(levels(), maxlen=1).pop()
    ticket = unpack(read("ticket", ref.level), masks)
    n_classes = shapes[list(shapes)[-1]][0]
    shape = tuple(int(side) for side in run.provenance["input"])
    return SavedTicket(
        run.experiment.model, shape, n_classes, ticket, _collapsed(masks, levels(), network_of(run.provenance))
    )


def _collapsed(
    masks: Mapping[str, Tensor], levels: Iterator[Mapping[str, Tensor]], network: Network | str | None
) -> Collapsed | None:
    """Return where a ticket is cut; `levels` are its masks from level 0 on: once it is cut, it remains so."""
    gap = _gap(masks, network)
    if gap is None:
        return None
    names = [name.removesuffix(".weight") for name in masks]
    since = next(level for level, before in enumerate(levels) if _gap(before, network) is not None)
    return Collapsed(tuple(names[layer] for layer in gap.empty), "" if gap.cut is None else names[gap.cut], since)


def _gap(masks: Mapping[str, Tensor], network: Network | str | None) -> Gap | None:
    bits = [(codec.pack(mask.numpy()), tuple(mask.shape)) for mask in masks.values()]
    groups = [network.kernel(name).groups if isinstance(network, Network) else 1 for name in masks]
    counts = [
        Counts(int(mask.sum()), *dead(*ends, n)) for mask, ends, n in zip(masks.values(), bits, groups, strict=True)
    ]
    if not isinstance(network, Network):
        # A model that could not be traced leaves the order of layers unknown.
        shapes = [shape if network is None else shape[:1] for _, shape in bits]
        return gap(shapes, counts, lambda: first_cut(bits))
    names = list(masks)
    of = dict(zip(names, (packed for packed, _ in bits), strict=True))
    return reach.gap(network, names, counts, lambda: reach.first_cut(network, names, of.get))
