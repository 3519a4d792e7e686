"""Whether a figure says what its bands, bars and ± are, and of how many replicates."""

import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.cases.numbers import numbers

# What the foot has to say of each mark.
NAMED = {
    "band": r"band = (min to max|standard deviation|95 % interval)",
    "bars": r"bars = (min to max|standard deviation|95 % interval)",
    "chance": r"95 % of",
    "±": r"± (standard deviation|standard error|95 % interval)",
}
_REPLICATES = re.compile(r"n = (\d+ to )?([2-9]|\d\d+) replicates|n = [\d, to]+ replicates")


def marks(figure: dict[str, Any]) -> set[str]:
    """The spreads that a figure draws or writes; a band without width is none."""
    marks = set(_drawn(figure["data"]))
    words = [part["text"] for part in figure["layout"]["meta"]["finding"]]
    words += [note["text"] for note in figure["layout"].get("annotations", ())]
    if any("±" in text for text in words) or "±" in json.dumps(figure["data"], ensure_ascii=False):
        marks.add("±")
    return marks


def _drawn(traces: list[dict[str, Any]]) -> Iterator[str]:
    before: dict[str, Any] = {}
    for trace in traces:
        part = trace["meta"].get("part")
        if trace.get("fill") == "tonexty":
            low, high = numbers(before["y"]), numbers(trace["y"])
            if len(low) != len(high) or np.any(high > low):
                yield "band" if part == "band" else "chance"
        elif part == "band" and trace.get("fill") is None and trace["line"].get("width", 1) > 0:
            yield "chance"  # the edges of a null interval, drawn as lines
        for axis in ("error_x", "error_y"):
            bars = trace.get(axis, {})
            ends = [numbers(bars[name]) for name in ("array", "arrayminus") if name in bars]
            if bars.get("visible", True) and any(np.any(end > 0) for end in ends):
                yield "bars"
        before = trace


def unsaid(figure: dict[str, Any]) -> list[str]:
    """What a figure leaves open about its spreads, in words."""
    foot = figure["layout"]["meta"]["foot"].replace("\u00a0", " ")
    found = marks(figure)
    wrong = [f"{mark} is not named in the foot" for mark in sorted(found) if not re.search(NAMED[mark], foot)]
    if found - {"chance"} and not _REPLICATES.search(foot):
        wrong.append("n of the spread is not in the foot")
    return wrong
