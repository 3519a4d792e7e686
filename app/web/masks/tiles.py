"""The mask atlas over HTTP: pictures of viewports, exact values of weights, single units, and what there is to see."""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Header, Query, Request
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.atlas import palettes
from app.atlas.cells import MAX_CELLS, Cells, cells
from app.atlas.colorings import Color, Legend, available, legend
from app.atlas.orders import Order
from app.atlas.palettes import Theme
from app.atlas.reader import Index
from app.atlas.tiles import MAX_SIDE, OutOfRange, View, tile
from app.atlas.units import picture_of, unit
from app.contract.events import WINNING_TICKET
from app.contract.tickets import TicketRef
from app.web.core.columns import BOM, Format, csv_response, json_bytes, wants_csv
from app.web.core.context import ReaderDep, StoreDep
from app.web.core.parameters import RunId
from app.web.core.problems import responses
from app.web.masks.partners import LayerName, number_of, second_layer

router = APIRouter(tags=["masks"])

MOST_IN_CSV = 200_000
KEPT_FOR_S = 7 * 86_400
_PNG = {"description": "A picture.", "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}


class Ticket(BaseModel):
    """Query parameters that name one mask of a run."""

    model_config = ConfigDict(extra="forbid")

    replicate: int = Field(0, ge=0, le=10_000)
    level: int = Field(0, ge=0, le=10_000)
    control: str = Field(WINNING_TICKET, max_length=40)
    draw: int = Field(0, ge=0, le=10_000)

    def ref(self, run_id: str) -> TicketRef:
        """Return the ticket of that run."""
        return TicketRef(run_id, self.replicate, self.level, self.control, self.draw)


class Viewport(Ticket):
    """Query parameters of a part of a matrix: rows `top` to `bottom`, columns `left` to `right`, in the order shown."""

    top: int = Field(0, description="First row.")
    bottom: int = Field(..., description="One past the last row.")
    left: int = Field(0, description="First column.")
    right: int = Field(..., description="One past the last column.")
    rows: Order = Field("natural", description="Order of the rows.")
    columns: Order = Field("natural", description="Order of the columns.")
    order_of: str = Field("", max_length=80, description="Ticket whose order of units is used; empty: its own.")
    pairing: str = Field("", max_length=8_000, description="Which layers of two runs belong together: a:b:0-2-1.")

    def view(self, width: int = 1, height: int = 1) -> View:
        """Return the viewport for a place of that many pixels."""
        return View(self.top, self.bottom, self.left, self.right, width, height)


class Picture(Viewport):
    """Query parameters of a picture; `other` is the ticket to show the difference to, or that shares the scale."""

    color: Color = "mask"
    other: str = Field("", max_length=80, description="Address of B, such as 06f3k2m9qa:0:5.")
    width: int = Field(1000, description=f"Pixels to fill, up to {MAX_SIDE}.")
    height: int = Field(640, description=f"Pixels to fill, up to {MAX_SIDE}.")
    theme: Theme = "light"
    v: str = Field("", max_length=40, description="The `seq` of the run, if known: then the answer may be cached.")


class Values(Viewport):
    """Query parameters of exact values."""

    format: Format | None = None
    bom: bool = Field(False, description=BOM)


class LayerInfo(BaseModel):
    """A prunable layer: `rows` output units by `columns` inputs; a convolution's columns are channels × kernel.

    `picture` gives how the columns form pictures `[n, height, width]`, None where they do not; `assumed` when that is a
    guess from their number.
    """

    name: str
    shape: list[int]
    rows: int
    columns: int
    kernel: list[int]
    picture: list[int] | None
    assumed: bool


class Masks(BaseModel):
    """The masks of a run: `counts` are columns replicate, level, layer, kept, dead_inputs, dead_units.

    `tickets` are the addresses of all masks within the run, without its id.
    """

    seq: int
    layers: list[LayerInfo]
    tickets: list[str]
    counts: dict[str, list[float | None]]


@router.get("/runs/{run_id}/masks", responses=responses(404))
def get_masks(run_id: RunId, store: StoreDep, reader: ReaderDep) -> Masks:
    """Return the layers of a run and the masks saved so far."""
    index = reader.index(run_id)
    rows = store.series(run_id, "layers").tickets
    names = ("replicate", "level", "layer", "kept", "dead_inputs", "dead_units")
    return Masks(
        seq=index.seq,
        layers=[_layer(index, i) for i in range(len(index.layers))],
        tickets=[str(ref).partition(":")[2] for ref in index.tickets],
        counts={name: _plain(rows.columns[name]) for name in names if name in rows.columns},
    )


@router.get("/runs/{run_id}/masks/{layer}/legend", responses=responses(404))
def get_legend(
    run_id: RunId, layer: LayerName, query: Annotated[Ticket, Query()], reader: ReaderDep
) -> dict[str, dict[str, Any]]:
    """Return what the layer can be coloured by under that ticket, and what each colouring means."""
    ref, number = query.ref(run_id), number_of(reader, run_id, layer)
    return {color: _legend(legend(reader, ref, number, color)) for color in available(reader, ref, number)}


@router.get(
    "/runs/{run_id}/masks/{layer}/tile",
    response_class=Response,
    responses={**responses(404), 200: _PNG, 304: {"description": "Not modified."}},
)
def get_tile(
    run_id: RunId,
    layer: LayerName,
    query: Annotated[Picture, Query()],
    reader: ReaderDep,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Return a PNG of a viewport, no larger than requested; the header `X-Tile` gives viewport and colours."""
    ref, number = query.ref(run_id), number_of(reader, run_id, layer)
    index = reader.index(run_id)
    other, ordered_by = (
        second_layer(reader, ref, number, address, query.pairing, field)
        for address, field in ((query.other, "other"), (query.order_of, "order_of"))
    )
    seqs = [str(reader.index(item.ref.run).seq) for item in (other, ordered_by) if item]
    # What `v` does not know of may change: masks of another run.
    kept = query.v == str(index.seq) and all(item.ref.run == run_id for item in (other, ordered_by) if item)
    # All that the picture is drawn from: other saved masks may change what the levels and the replicates look like.
    made_of = (str(index.seq), *seqs, layer, query.model_dump_json(exclude={"v"}))
    headers = {
        "ETag": f'"{hashlib.sha256("|".join(made_of).encode()).hexdigest()[:20]}"',
        "Cache-Control": f"private, max-age={KEPT_FOR_S}, immutable" if kept else "private, no-cache",
    }
    if if_none_match is not None and headers["ETag"] in if_none_match:
        return Response(status_code=304, headers=headers)
    try:
        picture_tile = tile(
            reader, ref, number, query.color, query.view(query.width, query.height), rows=query.rows,
            columns=query.columns, other=other, ordered_by=ordered_by, theme=query.theme,
        )  # fmt: skip
    except OutOfRange as error:
        raise HTTPException(400, str(error)) from error
    answer = {**picture_tile._asdict(), "png": None, "legend": _legend(legend(reader, ref, number, query.color, other))}
    return Response(picture_tile.png, media_type="image/png", headers={**headers, "X-Tile": json.dumps(answer)})


@router.get("/runs/{run_id}/masks/{layer}/values", responses=responses(404), response_model=None)
def get_values(
    request: Request,
    run_id: RunId,
    layer: LayerName,
    query: Annotated[Values, Query()],
    reader: ReaderDep,
) -> Response | dict[str, Any]:
    """Return the exact values of the weights of a viewport, in the order shown: CSV, or arrays as base64."""
    ref, number = query.ref(run_id), number_of(reader, run_id, layer)
    csv = wants_csv(request.headers.get("accept", ""), query.format)
    try:
        grid = cells(
            reader, ref, number, query.view(), rows=query.rows, columns=query.columns,
            ordered_by=second_layer(reader, ref, number, query.order_of, query.pairing, "order_of"),
            limit=MOST_IN_CSV if csv else MAX_CELLS,
        )  # fmt: skip
    except OutOfRange as error:
        raise HTTPException(400, str(error)) from error
    if csv:
        name = f"{run_id}-r{ref.replicate}-l{ref.level}-{layer}-{query.top}-{query.left}.csv"
        return csv_response(_columns(grid, reader.index(run_id).layers[number].kernel), name, bom=query.bom)
    answer = {name: _typed(array) for name, array in grid._asdict().items()}
    return Response(json_bytes(answer), media_type="application/json")


@router.get("/runs/{run_id}/masks/{layer}/units/{number}", responses=responses(404), response_model=None)
def get_unit(
    run_id: RunId,
    layer: LayerName,
    number: int,
    query: Annotated[Ticket, Query()],
    reader: ReaderDep,
) -> Response:
    """Return one output unit: its degrees, its incoming weights, and the kept paths from it to later layers."""
    try:
        weights = unit(reader, query.ref(run_id), number_of(reader, run_id, layer), number)
    except OutOfRange as error:
        raise HTTPException(400, str(error)) from error
    answer: dict[str, Any] = {
        **weights._asdict(),
        "kept": _typed(weights.kept),
        "start": _typed(weights.start),
        "end": _typed(weights.end),
        "reached": [{"layer": name, "paths": reach.tolist()} for name, reach in weights.reached],
    }
    return Response(json_bytes(answer), media_type="application/json")


def _layer(index: Index, number: int) -> LayerInfo:
    layer = index.layers[number]
    picture, assumed = picture_of(index, number)
    rows, columns = layer.size
    return LayerInfo(
        name=layer.name, shape=list(layer.shape), rows=rows, columns=columns, kernel=list(layer.kernel),
        picture=list(picture) if picture else None, assumed=assumed,
    )  # fmt: skip


def _legend(shown: Legend) -> dict[str, Any]:
    stops: Mapping[Theme, palettes.Stops]
    if shown.kind == "signed":
        stops = palettes.DIVERGING
    elif shown.kind == "sides":
        stops = palettes.SIDES
    elif shown.kind == "levels":
        stops = {theme: (palettes.PAPER[theme], *palettes.SEQUENTIAL[theme]) for theme in palettes.PAPER}
    else:
        stops = palettes.SEQUENTIAL
    return {**shown._asdict(), "colors": {theme: list(stops[theme]) for theme in stops}, "paper": palettes.PAPER}


def _typed(array: NDArray[Any]) -> dict[str, Any]:
    """Return an array as Plotly reads it: little-endian bytes in base64, with dtype and shape."""
    if array.dtype == np.intp:
        array = array.astype(np.int32)
    kind = array.dtype.newbyteorder("<")
    return {
        "dtype": kind.str.lstrip("<|"),
        "shape": ", ".join(map(str, array.shape)),
        "bdata": base64.b64encode(array.astype(kind).tobytes()).decode(),
    }


def _plain(column: NDArray[Any]) -> list[float | None]:
    return [None if value != value else value for value in column.tolist()]


def _columns(cells: Cells, kernel: tuple[int, ...]) -> dict[str, NDArray[Any]]:
    rows, columns = np.meshgrid(cells.rows, cells.columns, indexing="ij")
    inside = int(np.prod(kernel))
    table: dict[str, NDArray[Any]] = {"unit": rows, "input": columns // inside}
    if kernel:
        table |= dict(zip(("kernel_row", "kernel_column"), np.unravel_index(columns % inside, kernel), strict=False))
    table |= {
        "kept": cells.kept, "death_level": cells.death, "initial": cells.start, "trained": cells.end,
        "movement": cells.end - cells.start, "replicates": cells.replicates,
    }  # fmt: skip
    return {name: array.reshape(-1) for name, array in table.items()}
