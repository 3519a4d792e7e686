"""Which fields of a sweep decide, with how uncertain that is."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from app.contract.words import plural
from app.plotting.style import LOOKS, axis, figure
from app.plotting.sweep.best_so_far import BEST
from app.plotting.sweep.data import SweepData, SweepEntry
from app.plotting.words import Part
from app.sweeps.importance import LEAST, STEP, Importance, importances


def missing(data: SweepData) -> list[Part]:
    """Return why nothing can be computed: which runs are still needed; empty where it can be."""
    if len(data.columns) < 2:
        return [Part("With one field there is nothing to weigh against it.")]
    n, size = len(data.members), max(data.plan.size(), data.started)
    if n >= LEAST:
        return []
    words = f"Needs {LEAST} runs with a value: {n} so far, {LEAST - n} missing."
    if size < LEAST:
        return [Part(f"{words} This sweep has {plural(size, 'run')} at most: extend it to see this figure.")]
    return [Part(words if data.live else f"{words} No more of them run.")]


def pending(data: SweepData) -> list[Part]:
    """Return the words of a page until the figure is computed."""
    return missing(data) or [Part(f"Computing from {len(data.members)} runs: a few seconds.")]


def of(data: SweepData) -> tuple[int, tuple[Importance, ...]]:
    """Return how many members are looked at, and the importance of each field."""
    n = len(data.members)
    if data.live and n > LEAST:
        n -= n % STEP
    members = list(zip((member.values for member in data.members[:n]), data.values[:n], strict=True))
    return n, importances(data.plan, members, maximise=data.looked.maximise)


def finding(data: SweepData, shares: Sequence[Importance]) -> list[Part]:
    """Return the field that decides most, or why none is named."""
    if reason := missing(data):
        return reason
    if not shares:
        return [Part("All runs have the same value.")]
    first, second = shares[0], shares[1]
    named = {column.path: column.label for column in data.columns}
    share = [Part(f"{named[first.path]} "), Part(_percent(first.share), BEST),
             Part(f" (90 % interval {_percent(first.low)} to {_percent(first.high)})")]  # fmt: skip
    if first.low > second.high:
        return [Part("Decides most: "), *share, Part(".")]
    return [Part("Largest share: "), *share, Part(f"; the interval of {named[second.path]} overlaps with it.")]


def draw(data: SweepData, _field: str = "") -> go.Figure:
    """Return the figure: a point with its interval for each field, the largest on top."""
    n, shares = of(data)
    named = {column.path: column.label for column in data.columns}
    shown = list(reversed(shares))
    traces: list[dict[str, Any]] = []
    above, below = [100 * (item.high - item.share) for item in shown], [100 * (item.share - item.low) for item in shown]
    if shown:
        traces = [
            {"type": "scatter", "mode": "markers", "name": "importance", "x": [100 * item.share for item in shown],
             "y": list(range(len(shown))),
             "error_x": {"type": "data", "symmetric": False, "array": above, "arrayminus": below, "thickness": 2,
                         "width": 5, "color": LOOKS[BEST].color},
             "text": [f"{named[item.path]}: {_percent(item.share)}<br>90 % of resamples {_percent(item.low)} to "
                      f"{_percent(item.high)}" for item in shown],
             "hovertemplate": "%{text}<extra></extra>",
             "marker": {"symbol": "circle", "size": 9, "color": LOOKS[BEST].color},
             "meta": {"role": BEST, "part": "importance"}}
        ]  # fmt: skip
    early = f"; {plural(data.stopped, 'run')} stopped early not counted" if data.stopped else ""
    chosen = "; adaptive search tries mostly where it is good, and this holds there" if data.chosen else ""
    return figure(
        traces,
        title="Importance of the fields",
        finding=finding(data, shares),
        foot=f"n = {n} runs · share in what sets the best quarter apart (PED-ANOVA) · bar = 90 % of 40 resamples"
        f"{chosen}{early}",
        n=n,
        xaxis=axis("importance (%)", range=[-2, 102]),
        yaxis=axis("", tickvals=list(range(len(shown))), ticktext=[named[item.path] for item in shown],
                   range=[-0.6, max(len(shown), 1) - 0.4], showgrid=False, automargin=True),
        hovermode="closest",
    )  # fmt: skip


def table(data: SweepData, _field: str = "") -> dict[str, list[Any]]:
    """Return a row per field: its share and the interval, in [0, 1]."""
    n, shares = of(data)
    return {
        "field": [item.path for item in shares],
        "importance": [item.share for item in shares],
        "low": [item.low for item in shares],
        "high": [item.high for item in shares],
        "n": [n] * len(shares),
    }


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


ENTRY = SweepEntry("importance", "Importance of the fields", "Which fields decide whether a run is among the best?",
                   draw, table, pending=pending, missing=missing)  # fmt: skip
