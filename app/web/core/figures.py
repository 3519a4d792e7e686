"""Figures as bytes, each rendered once: for every viewer, until an event touches what it is drawn from."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final

from pydantic import ValidationError
from safetensors.numpy import load

from app.atlas.collapses import collapses_of, unjudged
from app.atlas.overlaps import overlaps
from app.atlas.reader import Reader
from app.kinds.registry import FIGURES, KINDS, kinds_of
from app.plotting.entry import FigureEntry, csv, render
from app.plotting.source import Options, Source, Tensors
from app.plotting.tickets.overlap_view import OverlapOptions
from app.records import ArtifactRef, Run
from app.store import Reads
from app.store.errors import NotFound
from app.web.core.columns import Format
from app.web.core.problems import Invalid, bad_fields

# Any of these may change the spec, the state or the layers' names, which every figure may show.
_RUN_TOPICS: Final = frozenset({"started", "changed", "failed", "finished"})
CAPACITY: Final = 128


@dataclass(frozen=True)
class Answer:
    """A rendered figure and its entity tag."""

    body: bytes
    etag: str


@dataclass
class _Slot:
    """One figure under one set of options; `answer` holds for the run up to event `seq`."""

    lock: Lock = field(default_factory=Lock)
    seq: int = -1
    answer: Answer | None = None


class Figures:
    """Renders figures and keeps the last `capacity` of them; safe to use from many threads.

    A request for a figure that is being rendered waits for that rendering and gets it.
    """

    def __init__(self, store: Reads, capacity: int = CAPACITY, reader: Reader | None = None) -> None:
        self._store = store
        self._reader = reader or Reader(store)
        self._capacity = capacity
        self._slots: OrderedDict[tuple[str, ...], _Slot] = OrderedDict()
        self._lock = Lock()

    def at(self, reader: Reader) -> "Figures":
        """Return figures of the snapshot that a reader reads, with the memory of these."""
        figures = copy(self)
        figures._reader, figures._store = reader, reader.store
        return figures

    def answer(self, run_id: str, name: str, options: Mapping[str, Any], form: Format) -> Answer:
        """Return the figure `name` of a run as Plotly JSON, or its data as CSV.

        Raises: NotFound for an unknown run or figure, Invalid for a bad option.
        """
        run = self._store.run(run_id)
        entry = FIGURES.get(name)
        if entry is None or run.kind not in kinds_of(name):
            known = ", ".join(entry.name for entry in KINDS[run.kind].figures)
            raise NotFound(f"there is no figure {name!r} of this run; there is {known}")
        chosen = _options(entry, options)
        slot = self._slot((run_id, name, chosen.model_dump_json(), form, *self._others(run_id, chosen)))
        with slot.lock:
            if slot.answer is None or self._outdated(slot, run, entry):
                slot.answer = self._render(run, entry, chosen, form)
            # All that was read is at least as new as the run was.
            slot.seq = max(slot.seq, run.last_seq)
            return slot.answer

    def _others(self, run_id: str, options: Options) -> list[str]:
        """Return the other runs that a figure reads, each with its last event: a later event there makes another slot.

        So does another name, which comes without an event.
        """
        others = set(options.other_runs) - {run_id} if isinstance(options, OverlapOptions) else set()
        seqs = self._store.last_seqs(others) if others else {}
        return [f"{run}:{seq}:{self._store.run(run).name}" for run, seq in sorted(seqs.items())]

    def _slot(self, key: tuple[str, ...]) -> _Slot:
        with self._lock:
            slot = self._slots.setdefault(key, _Slot())
            self._slots.move_to_end(key)
            while len(self._slots) > self._capacity:
                self._slots.popitem(last=False)
            return slot

    def _outdated(self, slot: _Slot, run: Run, entry: FigureEntry) -> bool:
        if run.last_seq <= slot.seq:
            return False
        drawn_from = {*entry.series, *entry.artifacts, *_RUN_TOPICS}
        return not drawn_from.isdisjoint(self._store.touched(run.id, slot.seq))

    def _render(self, run: Run, entry: FigureEntry, options: Options, form: Format) -> Answer:
        source = self.source(run, entry, options)
        body = csv(entry, source).encode() if form == "csv" else render(entry, source)
        # Of the content: the same in every process, and another one when newer code draws it otherwise.
        return Answer(body, f'W/"{hashlib.sha256(body).hexdigest()[:20]}"')

    def source(self, run: Run, entry: FigureEntry, options: Options) -> Source[Any]:
        """Return all that a figure reads under these options."""
        reads = entry.reads(options)
        series = {name: self._store.series(run.id, name, level=level) for name, level in reads.series.items()}
        artifacts: dict[tuple[str, int, int], Tensors] = {}
        refs = self._store.artifacts(run.id) if reads.artifacts else []
        for ref in refs:
            ticket = ref.ticket
            if ticket is None or not ticket.is_winning or ref.name not in reads.artifacts:
                continue
            if reads.artifacts[ref.name] in (None, ticket.level):
                artifacts[ref.name, ref.replicate, ticket.level] = self._load(ref)
        compared = overlaps(self._reader, run.id, options) if isinstance(options, OverlapOptions) else None
        collapsed = collapses_of(self._reader, run) if entry.collapses else {}
        gone = unjudged(self._reader, run)
        return Source(run, options, series, artifacts, compared, collapsed, gone)

    def _load(self, ref: ArtifactRef) -> Tensors:
        try:
            return load(self._store.artifacts_store.get(ref.id))
        except FileNotFoundError:
            raise NotFound(f"the bytes of artifact {ref.id} are no longer in the artifact store") from None


def _options(entry: FigureEntry, options: Mapping[str, Any]) -> Options:
    try:
        return entry.options.model_validate(dict(options))
    except ValidationError as error:
        raise Invalid(bad_fields(json.loads(error.json(include_url=False)), None)) from error
