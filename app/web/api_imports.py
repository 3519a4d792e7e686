"""Import: masks from elsewhere as a run."""

from typing import Any, Final

from fastapi import APIRouter, Response

from app.contract.records import Run
from app.imports.limits import MAX_BYTES, MAX_FILES
from app.store.labels import NAME_LENGTH, NOTES_LENGTH, TAG_LENGTH, TAGS
from app.web.context import QueueDep, StoreDep
from app.web.imports import import_masks
from app.web.pages_new import split_tags
from app.web.problems import responses
from app.web.uploads import UploadDep

router = APIRouter(tags=["imports"])

_FORM: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["files"],
    "additionalProperties": False,
    "properties": {
        "files": {
            "type": "array",
            "minItems": 1,
            "maxItems": MAX_FILES,
            "items": {"type": "string", "format": "binary"},
            "description": f"safetensors files in the order of their levels, {MAX_BYTES:,} bytes in all.",
        },
        "name": {"type": "string", "maxLength": NAME_LENGTH},
        "tags": {"type": "array", "maxItems": TAGS, "items": {"type": "string", "maxLength": TAG_LENGTH}},
        "notes": {"type": "string", "maxLength": NOTES_LENGTH},
    },
}


@router.post(
    "/imports",
    status_code=201,
    responses=responses(507),
    openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}},
)
def create_import(upload: UploadDep, response: Response, store: StoreDep, queue: QueueDep) -> Run:
    """Masks from elsewhere as a finished run: file i is level i. Pickles are refused, never loaded.

    A kernel X is read from `X_mask` with `X_orig` (torch.nn.utils.prune), from `X_orig`, `X_mask` and `X_trained` (the
    tickets of this program), or from X alone, where 0 is pruned. Biases and norm parameters are left out.
    """
    run = import_masks(
        store,
        upload,
        name=upload.field("name").strip(),
        tags=[tag for key, value in upload.fields if key == "tags" for tag in split_tags(value)],
        notes=upload.field("notes").replace("\r\n", "\n"),
    )
    queue.wake(run.id, run.last_seq)
    response.headers["Location"] = f"/api/v1/runs/{run.id}"
    return run
