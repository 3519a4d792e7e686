"""Which tickets a figure compares, and how much of their masks they share, read from the store."""

from collections.abc import Sequence
from functools import partial
from threading import Lock

import numpy as np

from app.atlas.pairings import choices, decided
from app.atlas.reader import Index, Reader
from app.contract.events import WINNING_TICKET
from app.contract.experiment import FieldError
from app.contract.tickets import TicketRef
from app.masks import chance
from app.masks.chain import unordered
from app.masks.chance import Chance
from app.masks.overlap import NO_OVERLAPS, NULLS, Ints, Null, Overlaps, intersections
from app.masks.pairing import Pairing
from app.masks.routes import Network
from app.masks.routes import moves as of_kernel
from app.masks.sums import STRATA
from app.plotting.tickets.overlap_view import OverlapOptions
from app.store.errors import NotFound

MAX_BYTES = 128 * 2**20
"""Masks of one layer that are held together: 64 of 16.8 million weights."""

# They are most of the memory that the web may take: one comparison at a time.
_ONE = Lock()


def overlaps(reader: Reader, run_id: str, options: OverlapOptions) -> Overlaps:
    """Return overlaps of the tickets that a figure of this run compares, none where none is saved.

    Raises FieldError for a run or ticket that does not exist, and for networks whose layers cannot be paired, or only
    by the reader.
    """
    runs = [run_id, *(run for run in options.other_runs if run != run_id)]
    indices = {run: _index(reader, run, options, own=run == run_id) for run in runs}
    if options.named:
        refs = options.named
        for ref in refs:
            if not _saved(indices[ref.run], ref):
                raise FieldError(_field(options, ref.run), f"no mask of ticket {ref} is saved (yet)")
    else:
        refs = tuple(_chosen(list(indices.values()), options))
    if not refs:
        return NO_OVERLAPS
    # Layers are called as in the run whose figure this is.
    base = run_id if any(ref.run == run_id for ref in refs) else refs[0].run
    choice = choices(options.pairing)
    pairings = {
        run: decided(indices[base], indices[run], choice, field=_field(options, run))
        for run in dict.fromkeys([base, *(ref.run for ref in refs)])
    }
    largest = max(rows * -(-columns // 8) for rows, columns in (layer.size for layer in indices[base].layers))
    fit = min(options.most, max(2, MAX_BYTES // largest))
    if options.named and len(refs) > fit:
        raise FieldError(_field(options, refs[0].run), f"{len(refs)} masks of this size are too many; {fit} fit")
    with _ONE:
        return _overlaps(reader, indices, pairings, refs[:fit], options, left_out=len(refs[fit:]))


def _overlaps(
    reader: Reader,
    indices: dict[str, Index],
    pairings: dict[str, Pairing],
    refs: tuple[TicketRef, ...],
    options: OverlapOptions,
    left_out: int,
) -> Overlaps:
    base = next(iter(pairings))
    every = indices[base].layers
    wanted = [place for place, layer in enumerate(every) if options.layer in (None, layer.name)]
    network = reader.network(indices[base].run)
    unpermuted = network if isinstance(network, str) else ""
    if isinstance(network, Network):
        moves = [chance.Axes(*of_kernel(network.architecture, layer.key)) for layer in every]
    else:
        # Of a network with shortcuts it is not even known which layer is the last.
        unpermuted = unpermuted or unordered(layer.name for layer in every)
        still = [chance.Axes(rows=False, channels=1) for _ in every]
        moves = still if unpermuted else chance.axes([layer.shape for layer in every])
    sums = [reader.sums(ref) for ref in refs]
    inits = [reader.initial(ref) for ref in refs]
    both = np.zeros((len(refs), len(refs), len(wanted)), np.int64)
    nulls: dict[Null, list[Chance]] = {null: [] for null in NULLS}
    for i, place in enumerate(wanted):
        # A layer may have another place and other names in another run's artifacts.
        places = [pairings[ref.run].places[place] for ref in refs]
        keys = [indices[ref.run].layers[there].key for ref, there in zip(refs, places, strict=True)]
        both[..., i] = _intersections(reader, indices, refs, places)
        weights = int(np.prod(every[place].shape))
        nulls["uniform"].append(chance.uniform(both[..., i].diagonal(), weights))
        masks = [
            chance.moments(
                partial(reader.bits, ref, there),
                sums_of_mask[f"{key}.rows"], sums_of_mask[f"{key}.columns"], moves[place], spread=options.spread,
            )
            for ref, there, sums_of_mask, key in zip(refs, places, sums, keys, strict=True)
        ]  # fmt: skip
        nulls["unit_permuted"].append(chance.unit_permuted(masks))
        none = np.zeros(STRATA, np.int64)
        strata = np.stack([tensors.get(f"{key}.strata", none) for tensors, key in zip(sums, keys, strict=True)])
        nulls["magnitude_at_init"].append(chance.magnitude_at_init(strata, weights, inits))
    empty = np.zeros((len(refs), len(refs), 0))
    return Overlaps(
        refs=refs,
        layers=tuple(every[place].name for place in wanted),
        weights=np.array([np.prod(every[place].shape) for place in wanted], np.int64),
        sizes=both[np.arange(len(refs)), np.arange(len(refs))],
        intersections=both,
        expected={
            null: np.stack([e.expected for e in estimates], 2) if estimates else empty
            for null, estimates in nulls.items()
        },
        sd={null: np.stack([e.sd for e in estimates], 2) if estimates else empty for null, estimates in nulls.items()},
        left_out=left_out,
        runs={run: indices[run].run.name for run in pairings},
        partners={
            run: tuple(indices[run].layers[pairing.places[place]].name for place in wanted)
            for run, pairing in pairings.items()
            if run != base
        },
        paired_by={run: pairing.by for run, pairing in pairings.items() if run != base},
        estimated=tuple(
            every[place].name for place, null in zip(wanted, nulls["unit_permuted"], strict=True) if null.estimated
        ),
        unpermuted=unpermuted,
        starts=tuple(inits),
    )


def _intersections(
    reader: Reader, indices: dict[str, Index], refs: tuple[TicketRef, ...], places: Sequence[int]
) -> Ints:
    """Return the intersections from the reader's cache: another null of the same tickets counts nothing again."""
    pairs = zip(refs, places, strict=True)
    key = ("overlap", *((str(ref), indices[ref.run].find("mask", ref).id, place) for ref, place in pairs))

    def count() -> Ints:
        # In order, since each level is read from the one before it.
        masks = {ref: reader.bits(ref, place) for ref, place in sorted(zip(refs, places, strict=True))}
        return intersections([masks[ref] for ref in refs])

    return reader.cache.get(key, count)


def _chosen(indices: Sequence[Index], options: OverlapOptions) -> list[TicketRef]:
    saved = [ref for index in indices for ref in index.tickets if _saved(index, ref)]
    if options.across != "replicates":
        saved = [ref for ref in saved if ref.replicate == options.replicate]
    tickets = [ref for ref in saved if ref.control == WINNING_TICKET]
    if options.across == "levels":
        return tickets
    level = options.level
    if level is None:
        deepest: dict[tuple[str, int], int] = {}
        for ref in tickets:
            deepest[ref.run, ref.replicate] = max(ref.level, deepest.get((ref.run, ref.replicate), 0))
        level = min(deepest.values(), default=0)
    here = tickets if options.across == "replicates" else saved
    # The ticket before its controls.
    return sorted((ref for ref in here if ref.level == level), key=lambda ref: ref.control != WINNING_TICKET)


def _saved(index: Index, ref: TicketRef) -> bool:
    return all((name, ref) in index.saved for name in ("mask", "pyramid"))


def _index(reader: Reader, run: str, options: OverlapOptions, *, own: bool) -> Index:
    try:
        return reader.index(run)
    except NotFound as error:
        if own:
            raise
        raise FieldError(_field(options, run), str(error)) from error


def _field(options: OverlapOptions, run: str) -> str:
    """Return the option that names a run."""
    if any(ref.run == run for ref in options.named):
        return "tickets" if not getattr(options, "a", "") else "b" if options.named[1].run == run else "a"
    return "others"
