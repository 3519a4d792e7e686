"""What a run saved: its artifacts as they are, and its tickets as files for PyTorch."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Response
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from app.contract.tickets import TicketRef
from app.records import ArtifactRef
from app.store.errors import NotFound
from app.web.core.columns import attachment
from app.web.core.context import ReaderDep, StoreDep
from app.web.core.parameters import RunId
from app.web.core.problems import responses
from app.web.run.tickets import ticket_file

router = APIRouter(tags=["artifacts"])

SAFETENSORS = "application/octet-stream"
_BYTES = {"description": "The bytes.", "content": {SAFETENSORS: {"schema": {"type": "string", "format": "binary"}}}}
_SUFFIXES = {"image/png": ".png", "application/json": ".json"}


class Artifacts(BaseModel):
    """All artifacts of a run."""

    items: list[ArtifactRef]
    next: None = None


@router.get("/runs/{run_id}/artifacts", responses=responses(404))
def list_artifacts(run_id: RunId, store: StoreDep) -> Artifacts:
    """Return what the run has saved so far, by replicate."""
    return Artifacts(items=store.artifacts(run_id))


@router.get(
    "/artifacts/{artifact_id}",
    response_class=Response,
    responses={**responses(404), 200: _BYTES, 304: {"description": "Not modified."}},
)
def get_artifact(
    artifact_id: Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="SHA-256 of the bytes.")],
    store: StoreDep,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Return the bytes of an artifact, checked against their hash: a file to save, never a page to show."""
    ref = store.artifact(artifact_id)
    headers = {"ETag": f'"{ref.id}"', "Cache-Control": "private, max-age=31536000, immutable"}
    if if_none_match is not None and headers["ETag"] in if_none_match:
        return Response(status_code=304, headers=headers)
    try:
        store.artifacts_store.check(ref.id)
    except FileNotFoundError:
        raise NotFound(f"the bytes of artifact {ref.id} are no longer in the artifact store") from None
    training = "-".join(f"{name}-{value}" for name, value in ref.key.items() if value is not None)
    place = f"{ref.run_id}-r{ref.replicate}-{training}-{ref.name}"
    headers["Content-Disposition"] = attachment(place + _SUFFIXES.get(ref.media_type, ".safetensors"))
    headers["Content-Length"] = str(ref.size_bytes)
    return StreamingResponse(store.artifacts_store.pieces(ref.id), media_type=ref.media_type, headers=headers)


@router.get(
    "/runs/{run_id}/tickets/{replicate}/{level}",
    response_class=Response,
    responses={**responses(404), 200: _BYTES},
)
def get_ticket(
    run_id: RunId,
    replicate: Annotated[int, Path(ge=0, le=10_000)],
    level: Annotated[int, Path(ge=0, le=10_000)],
    reader: ReaderDep,
) -> Response:
    """Return a winning ticket for PyTorch: `fc1.weight_orig`, `fc1.weight_mask` and `fc1.weight_trained`, all dense.

    What was never saved, such as the weights of an imported mask, is left out.

    The names are those of `torch.nn.utils.prune`; parameters that are not pruned have `_orig` and `_trained` only.
    """
    size, pieces = ticket_file(reader, TicketRef(run_id, replicate, level))
    filename = f"{run_id}-r{replicate}-l{level}.safetensors"
    headers = {"Content-Disposition": attachment(filename), "Content-Length": str(size)}
    return StreamingResponse(pieces, media_type=SAFETENSORS, headers=headers)
