"""Figure cards of a run's page: which figures are under which tab, with controls from their options' schema."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias
from urllib.parse import urlencode

import orjson
from pydantic import ValidationError

from app.contract.experiment import Experiment, FieldError
from app.kinds.kind import Placed, Tab
from app.kinds.registry import KINDS
from app.plotting.entry import FigureEntry
from app.plotting.tickets.overlap_view import OverlapOptions
from app.records import Run
from app.store.errors import NotFound
from app.web.core.figures import Figures

Widget: TypeAlias = Literal["segments", "slider", "select", "check", "hidden"]

# The events that may change any figure: they carry the layers' names, the state or the spec.
_ANY = ("started", "changed", "failed", "finished")


@dataclass(frozen=True)
class Control:
    """One option of a figure: its name in the address, what it may be and what it is; `zero` is what 0 means."""

    name: str
    label: str
    widget: Widget
    value: str
    options: tuple[tuple[str, str], ...] = ()
    low: int = 0
    high: int = 0
    zero: str = ""


@dataclass(frozen=True)
class Part:
    """A piece of a finding; `role` is the curve whose colour it takes, empty for none."""

    text: str
    role: str


@dataclass(frozen=True)
class Card:
    """A figure as a question with an answer; finding and foot are empty on a lean page, where the browser has them.

    `defaults` holds the options as they are when nothing is chosen, as a query. `log` names the choice of a
    logarithmic axis, empty where there is none.
    """

    name: str
    title: str
    question: str
    tab: str
    size: str
    blank: bool
    action: str
    src: str
    csv: str
    defaults: str
    log: str
    touches: str
    controls: tuple[Control, ...]
    finding: tuple[Part, ...]
    foot: str


def cards_of(figures: Figures, run: Run, tab: Tab, query: Mapping[str, str], *, lean: bool = False) -> list[Card]:
    """Return the cards under a tab, drawn with the options that `query` names; a bad one counts as not given."""
    return [card_of(figures, run, placed, tab, query, lean) for placed in tab.shown(run)]


def card_of(figures: Figures, run: Run, placed: Placed, tab: Tab, query: Mapping[str, str], lean: bool = False) -> Card:
    """Return the card of one figure under a tab; a bad option counts as not given."""
    entry = placed.entry
    options = _options(entry, query)
    address = f"/api/v1/runs/{run.id}/figures/{entry.name}"
    meta: dict[str, Any] = {}
    if not lean:
        try:
            answer = figures.answer(run.id, entry.name, options, "json")
            meta = orjson.loads(answer.body)["layout"]["meta"]
        except (FieldError, NotFound) as error:  # an address that names what is not there (any more)
            if isinstance(error, FieldError) and issubclass(entry.options, OverlapOptions):
                # Why these are not compared; others in their place would answer another question.
                meta = {"finding": [{"text": f"{error.message[:1].upper()}{error.message[1:]}."}]}
            else:
                options = {}
                answer = figures.answer(run.id, entry.name, options, "json")
                meta = orjson.loads(answer.body)["layout"]["meta"]
    return Card(
        name=entry.name,
        title=meta.get("title", entry.title),
        question=entry.question,
        tab=tab.key,
        size=meta.get("size", placed.size),
        blank="blank" in meta and run.state not in ("queued", "running", "cancelling"),
        action=f"/runs/{run.id}",
        src=address,
        csv=f"{address}?{urlencode({**options, 'format': 'csv'})}",
        defaults=urlencode({name: "" if value is None else value for name, value in _defaults(entry).items()}),
        log=placed.log_y,
        touches=" ".join((*entry.series, *entry.artifacts, *_ANY)),
        controls=(*_controls(entry, run, options), *_log_y(placed.log_y, query)),
        finding=tuple(Part(part["text"], part.get("role") or "") for part in meta.get("finding", ())),
        foot=meta.get("foot", ""),
    )


def _log_y(name: str, query: Mapping[str, str]) -> list[Control]:
    """Return the choice of a logarithmic y axis; the browser does it, the data are the same."""
    return [Control(name, "log y", "check", "true" if query.get(name) == "true" else "")] if name else []


def _options(entry: FigureEntry, query: Mapping[str, str]) -> dict[str, str]:
    given = {name: query[name] for name in entry.options.model_fields if query.get(name)}
    try:
        entry.options.model_validate(given)
    except ValidationError:
        return {}
    return given


def _defaults(entry: FigureEntry) -> dict[str, Any]:
    return entry.options().model_dump(mode="json")


def file_name(run_id: str, entry: FigureEntry, options: Mapping[str, str]) -> str:
    """Return the name of a figure's file, without its ending; options that differ from their defaults are in it.

    The browser names its pictures in the same way (static/js/figure.js).
    """
    chosen, default = entry.options.model_validate(dict(options)).model_dump(mode="json"), _defaults(entry)
    parts = [run_id, entry.name]
    for name, value in chosen.items():
        if value not in (default[name], None, ""):
            # A list of tickets is too long for a name.
            parts.append(f"{name}{value}" if not isinstance(value, str) else value if len(value) <= 40 else name)
    return "-".join(parts)


def _controls(entry: FigureEntry, run: Run, options: Mapping[str, str]) -> list[Control]:
    chosen = entry.options.model_validate(dict(options)).model_dump(mode="json")
    controls = []
    for name, prop in entry.options.model_json_schema().get("properties", {}).items():
        label, value = name.replace("_", " "), chosen[name]
        kinds = {prop.get("type"), *(item.get("type") for item in prop.get("anyOf", ()))}
        text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        if issubclass(entry.options, OverlapOptions):
            # Both figures of overlap have one row of controls above them.
            controls.append(Control(name, label, "hidden", text))
        elif enum := prop.get("enum"):
            options_ = tuple((item, item.replace("_", " ")) for item in enum)
            controls.append(Control(name, label, "segments" if len(enum) <= 4 else "select", text, options_))
        elif "boolean" in kinds:
            controls.append(Control(name, label, "check", text))
        elif "integer" in kinds and name == "level" and "null" in kinds:
            levels = [(str(level), str(level)) for level in range(run.levels + 1)]
            controls.append(Control(name, label, "select", text, (("", "deepest"), *levels)))
        elif "integer" in kinds and name == "replicate":
            replicates = [(str(replicate), str(replicate)) for replicate in range(run.spec.replicates)]
            pooled = [("", "all, their mean")] if "null" in kinds else []
            controls.append(Control(name, label, "select", text, (*pooled, *replicates)))
        elif "integer" in kinds and name == "level":
            high = run.levels
            low = prop.get("minimum", 0)
            # The first of imported masks may be of any density.
            zero = "0, dense network" if isinstance(run.spec, Experiment) else ""
            controls.append(Control(name, label, "slider", text or str(low), low=low, high=high, zero=zero))
        elif values := KINDS[run.kind].choices(run.spec, name):
            none = [("", str(prop["none"]))] if "none" in prop else []
            # Of one there is nothing to choose.
            widget: Widget = "select" if len(values) > 1 else "hidden"
            controls.append(Control(name, label, widget, text, (*none, *values)))
        elif "string" in kinds and name == "layer":
            layers = [(str(layer["name"]),) * 2 for layer in run.provenance.get("layers", ())]
            pooled = [("", "all layers")] if "null" in kinds else []
            controls.append(Control(name, label, "select", text, (*pooled, *layers)))
        elif "string" in kinds:
            controls.append(Control(name, label, "hidden", text))
    return controls
