"""Figure cards of a run's page: which figures stand under which tab, with controls made from their options' schema."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias
from urllib.parse import urlencode

import orjson
from pydantic import ValidationError

from app.contract.records import Run
from app.contract.specs import ErasureSpec, FieldError, HardwareSpec
from app.figures import FIGURES, hardware_view
from app.figures.entry import FigureEntry
from app.figures.overlap_view import OverlapOptions
from app.figures.style import LOOKS
from app.store.errors import NotFound
from app.web.figures import Figures

Widget: TypeAlias = Literal["segments", "slider", "select", "check", "hidden"]

# Figures by tab, with the size of their plot; a figure named nowhere comes last under the first tab.
TABS: Mapping[str, Mapping[str, str]] = {
    "curves": {"accuracy_vs_density": "big", "early_stop_vs_density": "", "layer_density": "short"},
    "training": {"training_curves": "big"},
    "masks": {
        "input_density": "big",
        "degree_histogram": "",
        "weight_survival": "",
        "mask_distance": "",
        "layer_density": "",
    },
    "overlap": {"overlap_matrix": "big", "overlap_vs_chance": "big"},
    "movement": {"weight_movement": "big"},
    "erasure": {"accuracy_vs_lr": "sheet", "erasure_vs_accuracy": "", "erasure_over_steps": "big"},
    "spectra": {"singular_values": "", "update_sizes": ""},
    "rank": {"stable_rank_vs_width": "big"},
    "hardware": {"ticket_speedup": "short", "speedup_vs_density": "big", "memory_vs_density": ""},
}
# Figures whose y axis may be made logarithmic, and what that choice is called in the address, for each figure its own;
# the browser does it, the data are the same.
LOG_Y = {"early_stop_vs_density": "log_early_stop", "training_curves": "log_training"}
# The events that may change any figure: they carry the layers' names, the state or the spec.
_ANY = ("started", "changed", "failed", "finished")


@dataclass(frozen=True)
class Control:
    """One option of a figure: its name in the address, what it may be and what it is."""

    name: str
    label: str
    widget: Widget
    value: str
    options: tuple[tuple[str, str], ...] = ()
    low: int = 0
    high: int = 0


@dataclass(frozen=True)
class Part:
    """A piece of a finding; `branch` is the curve whose colour it takes, empty for none."""

    text: str
    branch: str


@dataclass(frozen=True)
class Card:
    """A figure as a question with an answer; finding and foot are empty on a lean page, where the browser has them.

    `defaults` holds the options as they are when nothing is chosen, as a query; `log` names the choice of a logarithmic
    axis, empty where there is none.
    """

    name: str
    title: str
    question: str
    tab: str
    size: str
    action: str
    src: str
    csv: str
    defaults: str
    log: str
    touches: str
    controls: tuple[Control, ...]
    finding: tuple[Part, ...]
    foot: str


def cards_of(figures: Figures, run: Run, tab: str, query: Mapping[str, str], *, lean: bool = False) -> list[Card]:
    """The cards under a tab, drawn with the options that `query` names; a bad one counts as not given."""
    placed = {name for names in TABS.values() for name in names}
    names = dict(TABS.get(tab, {}))
    if tab == next(iter(TABS)):
        names |= {name: "" for name in FIGURES if name not in placed}
    found = [
        (FIGURES[name], size) for name, size in names.items() if name in FIGURES and run.kind in FIGURES[name].kinds
    ]
    found = [(entry, size) for entry, size in found if entry.wanted is None or entry.wanted(run)]
    return [_card(figures, run, entry, tab, size, query, lean) for entry, size in found]


def has_figures(run: Run, tab: str) -> bool:
    """Whether runs of this kind have any figure under a tab."""
    # The first figure of a tab is what the tab is for.
    first = next(iter(TABS[tab]))
    if first not in FIGURES or run.kind not in FIGURES[first].kinds:
        return False
    if FIGURES[first].wanted is None:
        return True
    # Where it depends on the run whether the first is there, so do those that may stand in for it.
    entries = [FIGURES[name] for name in TABS[tab] if name in FIGURES and run.kind in FIGURES[name].kinds]
    return any(entry.wanted(run) for entry in entries if entry.wanted is not None)


def _card(
    figures: Figures, run: Run, entry: FigureEntry, tab: str, size: str, query: Mapping[str, str], lean: bool
) -> Card:
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
        tab=tab,
        size=meta.get("size", size),
        action=f"/runs/{run.id}",
        src=address,
        csv=f"{address}?{urlencode({**options, 'format': 'csv'})}",
        defaults=urlencode({name: "" if value is None else value for name, value in _defaults(entry).items()}),
        log=LOG_Y.get(entry.name, ""),
        touches=" ".join((*entry.series, *entry.artifacts, *_ANY)),
        controls=(*_controls(entry, run, options), *_log_y(entry, query)),
        finding=tuple(Part(part["text"], part.get("branch") or "") for part in meta.get("finding", ())),
        foot=meta.get("foot", ""),
    )


def _own(name: str, spec: object) -> list[tuple[str, str]]:
    """Values of an option that the run itself names, with what each is called; none for another option."""
    if isinstance(spec, HardwareSpec):
        own: dict[str, list[tuple[str, str]]] = {
            "mode": [(str(mode), str(mode)) for mode in spec.modes],
            "batch": [(str(size), f"{size:,}") for size in spec.batch_sizes],
            "layer": [(hardware_view.key(layer), hardware_view.size(layer)) for layer in spec.layers],
        }
        return own.get(name, [])
    if not isinstance(spec, ErasureSpec):
        return []
    if name == "optimizer":
        return [(grid.kind, LOOKS[grid.kind].label) for grid in spec.optimizers]
    if name == "lr":
        return [(str(lr), f"{lr:g}") for lr in sorted({lr for grid in spec.optimizers for lr in grid.lrs})]
    if name == "step":
        return [(str(step), f"{step:,}") for step in spec.moments() if step]
    return [(str(width), str(width)) for width in spec.widths] if name == "width" else []


def _log_y(entry: FigureEntry, query: Mapping[str, str]) -> list[Control]:
    name = LOG_Y.get(entry.name)
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
    """Name of a figure's file, without its ending: with the options that are not as they are by default.

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
        kinds = {prop.get("type"), *(each.get("type") for each in prop.get("anyOf", ()))}
        text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        if issubclass(entry.options, OverlapOptions):
            # Both figures of overlap have one row of controls above them.
            controls.append(Control(name, label, "hidden", text))
        elif enum := prop.get("enum"):
            options_ = tuple((each, each.replace("_", " ")) for each in enum)
            controls.append(Control(name, label, "segments" if len(enum) <= 4 else "select", text, options_))
        elif "boolean" in kinds:
            controls.append(Control(name, label, "check", text))
        elif "integer" in kinds and name == "level" and "null" in kinds:
            levels = [(str(level), str(level)) for level in range(run.levels + 1)]
            controls.append(Control(name, label, "select", text, (("", "deepest"), *levels)))
        elif "integer" in kinds and name == "replicate":
            each = [(str(replicate), str(replicate)) for replicate in range(run.spec.replicates)]
            pooled = [("", "all, their mean")] if "null" in kinds else []
            controls.append(Control(name, label, "select", text, (*pooled, *each)))
        elif "integer" in kinds and name == "level":
            high = run.levels
            low = prop.get("minimum", 0)
            controls.append(Control(name, label, "slider", text or str(low), low=low, high=high))
        elif values := _own(name, run.spec):
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
