"""One look for every figure: a branch, an optimizer and a format keeps its colour, dash and marker everywhere.

Colours are those of the light page. The browser recolours for the dark one by `meta.role` of a trace and `name` of an
annotation: a branch, an optimizer, a format, or one of "dense", "pruned", "soft" (secondary ink) and "heat" (a colour
scale).
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import plotly.graph_objects as go

from app.contract.events import WINNING_TICKET
from app.plotting.words import Part, glued

DENSE = "dense"
PRUNED = "pruned"
SOFT = "soft"
HEAT = "heat"


class Look(NamedTuple):
    """`label` stands at the curve, `phrase` in a sentence; `dash` and `symbol` tell curves apart without colour."""

    color: str
    dash: str
    symbol: str
    label: str
    phrase: str


BRANCHES: Mapping[str, Look] = {
    WINNING_TICKET: Look("#c98300", "solid", "circle", "winning ticket", "the ticket"),
    "reinit": Look("#2f6fb4", "7px,3px", "square", "random reinit", "the same mask with new weights"),
    "shuffled": Look("#8d6fb0", "2px,2.5px", "diamond", "shuffled mask", "a shuffled mask"),
    "random": Look("#8d6fb0", "8px,3px,2px,3px", "triangle-up", "random mask", "a random mask with new weights"),
    "magnitude_at_init": Look(
        "#9c2f5c", "12px,4px", "triangle-down", "magnitude at init", "pruning by initial magnitude"
    ),
}
"""Looks of the branches, in the order in which they are always told."""

# Families by colour: blue goes along the gradient, amber scales each entry, violet makes all singular values equal, red
# uses curvature, ink is what wraps another. Within a family dash and marker tell members apart.
OPTIMIZERS: Mapping[str, Look] = {
    "sgd": Look("#3578bd", "solid", "circle", "SGD", "SGD"),
    "momentum_sgd": Look("#2a68ab", "10px,3px", "triangle-up", "momentum SGD", "SGD with momentum"),
    "spectral_sgd": Look("#3d86cf", "6px,3px", "square", "spectral SGD", "spectral SGD"),
    "frobenius_sgd": Look("#5587bd", "2px,2.5px", "triangle-right", "Frobenius SGD", "Frobenius SGD"),
    "adam": Look("#b87700", "solid", "triangle-down", "Adam", "Adam"),
    "adamw": Look("#a06a12", "7px,3px", "pentagon", "AdamW", "AdamW"),
    "rmsprop": Look("#8a5a08", "2px,2.5px", "cross", "RMSprop", "RMSprop"),
    "lion": Look("#a87d3a", "8px,3px,2px,3px", "star", "Lion", "Lion"),
    "dualised": Look("#48187f", "solid", "diamond", "dualised", "dualised"),
    "muon": Look("#5f2f9c", "7px,3px", "hexagram", "Muon", "Muon"),
    "shampoo": Look("#9c2f5c", "solid", "x", "Shampoo", "Shampoo"),
    "soap": Look("#bb4a7c", "6px,3px", "bowtie", "SOAP", "SOAP"),
    "sam": Look("#1c1b22", "4px,2px", "hourglass", "SAM", "SAM"),
}
"""Looks of the optimizers, in the order in which they are always told."""

# The colours of families that are told apart by every eye; masked dense has that of dense, dashed.
FORMATS: Mapping[str, Look] = {
    "masked_dense": Look("#1c1b22", "5px,3px", "square", "masked dense", "masked dense"),
    "csr": Look("#3578bd", "solid", "circle", "CSR", "CSR"),
    "compacted": Look("#48187f", "7px,3px", "diamond", "compacted", "compacted"),
    "structured": Look("#b87700", "2px,2.5px", "triangle-up", "structured", "structured"),
    "semi_structured": Look("#9c2f5c", "12px,4px", "triangle-down", "2:4", "2:4 semi-structured"),
}
"""Looks of the formats that a sparse network is held in, in the order in which they are always told."""

LOOKS: Mapping[str, Look] = {
    **BRANCHES,
    **OPTIMIZERS,
    **FORMATS,
    DENSE: Look("#1c1b22", "solid", "circle", "dense", "the dense network"),
    PRUNED: Look("#68666f", "5px,3px", "square", "pruned next", "weights pruned next"),
    SOFT: Look("#68666f", "2px,3px", "circle", "", ""),
}

HAIRLINE = "#e6e3dc"
INK = "#1c1b22"
HEAT_SCALE = [[0.0, "#f2f0ea"], [0.35, "#e9c176"], [0.7, "#c98300"], [1.0, "#1c1b22"]]

_FONT = {"family": "Inter, system-ui, sans-serif", "size": 12, "color": "#68666f"}


POWERS = {"exponentformat": "power", "minexponent": 4}
"""Ticks of an axis whose values may have any size: × 10ⁿ, as in sentences, instead of k, M, B."""


def axis(title: str, **more: Any) -> dict[str, Any]:
    """An axis of hairlines; the unit belongs in its title, and it never moves the plot when its ticks change."""
    return {
        "title": {"text": title, "standoff": 8, "font": {"size": 12}},
        "gridcolor": HAIRLINE,
        "linecolor": HAIRLINE,
        "tickcolor": HAIRLINE,
        "zeroline": False,
        "automargin": False,
        **more,
    }


def warm() -> None:
    """Make Plotly read its schema, which costs the first figure of a process about a quarter of a second."""
    traces = [{"type": kind, "x": [0], "y": [0]} for kind in ("scatter", "heatmap", "bar")]
    empty = axis("")
    figure(traces, title="", finding=(), foot="", n=0, xaxis=empty, yaxis=empty, shapes=[{"type": "line"}],
           coloraxis={"colorbar": {"title": {"text": ""}}}).to_json(engine="orjson")  # fmt: skip


def note(text: str, *, role: str = SOFT, **place: Any) -> dict[str, Any]:
    """Words in the plot, in the colour of `role`."""
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
    """A figure without title, legend or template: the page sets title, finding and foot from `layout.meta`.

    `n` counts replicates; `right` is the margin in px that the labels at the curves' ends need, `size` that of the plot
    where it differs from the card's. The title of the y axis is written above it, so that it is read like the rest.
    """
    y_title = note(
        yaxis["title"]["text"], xref="paper", x=0, xanchor="left", xshift=-40, yref="paper", y=1, yanchor="bottom",
        yshift=5,
    )  # fmt: skip
    return go.Figure(
        data=[{"showlegend": False, **trace} for trace in traces],
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
            "hoverlabel": {"bgcolor": "#ffffff", "bordercolor": HAIRLINE, "font": {"color": INK}},
            "xaxis": xaxis,
            "yaxis": {**yaxis, "title": {"text": ""}},
            "annotations": [y_title, *annotations],
            "meta": {
                "title": title,
                "finding": [glued(part)._asdict() if part.branch else {"text": glued(part).text} for part in finding],
                "foot": foot,
                "n": n,
                **({"size": size} if size else {}),
                "axes": {"x": xaxis["title"]["text"], "y": yaxis["title"]["text"]},
            },
            **layout,
        },
    )
