"""Where and with what each replicate of a run was trained, as its attempts logged at their start."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.records import EventRecord

UNKNOWN = "not recorded"
# It names a machine and decides nothing.
NAMES = frozenset({"host"})


@dataclass(frozen=True)
class Origin:
    """Attempts at one replicate that ran alike; `lines` are plan and provenance by dotted key."""

    replicate: int
    attempts: tuple[int, ...]
    workers: tuple[str, ...]
    lines: Mapping[str, str]


def origins(starts: Iterable[EventRecord]) -> list[Origin]:
    """Return the origins of a run in the order of replicates, a new one wherever plan or provenance changed."""
    origins: list[Origin] = []
    for start in sorted(starts, key=lambda start: (start.event["replicate"], start.seq)):
        event = start.event
        lines = lines_of(event["plan"], event["provenance"])
        new = Origin(event["replicate"], (event["attempt"],), (event["worker"],), lines)
        last = origins[-1] if origins else None
        if last is not None and (last.replicate, last.lines) == (new.replicate, new.lines):
            workers = tuple(dict.fromkeys(last.workers + new.workers))
            origins[-1] = Origin(last.replicate, last.attempts + new.attempts, workers, lines)
        else:
            origins.append(new)
    return origins


def lines_of(plan: Mapping[str, Any], provenance: Mapping[str, Any]) -> dict[str, str]:
    """Return plan and provenance as text by dotted key; where both have a key, provenance counts."""
    lines = dict(flat(provenance))
    return lines | {key: text for key, text in flat(plan) if key not in lines}


def differing(origins: Sequence[Origin]) -> list[str]:
    """Return the keys that do not have the same value in all of them."""
    keys = dict.fromkeys(key for origin in origins for key in origin.lines)
    return [key for key in keys if len({origin.lines.get(key, UNKNOWN) for origin in origins}) > 1]


@dataclass(frozen=True)
class Reason:
    """A key of plan or provenance that was other for these replicates."""

    key: str
    then: str
    now: str
    replicates: tuple[int, ...]


def reasons(then: Sequence[Origin], now: Sequence[Origin]) -> list[Reason]:
    """Return what may explain that numbers differ: what is recorded otherwise for the same replicate, but its host."""
    differing_in: dict[tuple[str, str, str], list[int]] = {}
    both = {origin.replicate for origin in then} & {origin.replicate for origin in now}
    for replicate in sorted(both):
        before, after = ([item.lines for item in origins if item.replicate == replicate] for origins in (then, now))
        for key in dict.fromkeys(key for lines in (*before, *after) for key in lines):
            a, b = (_values(lines, key) for lines in (before, after))
            if a != b and key not in NAMES:
                differing_in.setdefault((key, a, b), []).append(replicate)
    return [Reason(key, a, b, tuple(replicates)) for (key, a, b), replicates in differing_in.items()]


def flat(value: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return nested provenance as pairs of dotted key and text, without the architecture.

    The layers are one pair, and so is an optimizer that moves all of them.
    """
    lines: list[tuple[str, str]] = []
    for key, item in value.items():
        if key == "architecture":  # follows from the model
            continue
        if key == "moved_by" and len(set(item.values())) == 1 < len(item):
            lines.append((prefix + key, f"{next(iter(item.values()))}: all {len(item)}"))
        elif isinstance(item, Mapping):
            lines += flat(item, f"{prefix}{key}.")
        elif key == "layers":
            lines.append((key, ", ".join(f"{layer['name']} {'×'.join(map(str, layer['shape']))}" for layer in item)))
        else:
            lines.append((prefix + key, ", ".join(map(str, item)) if isinstance(item, list) else str(item)))
    return lines


def _values(lines: Sequence[Mapping[str, str]], key: str) -> str:
    """Return the different values that a key had, in the order of the first attempt with each."""
    return ", then ".join(dict.fromkeys(line.get(key, UNKNOWN) for line in lines))
