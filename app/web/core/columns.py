"""Columns of numbers on the wire: as JSON or CSV."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal, TypeAlias

import numpy as np
import orjson
from fastapi import Query
from starlette.responses import Response

from app.plotting.entry import to_csv
from app.records import Series
from app.web.core.accept import best

JSON: Final = "application/json"
CSV: Final = "text/csv"

Format: TypeAlias = Literal["json", "csv"]
BOM: Final = "CSV begins with a byte order mark, by which Excel knows UTF-8; without effect on anything else."
Bom: TypeAlias = Annotated[bool, Query(description=BOM)]
Columns: TypeAlias = Mapping[str, Iterable[Any]]


def wants_csv(accept: str, form: Format | None) -> bool:
    """Return whether to answer CSV: `form` decides, and without it the `Accept` header."""
    return form == "csv" if form else best(accept, (JSON, CSV)) == CSV


def json_bytes(document: Mapping[str, Any]) -> bytes:
    """Return JSON in which NaN and infinities are null; NumPy arrays become lists."""
    return orjson.dumps(document, default=_plain, option=orjson.OPT_SERIALIZE_NUMPY)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):  # of strings, or not contiguous
        return value.tolist()
    raise TypeError(f"cannot write {type(value).__name__}")


def csv_response(columns: Columns, filename: str, *, bom: bool = False) -> Response:
    """Return a CSV file to save as `filename`: a header and a line per row, NaN left empty."""
    plain = {
        name: column.tolist() if isinstance(column, np.ndarray) else list(column) for name, column in columns.items()
    }
    body = csv_bytes(to_csv(plain), bom=bom)
    return Response(body, media_type=CSV, headers={"Content-Disposition": attachment(filename)})


def csv_bytes(text: str, *, bom: bool) -> bytes:
    """Return CSV in UTF-8, after a byte order mark if requested."""
    return text.encode("utf-8-sig" if bom else "utf-8")


def attachment(filename: str) -> str:
    """Return the Content-Disposition that saves as `filename`, of which only plain characters are kept."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in filename)
    return f'attachment; filename="{plain}"'


def of_series(series: Series) -> dict[str, Any]:
    """Return all columns of a series: replicate and coordinates first, then what was measured."""
    return dict(series.columns)


def of_metric(series: Series, metric: str) -> dict[str, Any]:
    """Return one measured column as `value`, with its step (where the series has one) replicate and coordinates."""
    steps: Sequence[str] = [name for name in ("step", "steps") if name in series.columns]
    columns = {"step": series[steps[0]]} if steps else {}
    columns["value"] = series[metric]
    for name in ("replicate", *series.coordinates, "layer"):
        if name in series.columns:
            columns[name] = series[name]
    return columns
