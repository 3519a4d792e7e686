"""One look for every figure: a control, an optimizer and a format keeps its colour, dash and marker everywhere.

Colours are those of the light page. The browser recolours for the dark one by `meta.role` of a trace and `name` of an
annotation. Each is a control, an optimizer, a format, "dense", "pruned", "soft" (secondary ink) or "heat" (a colour
scale).
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import plotly.graph_objects as go

from app.contract import palette
from app.contract.events import WINNING_TICKET
from app.contract.look import Look
from app.methods.catalog import CATALOG
from app.plotting.words import Part, glued

DENSE = "dense"
PRUNED = "pruned"
SOFT = "soft"
HEAT = "heat"


def _looks(group: str) -> dict[str, Look]:
    """Return the looks of the methods of a group, in the order of forms."""
    return {name: method.look for name, method in CATALOG[group].items() if method.look is not None}


CONTROLS: Mapping[str, Look] = {
    WINNING_TICKET: Look(palette.TICKET, "solid", "circle", "winning ticket", "the ticket"),
    **_looks("control"),
}
"""Looks of the ticket and its controls, in the order in which sentences list them."""

OPTIMIZERS: Mapping[str, Look] = _looks("optimizer")
"""Looks of the optimizers, in the order of forms."""

# Masked dense has the colour of dense, dashed.
FORMATS: Mapping[str, Look] = {
    "masked_dense": Look(palette.INK, "5px,3px", "square", "masked dense", "masked dense"),
    "csr": Look(palette.BLUE, "solid", "circle", "CSR", "CSR"),
    "compacted": Look(palette.VIOLET, "7px,3px", "diamond", "compacted", "compacted"),
    "structured": Look(palette.AMBER, "2px,2.5px", "triangle-up", "structured", "structured"),
    "semi_structured": Look(palette.RED, "12px,4px", "triangle-down", "2:4", "2:4 semi-structured"),
}
"""Looks of the formats that a sparse network is held in, in the order in which sentences list them."""

COMPARED: Mapping[str, Look] = {
    f"compared_{number}": Look(color, dash, symbol, "", "")
    for number, (color, dash, symbol) in enumerate(
        (
            (palette.BLUE, "solid", "circle"),
            (palette.AMBER, "7px,3px", "square"),
            (palette.VIOLET, "2px,2.5px", "diamond"),
            (palette.RED, "10px,3px,2px,3px", "triangle-up"),
            (palette.INK, "5px,3px", "triangle-down"),
            (palette.LILAC, "12px,4px", "cross"),
            (palette.SOFT, "4px,2px", "pentagon"),
            (palette.PAGE["ok"], "8px,3px,2px,3px,2px,3px", "star"),
        ),
        1,
    )
}
"""Looks of runs that are compared, in their order."""

LOOKS: Mapping[str, Look] = {
    **CONTROLS,
    **OPTIMIZERS,
    **FORMATS,
    **COMPARED,
    DENSE: Look(palette.INK, "solid", "circle", "dense", "the dense network"),
    PRUNED: Look(palette.SOFT, "5px,3px", "square", "pruned next", "weights pruned next"),
    SOFT: Look(palette.SOFT, "2px,3px", "circle", "", ""),
}

HAIRLINE = palette.LINE.light
INK = palette.INK.light
HEAT_SCALE = [[0.0, palette.WASH.light], [0.35, palette.HEAT], [0.7, palette.TICKET.light], [1.0, INK]]

_FEW = 10
"""The longest axis of whole numbers that has a tick for each."""
_FONT = {"family": "Inter, system-ui, sans-serif", "size": 12, "color": palette.SOFT.light}


POWERS = {"exponentformat": "power", "minexponent": 4}
"""Ticks of an axis whose values may have any size: × 10ⁿ, as in sentences, instead of k, M, B."""


def axis(title: str, **more: Any) -> dict[str, Any]:
    """Return an axis of hairlines; the unit belongs in its title, and it never moves the plot when its ticks change."""
    return {
        "title": {"text": title, "standoff": 8, "font": {"size": 12}},
        "gridcolor": HAIRLINE,
        "linecolor": HAIRLINE,
        "tickcolor": HAIRLINE,
        "zeroline": False,
        "automargin": False,
        **more,
    }


def whole_ticks(numbers: Sequence[float]) -> dict[str, Any]:
    """Return that an axis has a tick at each whole number, where it has few and holds nothing between them."""
    there = [number for number in numbers if math.isfinite(number)]
    whole = bool(there) and all(float(number).is_integer() for number in there)
    return {"dtick": 1} if whole and 0 < max(there) - min(there) <= _FEW else {}


def warm() -> None:
    """Make Plotly read its schema, which costs the first figure of a process about a quarter of a second."""
    traces = [{"type": kind, "x": [0], "y": [0]} for kind in ("scatter", "heatmap", "bar")]
    empty = axis("")
    figure(traces, title="", finding=(), foot="", n=0, xaxis=empty, yaxis=empty, shapes=[{"type": "line"}],
           coloraxis={"colorbar": {"title": {"text": ""}}}).to_json(engine="orjson")  # fmt: skip


# The markup that figures use; in names of layers and runs it is text like any other.
_MARKUP: Final = re.compile(r"&|<(?!/?(?:br|extra)>)")
_TEXTS: Final = frozenset({"text", "hovertext", "hovertemplate", "ticktext", "name"})


def literal(value: Any, shown: bool = False) -> Any:
    """Return a part of a figure whose texts Plotly shows as they are, except line breaks and the end of hover text.

    Other strings, such as addresses of pictures, stay; so do texts in `meta`, which the page sets. `shown` is True if
    `value` is a text or holds some.
    """
    if isinstance(value, str):
        return _MARKUP.sub(lambda match: "&amp;" if match[0] == "&" else "&lt;", value) if shown else value
    if isinstance(value, Mapping):
        return {key: item if key == "meta" else literal(item, key in _TEXTS) for key, item in value.items()}
    return [literal(item, shown) for item in value] if isinstance(value, list | tuple) else value


def note(text: str, *, role: str = SOFT, **place: Any) -> dict[str, Any]:
    """Return words in the plot, in the colour of `role`.

    With a key `place` the page moves them to where there is room. `{"x", "y"}` is the point that they name. `{"image",
    "aspect"}` is the picture, by its index and its width over its height.
    """
    return {"text": text, "name": role, "font": {"color": LOOKS[role].color}, "showarrow": False, **place}


def figure(
    traces: Sequence[Mapping[str, Any]],
    *,
    title: str,
    finding: Sequence[Part],
    foot: str,
    n: int,
    xaxis: Mapping[str, Any],
    yaxis: Mapping[str, Any],
    annotations: Sequence[Mapping[str, Any]] = (),
    right: int = 16,
    size: str = "",
    **layout: Any,
) -> go.Figure:
    """Return a figure without title, legend or template: the page sets title, finding and foot from `layout.meta`.

    Without traces it is `blank`, and the page gives it little room once a run has ended.

    `n` counts replicates. `right` is the margin in px that the labels at the curves' ends need, `size` that of the plot
    where it differs from the card's. The title of the y axis is written above it, so that it is read like the rest.
    """
    y_title = note(
        yaxis["title"]["text"], xref="paper", x=0, xanchor="left", xshift=-40, yref="paper", y=1, yanchor="bottom",
        yshift=5,
    )  # fmt: skip
    notes = [y_title, *annotations]
    places = [{"note": i, **note["place"]} for i, note in enumerate(notes) if "place" in note]
    return go.Figure(
        data=[{"showlegend": False, **literal(trace)} for trace in traces],
        layout={
            "template": {},
            "uirevision": "constant",
            "font": _FONT,
            "margin": {"l": 44, "r": right, "t": 26, "b": 42},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "showlegend": False,
            "dragmode": "zoom",
            "hovermode": "x unified",
            "hoverlabel": {"bgcolor": palette.PAGE["card"].light, "bordercolor": HAIRLINE, "font": {"color": INK}},
            "xaxis": literal(xaxis),
            "yaxis": {**literal(yaxis), "title": {"text": ""}},
            "annotations": literal([{k: v for k, v in note.items() if k != "place"} for note in notes]),
            "meta": {
                "title": title,
                "finding": [glued(part)._asdict() if part.role else {"text": glued(part).text} for part in finding],
                "foot": foot,
                "n": n,
                **({"size": size} if size else {}),
                **({"places": places} if places else {}),
                **({} if traces else {"blank": True}),
                "axes": {"x": xaxis["title"]["text"], "y": yaxis["title"]["text"]},
            },
            **literal(layout),
        },
    )
