"""Masks of stored runs, layer by layer: unfolded from what each level has flipped, the last used ones kept."""

from collections import OrderedDict
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load

from app.atlas.cache import Cache
from app.atlas.tensor_file import TensorFile
from app.contract.events import WINNING_TICKET
from app.contract.tickets import TicketRef
from app.masks import codec
from app.masks.codec import Bits
from app.masks.routes import Network, network_of
from app.records import ArtifactRef, Run
from app.store import Reads
from app.store.errors import NotFound

BUDGET_BYTES = 48 * 2**20
"""Memory for masks and pictures of layers together."""


@dataclass(frozen=True)
class Layer:
    """A prunable layer; `rows` × `columns` is its matrix, `key` its name in artifacts.

    `shape` is `(n_out, n_in / groups, *kernel)`.
    """

    name: str
    shape: tuple[int, ...]
    groups: int = 1

    @property
    def key(self) -> str:
        return f"{self.name}.weight"

    @property
    def size(self) -> tuple[int, int]:
        """Return the numbers of rows and columns."""
        return codec.size_of(self.shape)

    @property
    def kernel(self) -> tuple[int, ...]:
        """Return height and width of a convolution's kernel; empty for a linear layer."""
        return self.shape[2:]


@dataclass(frozen=True)
class Index:
    """What a run has saved up to event `seq`."""

    run: Run
    seq: int
    layers: tuple[Layer, ...]
    saved: Mapping[tuple[str, TicketRef], ArtifactRef]

    def layer(self, name: str) -> Layer:
        """Return the layer of that name. Raises NotFound."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        known = ", ".join(layer.name for layer in self.layers) or "none yet"
        raise NotFound(f"this run has no layer {name!r}; its layers are {known}")

    def find(self, name: str, ref: TicketRef) -> ArtifactRef:
        """Return the artifact of that name and ticket. Raises NotFound."""
        artifact = self.saved.get((name, ref))
        if artifact is None:
            raise NotFound(f"no {name} of ticket {ref} is saved (yet)")
        return artifact

    @property
    def tickets(self) -> list[TicketRef]:
        """Return every ticket and control whose mask is saved, in order."""
        return sorted(ref for name, ref in self.saved if name == "mask")

    def levels(self, replicate: int) -> list[int]:
        """Return levels of the winning ticket whose mask is saved."""
        return [t.level for t in self.tickets if t.replicate == replicate and t.control == WINNING_TICKET]


def layers_of(run: Run) -> tuple[Layer, ...]:
    """Return the prunable layers of a run in order, as the first worker reported them."""
    return tuple(
        Layer(str(item["name"]), tuple(item["shape"]), int(item.get("groups", 1)))
        for item in run.provenance.get("layers", ())
    )


class Reader:
    """Reads what runs have saved of their masks; safe to use from many threads."""

    def __init__(self, store: Reads, budget_bytes: int = BUDGET_BYTES) -> None:
        self.store = store
        self.cache = Cache(budget_bytes)
        self._indices: OrderedDict[str, Index] = OrderedDict()
        self._networks: OrderedDict[str, Network | str | None] = OrderedDict()
        self._lock = Lock()

    def at(self, store: Reads) -> "Reader":
        """Return a reader of a snapshot, with the memory of this one."""
        reader = copy(self)
        reader.store = store
        return reader

    def index(self, run_id: str) -> Index:
        """Return what the run has saved by now. Raises NotFound."""
        seq = self.store.last_seqs([run_id]).get(run_id)
        with self._lock:
            known = self._indices.get(run_id)
        if known is None or known.seq != seq:
            run = self.store.run(run_id)
            saved = {(ref.name, ref.ticket): ref for ref in self.store.artifacts(run_id) if ref.ticket is not None}
            known = Index(run, run.last_seq, layers_of(run), saved)
            with self._lock:
                self._indices[run_id] = known
                while len(self._indices) > 64:
                    self._indices.popitem(last=False)
        return known

    def network(self, run: Run) -> Network | str | None:
        """Return `network_of` the run's provenance; its routes are found once."""
        if not run.provenance:
            return None
        with self._lock:
            if run.id not in self._networks:
                self._networks[run.id] = network_of(run.provenance)
                while len(self._networks) > 64:
                    self._networks.popitem(last=False)
            return self._networks[run.id]

    def open(self, index: Index, name: str, ref: TicketRef) -> TensorFile:
        """Open an artifact of a ticket, to read parts of it. Raises NotFound."""
        try:
            return TensorFile(self.store.artifacts_store, index.find(name, ref).id)
        except FileNotFoundError:
            raise _gone(name, ref) from None

    def bits(self, ref: TicketRef, layer: int) -> Bits:
        """Return the packed mask of one layer, by its place in the network.

        Raises NotFound, ValueError when damaged.
        """
        index = self.index(ref.run)
        mask = index.find("mask", ref)
        key = index.layers[layer].key

        def unfold() -> Bits:
            base = self._base(ref, layer)
            with self.open(index, "mask", ref) as file:
                return codec.decode(file.read(key), base)

        return self.cache.get(("bits", mask.id, str(ref), key), unfold)

    def _base(self, ref: TicketRef, layer: int) -> Bits:
        """Return what a mask is stored against: a control against its ticket, a ticket against the level before it."""
        if ref.control != WINNING_TICKET:
            return self.bits(TicketRef(ref.run, ref.replicate, ref.level), layer)
        if ref.level > 0:
            return self.bits(TicketRef(ref.run, ref.replicate, ref.level - 1), layer)
        return codec.full(*self.index(ref.run).layers[layer].size)

    def sums(self, ref: TicketRef) -> Mapping[str, NDArray[Any]]:
        """Return the artifact `pyramid` of a ticket: see `app.masks.sums`. Raises NotFound."""
        pyramid = self.index(ref.run).find("pyramid", ref)
        try:
            return load(self.store.artifacts_store.get(pyramid.id))
        except FileNotFoundError:
            raise _gone("pyramid", ref) from None

    def initial(self, ref: TicketRef) -> str | None:
        """Return which initial weights a ticket started from, as the id of their artifact.

        None when they are not saved.
        """
        index = self.index(ref.run)
        if f"{index.layers[0].key}.strata" not in self.sums(ref):
            return None
        artifact = index.saved.get(("init", TicketRef(ref.run, ref.replicate, 0)))
        return artifact.id if artifact else None

    def death(self, run_id: str, replicate: int, layer: int) -> NDArray[np.uint8]:
        """Return the level at which each weight is first pruned, `(rows, columns)`.

        One past the last saved level if never.
        """
        index = self.index(run_id)
        levels = index.levels(replicate)
        rows, columns = index.layers[layer].size
        if not levels:
            raise NotFound(f"no mask of replicate {replicate} is saved (yet)")
        last = index.find("mask", TicketRef(run_id, replicate, levels[-1]))

        def count() -> NDArray[np.uint8]:
            alive = codec.full(rows, columns)
            # A counter for each weight, kept as bits: plane k holds bit k of it. Twenty levels need five planes.
            planes: list[Bits] = []
            for level in levels:
                carry = alive = alive & self.bits(TicketRef(run_id, replicate, level), layer)
                for k, plane in enumerate(planes):
                    planes[k], carry = plane ^ carry, plane & carry
                if carry.any():
                    planes.append(carry)
            total = np.zeros((rows, columns), np.uint8)
            for k, plane in enumerate(planes):
                total += codec.unpack(plane, columns) << np.uint8(k)
            return total

        return self.cache.get(("death", run_id, replicate, layer, last.id, len(levels)), count)


def _gone(name: str, ref: TicketRef) -> NotFound:
    return NotFound(f"the bytes of {name} of ticket {ref} are no longer in the artifact store")
