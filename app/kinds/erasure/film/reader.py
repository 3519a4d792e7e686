"""Frames of stored erasure runs, read part by part: the initial matrix, and how far it had moved at a step."""

from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock
from typing import Any, Literal, NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from app.atlas.cache import Cache
from app.atlas.tensor_file import TensorFile
from app.kinds.erasure.key import Cell, ErasureKey
from app.kinds.erasure.spec import ErasureSpec
from app.records import ArtifactRef, Run
from app.store import Reads
from app.store.errors import Corrupt, NotFound
from app.store.snapshot import Snapshot

Show: TypeAlias = Literal["weights", "movement"]
Floats: TypeAlias = NDArray[np.float32]

BUDGET_BYTES = 32 * 2**20
"""Memory for matrices and pictures together."""
# A larger artifact is read a band of rows at a time and not kept.
_WHOLE_BYTES = 8 * 2**20
_AT_ONCE = 2
_FRAME = "frame_"


class Still(NamedTuple):
    """One frame: W = init + scale · delta, ΔW = scale · delta; `base` is the initial matrix with the picture.

    For a training with the picture, `base` is `init`; for its twin, the matrix that the twin is the control of.
    """

    init: ArtifactRef
    base: ArtifactRef
    delta: ArtifactRef
    step: int
    scale: float


@dataclass(frozen=True)
class Index:
    """What an erasure run has saved up to event `seq`: `inits` by what cells begin with, `frames` by step, rising.

    `cells` are all trainings that a replicate consists of.
    """

    run: Run
    spec: ErasureSpec
    seq: int
    cells: frozenset[Cell]
    inits: Mapping[tuple[int, ErasureKey], ArtifactRef]
    frames: Mapping[tuple[int, Cell], Mapping[int, ArtifactRef]]

    def still(self, replicate: int, cell: Cell, step: int) -> Still:
        """Return the frame of that step. Raises NotFound."""
        frames = self.frames_of(replicate, cell)
        if step not in frames:
            there = ", ".join(map(str, frames)) or "none yet"
            raise NotFound(f"{_words(replicate, cell)} has no frame of step {step}; its frames are of steps {there}")
        marked = cell._replace(image="picture")
        init, base = (self.inits.get((replicate, item.key.start)) for item in (cell, marked))
        if init is None or base is None:
            raise NotFound(f"the initial weights of {_words(replicate, cell)} are not saved (yet)")
        return Still(init, base, frames[step], step, float(frames[step].meta["scale"]))

    def check(self, replicate: int, cell: Cell) -> None:
        """Check that the run has such a training. Raises NotFound."""
        if not 0 <= replicate < self.spec.replicates or cell not in self.cells:
            raise NotFound(f"this run has no {_words(replicate, cell)}")

    def frames_of(self, replicate: int, cell: Cell) -> Mapping[int, ArtifactRef]:
        """Return the frames of a training, empty before the first.

        Raises NotFound when the run has no such training.
        """
        self.check(replicate, cell)
        return self.frames.get((replicate, cell), {})


class FilmReader:
    """Reads what erasure runs have saved of their matrices; safe to use from many threads.

    `busy` is held while a picture is drawn, `exporting` while a file of many. At most two pictures and one file are in
    the making at once, so that many viewers do not add up in memory.
    """

    def __init__(self, store: Reads, budget_bytes: int = BUDGET_BYTES) -> None:
        self.store = store
        self.cache = Cache(budget_bytes)
        self.busy = BoundedSemaphore(_AT_ONCE)
        self.exporting = Lock()
        self._indices: OrderedDict[str, Index] = OrderedDict()
        self._lock = Lock()

    def at(self, store: Reads) -> "FilmReader":
        """Return a reader of a snapshot, with the memory of this one."""
        reader = copy(self)
        reader.store = store
        return reader

    def index(self, run_id: str) -> Index:
        """Return what the run has saved by now. Raises NotFound, also for a run of another kind."""
        seq = self.store.last_seqs([run_id]).get(run_id)
        with self._lock:
            known = self._indices.get(run_id)
        if known is None or known.seq != seq:
            known = self._read(self.store.run(run_id))
            with self._lock:
                self._indices[run_id] = known
                self._indices.move_to_end(run_id)
                while len(self._indices) > 16:
                    self._indices.popitem(last=False)
        return known

    def _read(self, run: Run) -> Index:
        if not isinstance(run.spec, ErasureSpec):
            raise NotFound(f"run {run.id} has no film: its kind is {run.kind}, and only erasure studies have films")
        inits: dict[tuple[int, ErasureKey], ArtifactRef] = {}
        frames: dict[tuple[int, Cell], dict[int, ArtifactRef]] = {}
        for ref in self.store.artifacts(run.id):
            key = ErasureKey.model_validate(ref.key)
            if ref.name == "init":
                inits[ref.replicate, key.start] = ref
            elif ref.name.startswith(_FRAME):
                frames.setdefault((ref.replicate, key.cell), {})[int(ref.meta["step"])] = ref
        cells = frozenset(run.spec.cells())
        ordered = {key: dict(sorted(steps.items())) for key, steps in frames.items()}
        return Index(run, run.spec, run.last_seq, cells, inits, ordered)

    def still(self, run_id: str, replicate: int, cell: Cell, step: int) -> Still:
        """Return one frame; what is known of the run is enough as long as it holds it. Raises NotFound."""
        with self._lock:
            known = self._indices.get(run_id)
        if known is not None and self.store.last_seqs([run_id]):
            with suppress(NotFound):
                return known.still(replicate, cell, step)
        return self.index(run_id).still(replicate, cell, step)

    def size(self, still: Still) -> tuple[int, int]:
        """Return rows and columns."""
        return self.initial_size(still.init)

    def initial_size(self, ref: ArtifactRef) -> tuple[int, int]:
        """Return rows and columns of an initial matrix."""
        return self._size(ref, "weight")

    def initial(self, ref: ArtifactRef, first: int, last: int) -> Floats:
        """Read rows `first` to `last` of an initial matrix. Raises NotFound, Corrupt."""
        rows: Floats = self._rows(ref, "weight", first, last)
        return rows

    def movement(self, still: Still, first: int, last: int) -> Floats:
        """Read rows of ΔW, to within half of `still.scale`. Raises NotFound, Corrupt."""
        moved: Floats = np.multiply(self._rows(still.delta, "delta", first, last), still.scale, dtype=np.float32)
        return moved

    def values(self, still: Still, show: Show, first: int, last: int) -> Floats:
        """Read rows `first` to `last` of W or of ΔW. Raises NotFound, Corrupt."""
        moved = self.movement(still, first, last)
        if show == "movement":
            return moved
        moved += self.initial(still.init, first, last)
        return moved

    def _size(self, ref: ArtifactRef, name: str) -> tuple[int, int]:
        def look() -> NDArray[np.int64]:
            with self._open(ref, name) as file:
                return np.array(file.entries[name].shape)

        rows, columns = self.cache.get(("size", ref.id), look).tolist()
        return rows, columns

    def _rows(self, ref: ArtifactRef, name: str, first: int, last: int) -> NDArray[Any]:
        columns = self._size(ref, name)[1]
        if ref.size_bytes > _WHOLE_BYTES:
            with self._open(ref, name) as file:
                return file.read(name, first * columns, last * columns).reshape(-1, columns)

        def whole() -> NDArray[Any]:
            with self._open(ref, name) as file:
                return file.read(name).reshape(-1, columns)

        return self.cache.get(("tensor", ref.id), whole)[first:last]

    def _open(self, ref: ArtifactRef, name: str) -> TensorFile:
        try:
            file = TensorFile(self.store.artifacts_store, ref.id)
        except FileNotFoundError:
            raise NotFound(f"the bytes of {ref.name} are no longer in the artifact store") from None
        if len(getattr(file.entries.get(name), "shape", ())) != 2:
            file.__exit__(None, None, None)
            raise Corrupt(f"artifact {ref.id} is damaged: it contains no matrix {name!r}")
        return file


def _words(replicate: int, cell: Cell) -> str:
    coordinates = ", ".join(f"{name} {value}" for name, value in cell._asdict().items())
    return f"training replicate {replicate}, {coordinates}"


_readers: WeakKeyDictionary[Reads, FilmReader] = WeakKeyDictionary()
_readers_lock = Lock()


def film_reader(store: Reads) -> FilmReader:
    """Return the one reader of this process for a store, with what it has read; for a snapshot, that of its store."""
    origin = store.origin if isinstance(store, Snapshot) else store
    with _readers_lock:
        if origin not in _readers:
            _readers[origin] = FilmReader(origin)
        return _readers[origin] if store is origin else _readers[origin].at(store)
