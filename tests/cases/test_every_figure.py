"""Every figure of every run in every state: the numbers of its sentence are in its data, and those are in its table."""

import csv
import io
import re
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from app.figures import FIGURES
from tests.cases.conftest import Cases

CASES = (
    "collapse", "diverge", "one replicate", "replicates", "erasure", "stable rank", "imported", "many layers",
    "hardware", "hardware of a collapsed ticket", "cancelled", "running",
)  # fmt: skip
TYPES = {"f8": "<f8", "f4": "<f4", "i4": "<i4", "i2": "<i2", "i1": "<i1", "u1": "u1", "u2": "<u2", "u4": "<u4"}


def numbers(values: Any) -> np.ndarray:
    """The numbers of a trace's attribute, as sent: a list, or bytes in base64."""
    if isinstance(values, dict):
        found = np.frombuffer(b64decode(values["bdata"]), TYPES[values["dtype"]]).astype(float)
    else:
        flat = [each for row in values for each in (row if isinstance(row, list) else [row])]
        found = np.array([each for each in flat if isinstance(each, int | float)], dtype=float)
    finite: np.ndarray = found[np.isfinite(found)]
    return finite


def drawn(figure: dict[str, Any]) -> np.ndarray:
    """Every number that a figure draws."""
    parts = [
        numbers(trace[axis]) for trace in figure["data"] for axis in ("x", "y", "z") if trace.get(axis) is not None
    ]
    return np.concatenate([*parts, np.zeros(0)])


def options(name: str, kind_levels: int) -> Iterator[dict[str, Any]]:
    """The figure as it comes, and at every level where it can be asked for one."""
    yield {}
    if "level" in FIGURES[name].options.model_fields:
        yield from ({"level": level} for level in range(min(kind_levels, 4) + 1))


def percents(figure: dict[str, Any]) -> list[tuple[float, int]]:
    """Coloured percentages of the sentence, with their decimals: those that stand for a curve."""
    found = []
    for part in figure["layout"]["meta"]["finding"]:
        text = part["text"].replace("\u00a0", " ")
        if part.get("branch") and (match := re.fullmatch(r"(\d+(?:\.(\d+))?) %", text)):
            found.append((float(match[1]), len(match[2] or "")))
    return found


@pytest.mark.parametrize("case", CASES)
def test_sentence_figure_and_table_agree(cases: Cases, case: str) -> None:
    run = cases.client.get(f"/api/v1/runs/{cases.ids[case]}").json()
    entries = [entry for entry in FIGURES.values() if run["kind"] in entry.kinds]
    assert entries
    for entry in entries:
        for chosen in options(entry.name, run["spec"].get("levels", 0)):
            where = f"{entry.name} {chosen}"
            figure = cases.figure(case, entry.name, **chosen)
            meta = figure["layout"]["meta"]
            sentence = "".join(part["text"] for part in meta["finding"])
            assert sentence.strip().endswith("."), where
            assert "nan" not in f"{sentence} {meta['foot']}".lower().split(), where
            address = f"/api/v1/runs/{run['id']}/figures/{entry.name}"
            answer = cases.client.get(address, params={**chosen, "format": "csv"})
            assert answer.status_code == 200, where
            rows = list(csv.DictReader(io.StringIO(answer.text)))
            values = drawn(figure)
            # A sentence speaks of n replicates, as the foot and the table do.
            if meta["n"]:
                assert rows, where
                if "replicate" in rows[0]:
                    replicates = {row["replicate"] for row in rows}
                    assert meta["n"] <= len(replicates), (where, meta["n"], replicates)
            elif "replicate" in (rows[0] if rows else {}):
                measured = [row for row in rows if not (row.get("refused") or row.get("diverged_step"))]
                assert case in ("running", "many layers", "imported") or not measured, where
            for value, decimals in percents(figure):
                near = 0.5 * 10.0**-decimals + 1e-6
                shown = np.concatenate([values, 100 * values])
                assert (np.abs(shown - value) <= near).any() or case == "running", (where, value, sentence)
