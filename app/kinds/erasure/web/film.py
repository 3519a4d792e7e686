"""The film of an erasure run over HTTP: what there is to see, single frames, whole films as files, exact values."""

import hashlib
import json
from typing import Annotated, Any, TypeAlias

import numpy as np
from fastapi import APIRouter, Depends, Header, Query
from starlette.responses import Response

from app.atlas import palettes
from app.contract.experiment import FieldError
from app.kinds.erasure.figures.trainings import two_level
from app.kinds.erasure.film import exports
from app.kinds.erasure.film.pictures import fixed_reach, picture
from app.kinds.erasure.film.reader import FilmReader, Index, film_reader
from app.kinds.erasure.film.strips import MEASURES, Strip, fate, strips
from app.kinds.erasure.key import ErasureKey
from app.kinds.erasure.web.film_models import (
    MAX_VALUES,
    Count,
    Film,
    FilmInfo,
    FrameInfo,
    OneFrame,
    StripInfo,
    WidthInfo,
    Window,
)
from app.store.errors import NotFound
from app.web.core.columns import CSV, Columns, attachment, csv_response, json_bytes
from app.web.core.context import StoreDep
from app.web.core.parameters import RunId
from app.web.core.problems import responses


def reader_of(store: StoreDep) -> FilmReader:
    """Return the frames of stored erasure runs, as this process has read them."""
    return film_reader(store)


FilmDep = Annotated[FilmReader, Depends(reader_of)]

router = APIRouter(tags=["film"])

KEPT_FOR_S = 7 * 86_400
IfNoneMatch: TypeAlias = Annotated[str | None, Header()]
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "Not modified."}}


@router.get("/runs/{run_id}/film", responses={**responses(404), **_UNCHANGED}, response_model=FilmInfo)
def get_film(
    run_id: RunId,
    film: FilmDep,
    replicate: Annotated[Count, Query()] = 0,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return every training of a replicate and the frames that it has saved so far."""
    index = film.index(run_id)
    if replicate >= index.spec.replicates:
        raise NotFound(f"this run has no replicate {replicate}; it has {index.spec.replicates}")
    headers = {"ETag": f'W/"{index.seq}-{replicate}"', "Cache-Control": "private, no-cache"}
    if _seen(headers, if_none_match):
        return Response(status_code=304, headers=headers)
    key = ("film", run_id, replicate, index.seq)
    body = film.cache.get(key, lambda: np.frombuffer(_index_json(film, index, replicate), np.uint8))
    return Response(body.tobytes(), media_type="application/json", headers=headers)


@router.get(
    "/runs/{run_id}/film/frame",
    response_class=Response,
    responses={
        **responses(404),
        **_UNCHANGED,
        200: {"description": "A picture.", "content": {"image/png": _BINARY}},
    },
)
def get_film_frame(
    run_id: RunId, query: Annotated[OneFrame, Query()], film: FilmDep, if_none_match: IfNoneMatch = None
) -> Response:
    """Return a PNG of one frame, which never changes; `X-Frame` has its size and where its colours end.

    A pixel that represents several entries shows the entry of largest magnitude.
    """
    still = film.still(run_id, query.replicate, query.cell, query.step)
    made_of = "|".join((still.init.id, still.base.id, still.delta.id, query.model_dump_json()))
    headers = {"ETag": _tag(made_of), "Cache-Control": f"private, max-age={KEPT_FOR_S}, immutable"}
    if _seen(headers, if_none_match):
        return Response(status_code=304, headers=headers)
    image = picture(film, still, query.show, query.scale, query.size, query.theme)
    headers["X-Frame"] = json.dumps({**image._asdict(), "png": None, "step": still.step})
    return Response(image.png, media_type="image/png", headers=headers)


@router.get(
    "/runs/{run_id}/film/export",
    response_class=Response,
    responses={
        **responses(404),
        **_UNCHANGED,
        200: {
            "description": "The film.",
            "content": {"image/webp": _BINARY, "image/gif": _BINARY, "image/png": _BINARY, CSV: {}},
        },
    },
)
def get_film_export(
    run_id: RunId, query: Annotated[Film, Query()], film: FilmDep, if_none_match: IfNoneMatch = None
) -> Response:
    """Return all frames that a training has so far: an animation, a strip of them in a row, or their numbers as CSV."""
    index = film.index(run_id)
    index.check(query.replicate, query.cell)
    strip = next(strip for strip in strips(film, index, query.replicate) if strip.cell == query.cell)
    stills = [index.still(query.replicate, query.cell, frame.step) for frame in strip.frames]
    if not stills:
        raise NotFound("this training has no frame yet")
    name = f"{run_id}-{query.file_name}"
    if query.format == "csv":
        return csv_response(_measured(strip), f"{name}.csv", bom=query.bom)
    made_of = "|".join((*(f"{still.init.id} {still.delta.id}" for still in stills), query.model_dump_json()))
    headers = {"ETag": _tag(made_of), "Cache-Control": "private, no-cache"}
    if _seen(headers, if_none_match):
        return Response(status_code=304, headers=headers)
    export = exports.film(film, stills, query.show, query.scale, query.size, query.theme, query.format)
    headers["Content-Disposition"] = attachment(f"{name}-{query.show}.{query.format}")
    return Response(export, media_type=exports.MEDIA_TYPES[query.format], headers=headers)


@router.get(
    "/runs/{run_id}/film/values",
    response_class=Response,
    responses={
        **responses(404),
        200: {"description": "Values.", "content": {CSV: {}, "application/json": {"schema": {"type": "object"}}}},
    },
)
def get_film_values(run_id: RunId, query: Annotated[Window, Query()], film: FilmDep) -> Response:
    """Return entries of W0, W and ΔW within a window of at most 65,536, row by row; ΔW is known to ± `resolution`."""
    still = film.still(run_id, query.replicate, query.cell, query.step)
    rows, columns = film.size(still)
    for name, low, high, end in (
        ("bottom", query.top, query.bottom, rows),
        ("right", query.left, query.right, columns),
    ):
        if not low < high <= end:
            raise FieldError(name, f"must lie between {low + 1} and the {end:,} of this matrix")
    if (query.bottom - query.top) * (query.right - query.left) > MAX_VALUES:
        raise FieldError("bottom", f"the window contains more than {MAX_VALUES:,} entries")
    part = slice(query.left, query.right)
    start = film.initial(still.init, query.top, query.bottom)[:, part].astype(float)
    moved = film.movement(still, query.top, query.bottom)[:, part].astype(float)
    values = {"initial": start, "weight": start + moved, "movement": moved}
    if query.format == "csv":
        down, across = np.mgrid[query.top : query.bottom, query.left : query.right]
        table = {"row": down, "column": across, **values}
        return csv_response(
            {key: array.reshape(-1) for key, array in table.items()},
            f"{run_id}-{query.file_name}-step{query.step}.csv",
            bom=query.bom,
        )
    shape = {"top": query.top, "left": query.left, "rows": start.shape[0], "columns": start.shape[1]}
    answer = {**shape, "resolution": still.scale / 2, **{key: array.reshape(-1) for key, array in values.items()}}
    return Response(json_bytes(answer), media_type="application/json")


def _index_json(film: FilmDep, index: Index, replicate: int) -> bytes:
    """Return the index as JSON; the cache keeps it for all viewers."""
    film_info = FilmInfo(
        seq=index.seq,
        replicate=replicate,
        replicates=index.spec.replicates,
        moments=list(index.spec.observed_steps()),
        two_level=two_level(index.run),
        widths=[
            WidthInfo(width=width, rows=rows, columns=columns, reach=_reach(film, index, replicate, width))
            for width in index.spec.widths
            for rows, columns in (index.spec.matrix(width),)
        ],
        colors={theme: list(stops) for theme, stops in palettes.DIVERGING.items()},
        cells=[_strip(strip, index) for strip in strips(film, index, replicate)],
    )
    return film_info.model_dump_json().encode()


def _reach(film: FilmDep, index: Index, replicate: int, width: int) -> float | None:
    base = index.inits.get((replicate, ErasureKey(width=width, image="picture")))
    return None if base is None else fixed_reach(film, base)


def _strip(strip: Strip, index: Index) -> StripInfo:
    ink = two_level(index.run)
    return StripInfo(
        **strip.cell._asdict(),
        label=strip.label,
        total_steps=index.spec.steps,
        state=strip.state,
        diverged_step=strip.diverged_step,
        frames=[
            FrameInfo(
                step=frame.step,
                fate=fate(frame.measures, two_level=ink),
                **{name: frame.measures.get(name) for name in MEASURES},
            )
            for frame in strip.frames
        ],
    )


def _measured(strip: Strip) -> Columns:
    columns: dict[str, list[Any]] = {"step": [frame.step for frame in strip.frames]}
    return {**columns, **{name: [frame.measures.get(name) for frame in strip.frames] for name in MEASURES}}


def _tag(made_of: str) -> str:
    return f'"{hashlib.sha256(made_of.encode()).hexdigest()[:20]}"'


def _seen(headers: dict[str, str], if_none_match: str | None) -> bool:
    return if_none_match is not None and headers["ETag"] in if_none_match
