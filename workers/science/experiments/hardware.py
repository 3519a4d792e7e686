"""Hardware: sparse layers, and a ticket, timed in several formats against the dense one on this very device.

Defined in docs/protocol.md, Hardware. What is timed comes out the same each time; times do not.
"""

import json
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from math import nan
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from app.contract.events import Measured, Progress
from app.contract.tickets import Collapsed
from app.kinds.hardware.spec import FORMATS, REASONS, HardwareKey, HardwareSpec
from workers.science.architecture.errors import NotDefined
from workers.science.experiments.clock import Clock
from workers.science.experiments.rows import one_row
from workers.science.experiments.ticket import SavedTicket
from workers.science.metrics.density import density
from workers.science.models.init import initialise
from workers.science.outputs import Checkpoint, Output, Resume, Tensors
from workers.science.random import generator
from workers.science.sparse import compaction, formats
from workers.science.sparse.energy import joules, meter
from workers.science.sparse.formats import Ready, Unsupported
from workers.science.sparse.passes import error, one_pass
from workers.science.sparse.timing import interleaved


class _Subject(NamedTuple):
    """A network to time under its masks; `size` is (inputs, units) of a layer, (0, 0) for a ticket.

    Inputs are numbers, or symbols of which there are `n_symbols`.
    """

    key: str
    size: tuple[int, int]
    target: float
    network: nn.Module
    masks: Mapping[str, Tensor]
    shape: tuple[int, ...]
    collapsed: Collapsed | None = None
    n_symbols: int | None = None

    @property
    def is_ticket(self) -> bool:
        return self.size == (0, 0)

    @property
    def title(self) -> str:
        """Return such as `784×300 at 5 %`."""
        return "ticket" if self.is_ticket else f"{self.size[0]}×{self.size[1]} at {100 * self.target:.3g} %"


def run(
    spec: HardwareSpec,
    replicate: int,
    *,
    device: torch.device | str = "cpu",
    datasets_dir: Path,  # noqa: ARG001 (no data set is read)
    resume: Resume | None = None,
    plan: Mapping[str, Any] = MappingProxyType({}),  # noqa: ARG001 (nothing of it is a choice here)
    clock: Clock | None = None,  # noqa: ARG001 (each layer and mode is a checkpoint)
    tickets: Sequence[SavedTicket] = (),
) -> Iterator[Output]:
    """Run one replicate: for each layer and density, and for the ticket, rows of `hardware` per mode, batch and format.

    `ticket` and `training` are 0 or 1; `n_in` and `n_out` are 0 for a ticket. `target` is the density of the spec,
    `density` that of what was timed. `seconds` per pass is the median over repeats, `seconds_low` and `seconds_high`
    are the quartiles. `speedup` is dense time over this one in the same repeat, also with quartiles. `bytes` are those
    held, `error` is that against the dense network. `energy_j` is joules per pass, NaN where they cannot be read.
    `refused` is why a format has no time here (`REASONS`), 0 where it has. The key of a row is its format. Artifact
    `compacted`: the ticket as a smaller dense network, where it can be traced. Its `meta` has `collapsed`: where the
    ticket is cut, null if it is not. Progress counts measurements; a Checkpoint follows each group of rows.
    """
    yield from _Replicate(spec, replicate, torch.device(device), resume, tickets).run()


def describe(spec: HardwareSpec, datasets_dir: Path) -> dict[str, Any]:  # noqa: ARG001 (no data set is read)
    """Return what a numeric plan records: the dtype that is timed, and the layers as (inputs, units)."""
    return {"timed": spec.dtype, "sizes": [list(size) for size in spec.layers]}


class _Replicate:
    """What is timed with one seed, subject by subject."""

    def __init__(
        self,
        spec: HardwareSpec,
        replicate: int,
        device: torch.device,
        resume: Resume | None,
        tickets: Sequence[SavedTicket],
    ) -> None:
        self._spec, self._device, self._tickets = spec, device, tickets
        self._key = partial(generator, spec.seed, replicate)
        self._dtype: torch.dtype = getattr(torch, spec.dtype)
        self._names = [name for name in FORMATS if name == "dense" or name in spec.formats]
        self._done: list[str] = list(resume.state["done"]) if resume else []
        self._meter = meter(device)
        self._measured = 0
        self._note = ""

    def run(self) -> Iterator[Output]:
        for subject in self._subjects():
            if subject.is_ticket and "compacted" not in self._done:
                example = self._drawn(subject, 2, torch.rand, self._key("example"))
                with suppress(NotDefined):
                    smaller = compaction.compact(subject.network.cpu(), subject.masks, example=example)
                    # With the ticket's collapse: the run that trained it may be deleted while this one is kept.
                    meta = {"collapsed": json.dumps(subject.collapsed and subject.collapsed._asdict())}
                    yield Tensors(
                        "compacted", HardwareKey(storage_format="compacted"), compaction.export(smaller), meta
                    )
                yield self._checkpoint("compacted")
            for batch_size in self._spec.batch_sizes:
                for mode in self._spec.modes:
                    key = f"{subject.key}/{batch_size}/{mode}"
                    if key in self._done:
                        self._measured += len(self._names)
                        continue
                    self._note = f"{subject.title}, {mode}"
                    yield self._progress()
                    yield from self._measure(subject, batch_size, training=mode == "training")
                    yield self._checkpoint(key)
        yield self._progress()

    def _subjects(self) -> Iterator[_Subject]:
        for n_in, n_out in self._spec.layers:
            for share in self._spec.densities:
                key = f"{n_in}/{n_out}/{share!r}"
                network = nn.Sequential(OrderedDict(fc=nn.Linear(n_in, n_out)))
                initialise(network, self._key("init", n_in, n_out))
                mask = torch.zeros(n_out * n_in, dtype=torch.bool)
                order = torch.randperm(len(mask), generator=self._key("mask", key))
                mask[order[: max(1, round(share * len(mask)))]] = True
                masks = {"fc.weight": mask.reshape(n_out, n_in)}
                yield _Subject(key, (n_in, n_out), share, self._there(network), masks, (n_in,))
        for saved in self._tickets:
            whole = saved.network()
            masks = dict(saved.ticket.masks)
            shape = tuple(saved.shape)
            n_symbols = saved.n_classes if saved.model.examples == "text" else None
            there = self._there(whole)
            yield _Subject("ticket", (0, 0), density(masks), there, masks, shape, saved.collapsed, n_symbols)

    def _drawn(self, subject: _Subject, n: int, draw: Callable[..., Tensor], key: torch.Generator) -> Tensor:
        """Return `n` random inputs of a network: symbols, or numbers that `draw` draws."""
        if subject.n_symbols is not None:
            return torch.randint(subject.n_symbols, (n, *subject.shape), generator=key)
        return draw(n, *subject.shape, generator=key).to(self._dtype)

    def _there(self, network: nn.Module) -> nn.Module:
        return network.to(self._device, self._dtype)

    def _measure(self, subject: _Subject, batch_size: int, *, training: bool) -> Iterator[Output]:
        network = subject.network.to(self._device).train(training)
        masks = {key: mask.to(self._device) for key, mask in subject.masks.items()}
        key = self._key("input", subject.key, batch_size)
        x = self._drawn(subject, batch_size, torch.randn, key).to(self._device)
        ready: dict[str, Ready] = {}
        errors: dict[str, float] = {}
        refused: dict[str, str] = {}
        for name in self._names:
            # A layer is in the middle of a network: its inputs' gradient is needed too.
            batch = x.clone() if subject.is_ticket else x.clone().requires_grad_(training)
            try:
                ready[name] = formats.FORMATS[name](network, masks, batch, training=training)
                errors[name] = error(ready[name], network, x, training=training)
            except Unsupported as no:
                refused[name] = no.reason
            except (NotImplementedError, RuntimeError) as no:
                if "out of memory" in str(no):
                    raise
                refused[name] = "torch"
            if name in refused:
                ready.pop(name, None)
            yield self._progress()
        passes = {name: one_pass(network, training=training) for name, network in ready.items()}
        timing = interleaved(list(passes.values()), self._spec.repeats, self._device)
        taken = yield from _with(timing, self._progress)
        for name in self._names:
            about = {
                "ticket": subject.is_ticket,
                "n_in": subject.size[0],
                "n_out": subject.size[1],
                "batch_size": batch_size,
                "training": training,
                "target": subject.target,
            }
            if name in refused:
                yield _row(name, about, {}, refused=1 + list(REASONS).index(refused[name]))
            else:
                i = list(passes).index(name)
                energy = joules(passes[name], self._meter, self._device) if self._meter else nan
                values = {
                    "density": 1.0 if name == "dense" else density(ready[name].masks),
                    **_quartiles("seconds", taken[:, i]),
                    **_quartiles("speedup", taken[:, list(passes).index("dense")] / taken[:, i]),
                    "bytes": formats.n_bytes(ready[name].network, training=training),
                    "error": errors[name],
                    "energy_j": energy,
                }
                yield _row(name, about, values)
            self._measured += 1
            yield self._progress()

    def _progress(self) -> Progress:
        return Progress(done=self._measured, total=self._spec.units_per_replicate, note=self._note)

    def _checkpoint(self, key: str) -> Checkpoint:
        self._done.append(key)
        return Checkpoint({"done": self._done.copy()})


_VALUES = (
    "density", "seconds", "seconds_low", "seconds_high", "speedup", "speedup_low", "speedup_high", "bytes", "error",
    "energy_j",
)  # fmt: skip


def _row(name: str, about: Mapping[str, float], values: Mapping[str, float], refused: int = 0) -> Measured:
    columns = {**about, **{column: values.get(column, nan) for column in _VALUES}, "refused": refused}
    return one_row("hardware", HardwareKey(storage_format=name), columns)


def _quartiles(name: str, values: Tensor) -> dict[str, float]:
    low, middle, high = torch.quantile(values, torch.tensor([0.25, 0.5, 0.75], dtype=values.dtype)).tolist()
    return {name: middle, f"{name}_low": low, f"{name}_high": high}


def _with(timing: Any, progress: Any) -> Any:
    """Run a generator for its return value, reporting progress at each of its steps."""
    while True:
        try:
            next(timing)
        except StopIteration as end:
            return end.value
        yield progress()
