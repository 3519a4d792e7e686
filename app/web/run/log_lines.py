"""The event log of a run in words, newest first."""

from dataclasses import dataclass
from typing import Any

from app.contract.training_key import TrainingKey
from app.contract.words import plural
from app.records import EventRecord, Run
from app.store import Reads
from app.web.core.words import size

WINDOW = 1_000


@dataclass(frozen=True)
class Line:
    """One event."""

    seq: int
    iso: str
    at: str
    kind: str
    text: str
    traceback: str


@dataclass(frozen=True)
class Log:
    """A window of the log; `older` is the seq before which the next window ends, None at the beginning."""

    lines: tuple[Line, ...]
    older: int | None
    all: bool


def log_of(store: Reads, run: Run, *, before: int | None = None, everything: bool = False) -> Log:
    """Return the newest `WINDOW` events before a seq; measurements only with `everything`."""
    end = run.last_seq + 1 if before is None else min(before, run.last_seq + 1)
    start = max(0, end - 1 - WINDOW)
    records = [record for record in store.events(run.id, start, WINDOW) if record.seq < end]
    shown = [record for record in records if everything or record.event["kind"] != "measured"]
    return Log(
        tuple(_line(record, run.spec.key) for record in reversed(shown)), start + 1 if start else None, everything
    )


def _line(record: EventRecord, key: type[TrainingKey]) -> Line:
    event = record.event
    return Line(
        seq=record.seq,
        iso=record.at.isoformat(),
        at=f"{record.at:%Y-%m-%d %H:%M:%S} UTC",
        kind=event["kind"].replace("_", " "),
        text=_text(event, record.replicate, key),
        traceback=event.get("traceback", ""),
    )


def _text(event: dict[str, Any], replicate: int | None, key: type[TrainingKey]) -> str:
    who = "" if replicate is None else f"replicate {replicate}"
    training = key.model_validate(event["key"]).words if "key" in event else ""
    match event["kind"]:
        case "started":
            return f"{who}, attempt {event['attempt']}, on worker {event['worker']}"
        case "measured":
            rows = event.get("rows", 0)
            return f"{event['series']}, {plural(rows, 'row')} · {who}, {training}"
        case "artifact_saved":
            return f"{event['name']}, {size(event['size_bytes'])} · {who}, {training}"
        case "failed":
            after = "" if event.get("final") else "; it is tried again"
            return f"{who}, attempt {event['attempt']}: {event['reason']}{after}"
        case "finished":
            return f"{who} is done"
        case "changed":
            return f"{event['detail']}: {event['state']}" if event.get("detail") else f"the run is {event['state']}"
        case other:
            return str(other)
