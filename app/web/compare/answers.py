"""Figures of several runs as bytes, each rendered once until one of the runs has something new."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from typing import Any, Final, Literal, TypeAlias
from weakref import WeakKeyDictionary

from pydantic import ValidationError

from app.kinds.registry import OF_ANY_RUNS
from app.plotting.compared import ComparedEntry, Said, Sheet
from app.plotting.entry import to_csv
from app.plotting.source import Options
from app.store import Reads, Snapshot
from app.web.compare.selection import Selection
from app.web.core.columns import json_bytes
from app.web.core.context import Readers
from app.web.core.figures import Answer
from app.web.core.problems import Invalid, bad_fields

Form: TypeAlias = Literal["json", "csv", "table"]
"""A figure, and its table in two forms."""
CAPACITY: Final = 64
# Per store: request -> its answer.
_kept: WeakKeyDictionary[Reads, OrderedDict[tuple[Any, ...], Any]] = WeakKeyDictionary()
_lock = Lock()


def options_of(entry: ComparedEntry, query: Mapping[str, str], *, every: bool) -> Options:
    """Return what a link chooses for a figure; with `every` each of its names must be one of the figure's.

    Raises Invalid for a bad value.
    """
    known = {name: value for name, value in query.items() if every or name in entry.options.model_fields}
    try:
        return entry.options.model_validate({name: value for name, value in known.items() if value or every})
    except ValidationError as error:
        raise Invalid(bad_fields(json.loads(error.json(include_url=False)), None)) from error


def answer(readers: Readers, chosen: Selection, entry: ComparedEntry, options: Options, form: Form) -> Answer:
    """Return a figure of these runs as Plotly JSON, or its data. Raises FieldError for a bad baseline."""

    def render() -> Answer:
        info = _info(readers, chosen, entry, options)
        match form:
            case "csv":
                text = to_csv(entry.table(info))
            case "table":
                text = json_bytes({"name": entry.name, "columns": entry.table(info)}).decode()
            case _:
                text = entry.draw(info).to_json(engine="orjson")
        return Answer(text.encode(), f'W/"{hashlib.sha256(text.encode()).hexdigest()[:20]}"')

    given: Answer = _once(readers.store, (form, *_key(chosen, entry, options)), render)
    return given


def words(readers: Readers, chosen: Selection, entry: ComparedEntry, options: Options) -> tuple[Said, Sheet | None]:
    """Return the words of a figure, and its table, None where it has none. Raises FieldError as `answer` does."""
    info = _info(readers, chosen, entry, options)
    return entry.said(info), entry.sheet(info)


def _info(readers: Readers, chosen: Selection, entry: ComparedEntry, options: Options) -> Any:
    key = ("info", *_key(chosen, entry, options))
    store, reader = readers.store, readers.reader
    return _once(store, key, lambda: entry.info(chosen.source(store, entry, options, reader)))


def _key(chosen: Selection, entry: ComparedEntry, options: Options) -> tuple[Any, ...]:
    # A name comes without an event, and measures some time after one.
    runs = tuple((run.id, run.last_seq, run.name, run.state) for run in chosen.runs)
    columns = chosen.values if entry in OF_ANY_RUNS else ()
    return entry.name, options.model_dump_json(), runs, chosen.groups, columns


def _once(store: Snapshot, key: tuple[Any, ...], make: Any) -> Any:
    with _lock:
        kept = _kept.setdefault(store.origin, OrderedDict())
        if key in kept:
            kept.move_to_end(key)
            return kept[key]
    value = make()
    with _lock:
        kept[key] = value
        while len(kept) > CAPACITY:
            kept.popitem(last=False)
    return value
