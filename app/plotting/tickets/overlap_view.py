"""What the two figures of overlap share: which tickets they compare, and what those are called."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from app.contract.events import WINNING_TICKET
from app.contract.experiment import FieldError
from app.contract.tickets import MAX_LAYER_NAME, TicketRef
from app.contract.words import plural
from app.masks.overlap import Null, Overlaps
from app.masks.pairing import parse
from app.plotting.entry import Reads
from app.plotting.labels import shortened
from app.plotting.source import Options, Source
from app.plotting.style import LOOKS
from app.plotting.words import Part

PHRASES: Mapping[Null, str] = {
    "uniform": "weights drawn at random",
    "unit_permuted": "the same masks with hidden units permuted",
    "magnitude_at_init": "weights drawn at random among those of similar initial magnitude",
}
"""What chance is under each null, in a sentence."""

NAMES: Mapping[Null, str] = {
    "uniform": "uniform",
    "unit_permuted": "unit-permuted",
    "magnitude_at_init": "magnitude at init",
}

# Characters of a run's name on an axis.
_WIDTH = 15


class OverlapOptions(Options):
    """Which tickets are compared: those named, or those that one run has across one of its sides.

    `tickets` are addresses and `others` ids of further runs, separated by commas. `level` None is the deepest that all
    chosen replicates have. `pairing` is which layer of one run corresponds to which of another, as `app.masks.pairing`
    writes it: `06f3k2m9qa:06f3k2m9qb:0-2-1`.
    """

    spread: ClassVar[bool] = False
    """Whether standard deviations are needed, which take the masks' bits."""
    most: ClassVar[int] = 60
    """Tickets that are compared at most."""

    tickets: str = Field("", max_length=5_000)
    across: Literal["replicates", "levels", "branches"] = "replicates"
    level: int | None = Field(None, ge=0, le=1_000)
    replicate: int = Field(0, ge=0, le=100_000)
    others: str = Field("", max_length=1_000)
    layer: str | None = Field(None, max_length=MAX_LAYER_NAME)
    pairing: str = Field("", max_length=8_000)

    @property
    def named(self) -> tuple[TicketRef, ...]:
        """Return the tickets that are named, each once; empty leaves the choice to `across`."""
        return _parsed(self.tickets)

    @property
    def other_runs(self) -> tuple[str, ...]:
        """Return ids of all runs that are named."""
        return tuple(dict.fromkeys([*_split(self.others), *(ref.run for ref in self.named)]))

    @field_validator("tickets")
    @classmethod
    def _are_addresses(cls, tickets: str) -> str:
        if len(_parsed(tickets)) > cls.most:
            raise ValueError(f"names {len(_parsed(tickets))} tickets; {cls.most} can be compared at a time")
        return tickets

    @field_validator("pairing")
    @classmethod
    def _is_pairing(cls, pairing: str) -> str:
        parse(pairing)
        return pairing

    @field_validator("others")
    @classmethod
    def _are_ids(cls, others: str) -> str:
        for run in _split(others):
            if not re.fullmatch("[0-9a-z]{1,20}", run):
                raise ValueError(f"{run[:80]!r} is not the id of a run, such as 06f3k2m9qa")
        return others


class ChanceOptions(OverlapOptions):
    """`a` and `b` are the addresses of one pair; without them, every pair of the chosen tickets counts."""

    spread: ClassVar[bool] = True
    most: ClassVar[int] = 12

    a: str = Field("", max_length=100)
    b: str = Field("", max_length=100)

    @property
    def named(self) -> tuple[TicketRef, ...]:
        return _parsed(f"{self.a},{self.b}") if self.a else _parsed(self.tickets)

    @field_validator("a", "b")
    @classmethod
    def _is_address(cls, ticket: str) -> str:
        if ticket:
            TicketRef.parse(ticket)
        return ticket

    @model_validator(mode="after")
    def _is_pair(self) -> Self:
        if bool(self.a) != bool(self.b):
            raise FieldError("b" if self.a else "a", "is missing: a pair has two tickets")
        if self.a and len(self.named) < 2:
            raise FieldError("b", "is the same ticket as a")
        return self


class MatrixOptions(OverlapOptions):
    """`measure` is IoU, or overlap adjusted for what one of the nulls expects."""

    measure: Literal["iou", "uniform", "unit_permuted", "magnitude_at_init"] = "iou"

    @property
    def null(self) -> Null:
        """Return what chance means here; with IoU it is the plainest."""
        return "uniform" if self.measure == "iou" else self.measure


def title(source: Source[Any]) -> str:
    """Return whose overlap is shown, and of which layers."""
    options = source.options
    refs = source.overlaps.refs if source.overlaps else ()
    level = refs[0].level if refs else options.level
    at = "" if level is None else f" at level {level}"
    runs = len({ref.run for ref in refs})
    several = f" of {runs} runs" if runs > 1 else ""
    if options.named:
        whose = f"Overlap of {plural(len(options.named), 'chosen ticket')}"
    elif options.across == "replicates" and runs > 1 and replicates(refs) == runs:
        whose = f"Overlap between {runs} runs{at}"
    elif options.across == "replicates":
        whose = f"Overlap between replicates{several}{at}"
    elif options.across == "levels":
        whose = f"Overlap between levels{several}, replicate {options.replicate}"
    else:
        whose = f"Overlap of a ticket and its controls{several}{at}, replicate {options.replicate}"
    return f"{whose}, {options.layer or 'all layers'}"


def awaited(source: Source[Any]) -> tuple[Part, ...]:
    """Return why there is nothing to compare; empty when there is."""
    overlaps, layer = source.overlaps, source.options.layer
    there = overlaps.layers if overlaps and overlaps.refs else source.layers
    if layer is not None and layer not in there:
        names = ", ".join(source.layers)
        known = f"This network has the layers {names}." if names else "Its layers are not known yet."
        return (Part(f"No layer is named {layer!r}. {known}"),)
    if overlaps is None or not overlaps.refs:
        return (Part("Masks are compared as soon as they are saved, each when its training starts." if source.live
                     else "Nothing to show: no mask of these tickets was saved."),)  # fmt: skip
    if len(overlaps.refs) == 1:
        (ref,) = overlaps.refs
        control = "" if ref.control == WINNING_TICKET else f", {_control(ref)}"
        who = f"replicate {ref.replicate}, level {ref.level}{control}"
        return (Part(f"Only {who} is saved{' so far' if source.live else ''}: a comparison needs two."),)
    return ()


def replicates(refs: Sequence[TicketRef]) -> int:
    """Return how many replicates these tickets come from; those of several runs count apart."""
    return len({(ref.run, ref.replicate) for ref in refs})


def count(refs: Sequence[TicketRef]) -> str:
    """Return what n is, for the foot: replicates of one run, else the tickets and the runs that they come from."""
    runs = len({ref.run for ref in refs})
    if runs < 2:
        return plural(replicates(refs), "replicate")
    same = {ref.replicate for ref in refs}
    which = f"replicate {next(iter(same))} of {runs} runs" if len(same) == 1 else f"{runs} runs"
    return f"{plural(len(refs), 'ticket')}, {which}"


def pairs_by(overlaps: Overlaps) -> str:
    """Return how layers of several runs are paired, for the foot; empty for one run."""
    ways = {"name": "by name", "shape": "by shape", "choice": "as chosen"}
    return (
        f"layers paired {' or '.join(dict.fromkeys(ways[by] for by in overlaps.paired_by.values()))}"
        if overlaps.partners
        else ""
    )


def partners(overlaps: Overlaps, layer: int) -> str:
    """Return what one layer is called in the other runs, for a table: "06f3k2m9qa: input; …"."""
    return "; ".join(f"{run}: {names[layer]}" for run, names in overlaps.partners.items())


def pairing(overlaps: Overlaps, a: TicketRef, b: TicketRef) -> str:
    """Return which layers of two tickets are compared, for a table: "fc1 = input; …"; empty within one run."""
    if a.run == b.run:
        return ""
    mine, theirs = (overlaps.partners.get(ref.run, overlaps.layers) for ref in (a, b))
    return "; ".join(f"{one} = {other}" for one, other in zip(mine, theirs, strict=True))


def labels(refs: Sequence[TicketRef], runs: Mapping[str, str] = MappingProxyType({})) -> list[str]:
    """Return short names, of only what differs between these tickets: "r2", "r2 L5", "Digits r2", "shuffled mask".

    `runs` holds the names of runs by id; one without is called by its id.
    """
    several_runs = len({ref.run for ref in refs}) > 1
    several_replicates = len({ref.replicate for ref in refs}) > 1
    several_levels = len({ref.level for ref in refs}) > 1
    several_controls = len({(ref.control, ref.draw) for ref in refs}) > 1
    short = shortened({ref.run: runs.get(ref.run, ref.run) for ref in refs}, _WIDTH)
    labels = []
    for ref in refs:
        parts = [short[ref.run]] if several_runs else []
        if several_replicates or not (several_runs or several_levels or several_controls):
            parts.append(f"r{ref.replicate}")
        if several_levels:
            parts.append(f"L{ref.level}")
        if several_controls:
            parts.append(_control(ref))
        labels.append(" ".join(parts))
    return labels


def _control(ref: TicketRef) -> str:
    label = LOOKS[ref.control].label if ref.control in LOOKS else ref.control
    if ref.control == WINNING_TICKET:
        label = "ticket"
    return f"{label} {ref.draw}" if ref.draw else label


def _split(text: str) -> list[str]:
    return [part for part in (item.strip() for item in text.split(",")) if part]


def _parsed(text: str) -> tuple[TicketRef, ...]:
    return tuple(dict.fromkeys(TicketRef.parse(part) for part in _split(text)))


def overlaps_alone(_options: Options) -> Reads:
    """Return nothing: overlaps are read apart, mask by mask, and no artifact is loaded whole."""
    return Reads({}, {})
