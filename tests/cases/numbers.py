"""Whether the numbers of a figure's sentence are those that it draws, or those of its table."""

import csv
import io
import re
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterable, Iterator
from statistics import fmean, stdev
from typing import Any, NamedTuple

import numpy as np

from app.contract.events import WINNING_TICKET
from app.plotting.style import DENSE
from tests.cases.derived import DERIVED

TYPES = {"f8": "<f8", "f4": "<f4", "i4": "<i4", "i2": "<i2", "i1": "<i1", "u1": "u1", "u2": "<u2", "u4": "<u4"}
# What says which row it is; all other columns are measured.
KEYS = {
    "control", "level", "draw", "step", "layer", "optimizer", "lr", "picture", "width", "batch_size", "format", "share",
    "initial_magnitude", "null", "density", "log10_size", "a", "b", "kept_from", "kept_to", "channel", "row", "column",
    "ticket", "refused",
}  # fmt: skip
# Numbers of a row that do not say that its replicate was measured.
_COUNTED = {"replicate", "weights", "csr", "censored_trainings_at_level"}
NAMES = {"control", "optimizer", "format"}
_NUMBER = re.compile(
    r"(?<![\w.,:×])(<?)([−-]?\d[\d,]*(?:\.\d+)?)( %|(?: (?=± <?[\d.]+ %))|×(?!\d)| [kMG]B)?(?![\w:]|×\d|\.\w)"
)
_POWERS = re.compile(r"\(?(\d+\.\d+)(?: ± (<?)(\d+\.\d+)\))? × 10([⁻⁰¹²³⁴-⁹]+)")
_SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_UNITS = {" kB": 1e3, " MB": 1e6, " GB": 1e9}


class Said(NamedTuple):
    """A number of a sentence: between `low` and `high`; `share` where a per cent sign follows, `control` its colour."""

    text: str
    low: float
    high: float
    share: bool
    control: str | None


def said(finding: Iterable[dict[str, str]], names: Iterable[str] = ()) -> Iterator[Said]:
    """Every number of a finding; those in `names`, such as a processor's, are none."""
    for part in finding:
        text = part["text"].replace("\u00a0", " ")
        for name in names:
            text = text.replace(name, " ")
        # Intervals are named by their level, and no number of the run's.
        text = re.sub(r"95 %(?= interval)|where 0 is chance and 1 is nested|2:4", " ", text)
        for middle, less, spread, power in _POWERS.findall(text):
            scale = 10.0 ** int(power.translate(_SUPERSCRIPTS))
            for bound, written in (("", middle), (less, spread)):
                if written:
                    yield _said(written, bound, scale, False, part.get("role"))
        for less, written, unit in _NUMBER.findall(_POWERS.sub(" ", text)):
            yield _said(written, less, _UNITS.get(unit, 1.0), unit in (" %", " "), part.get("role"))


def _said(written: str, less: str, scale: float, share: bool, control: str | None) -> Said:
    plain = written.replace("−", "-").replace(",", "")
    value, half = float(plain), 0.5 * 10.0 ** -len(plain.partition(".")[2]) * (1 + 1e-6) + 1e-9
    # Of 20 digits a double holds 16.
    half += 1e-12 * abs(value)
    low, high = (0.0, value) if less else (value - half, value + half)
    return Said(f"{less}{written}", scale * low, scale * high, share, control)


def rows_of(table: str) -> list[dict[str, Any]]:
    """The rows of a CSV, numbers as such; empty cells are left out."""
    return [{name: _cell(cell) for name, cell in row.items() if cell} for row in csv.DictReader(io.StringIO(table))]


def _cell(cell: str) -> Any:
    try:
        return float(cell)
    except ValueError:
        return cell


def numbers(values: Any) -> np.ndarray:
    """The numbers of a trace's attribute, as sent: a list, or bytes in base64."""
    if isinstance(values, dict):
        array = np.frombuffer(b64decode(values["bdata"]), TYPES[values["dtype"]]).astype(float)
    else:
        flat = [item for row in values for item in (row if isinstance(row, list) else [row])]
        array = np.array([item for item in flat if isinstance(item, int | float)], dtype=float)
    finite: np.ndarray = array[np.isfinite(array)]
    return finite


def drawn(figure: dict[str, Any], control: str | None = None) -> np.ndarray:
    """Every number that a figure draws, or all in the colour of a control."""
    parts = [
        numbers(trace[axis])
        for trace in figure["data"]
        for axis in ("x", "y", "z")
        if trace.get(axis) is not None and control in (None, trace["meta"]["role"])
    ]
    return np.concatenate([*parts, np.zeros(0)])


def tabled(rows: list[dict[str, Any]], control: str | None = None) -> np.ndarray:
    """The numbers of a table, and means and standard deviations of what it measured, over replicates and draws."""
    mine = [row for row in rows if control is None or _of(row, control)]
    groups: dict[tuple[Any, ...], list[float]] = defaultdict(list)
    found: list[float] = []
    for row in mine:
        found += [value for value in row.values() if isinstance(value, float)]
        keys = tuple((name, row[name]) for name in sorted(KEYS & row.keys()))
        replicates = row.get("replicate")
        for name, value in row.items():
            if name not in KEYS and name != "replicate" and isinstance(value, float):
                groups[*keys, ("column", name)].append(value)
                without = tuple(key for key in keys if key[0] != "draw")
                groups[*without, ("column", name), ("drawn by", replicates)].append(value)
    found += [value for values in groups.values() for value in _spread(values)]
    # Draws are averaged within their replicate first.
    by_replicate: dict[tuple[Any, ...], list[float]] = defaultdict(list)
    for keys, values in groups.items():
        if keys and keys[-1][0] == "drawn by":
            by_replicate[keys[:-1]].append(fmean(values))
    found += [value for values in by_replicate.values() for value in _spread(values)]
    return np.array(found, dtype=float)


def _spread(values: list[float]) -> tuple[float, ...]:
    return (fmean(values), stdev(values)) if len(values) > 1 else (fmean(values),)


def _of(row: dict[str, Any], control: str) -> bool:
    if control == DENSE:
        return row.get("control") == WINNING_TICKET and row.get("level") == 0
    return any(row.get(name) == control for name in NAMES)


def faults(name: str, figure: dict[str, Any], table: str, asked: Iterable[float], names: Iterable[str]) -> list[str]:
    """What a figure says that it does not show: numbers of its sentence, and n.

    A number in the colour of a control must be one of that control's. Besides what is drawn and in the table, a
    sentence may name what was `asked` for, such as steps, and what `DERIVED` works out of the table for figures of
    that name.
    """
    meta, rows = figure["layout"]["meta"], rows_of(table)
    more, why = DERIVED.get(name, (None, ""))
    worked_out = np.array(list(more(rows)) if more and rows else [], dtype=float)
    faults = []
    for number in said(meta["finding"], names):
        own = number.control is not None and any(_of(row, number.control) for row in rows)
        colour = number.control if own else None
        shown, measured = drawn(figure, colour), tabled(rows, colour)
        pool = [shown, 100 * measured if number.share else measured]
        pool += [100 * worked_out if number.share else worked_out]
        pool += [] if number.share or number.control else [np.array(list(asked), dtype=float)]
        values = np.concatenate(pool)
        if not ((number.low <= values) & (values <= number.high)).any():
            faults.append(f"{number.text} is nowhere in figure or table{f' ({why})' if why else ''}")
    faults += _n_faults(meta, rows)
    return faults


def _n_faults(meta: dict[str, Any], rows: list[dict[str, Any]]) -> list[str]:
    if rows and "replicates" in rows[0]:
        n = int(max(row["replicates"] for row in rows))
    elif any("replicate" in row for row in rows):
        measured = [row for row in rows if not (row.get("refused") or row.get("diverged_step"))]
        values = [row for row in measured if any(_measures(row, name) for name in row)]
        n = len({row["replicate"] for row in values})
    else:
        return []
    wrong = [f"n is {meta['n']}, the table has {n} replicates"] if n != meta["n"] else []
    hit = re.match(r"n = (?:\d+ to )?(\d+)", meta["foot"])
    if hit and int(hit[1]) != n:
        wrong.append(f"the foot says {hit[0]}, the table has {n} replicates")
    return wrong


def _measures(row: dict[str, Any], name: str) -> bool:
    return name not in KEYS and name not in _COUNTED and isinstance(row[name], float)
