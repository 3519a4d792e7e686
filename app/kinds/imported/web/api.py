"""Import: masks from elsewhere as a run."""

from typing import Annotated, Any, Final, get_args

from fastapi import APIRouter, Query, Response

from app.imports.limits import MAX_BYTES, MAX_FILES
from app.imports.table import Choice
from app.kinds.imported.web.create import import_masks, recognised
from app.kinds.imported.web.fields import fields_of
from app.kinds.imported.web.preview import Preview, preview
from app.kinds.imported.web.uploads import UploadDep
from app.records import Run
from app.store.labels import NAME_LENGTH, NOTES_LENGTH, TAG_LENGTH, TAGS
from app.web.core.context import QueueDep, StoreDep
from app.web.core.problems import responses

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
            "description": f"safetensors files, and indices of shards; {MAX_BYTES:,} bytes in all.",
        },
        "places": {
            "type": "string",
            "description": "JSON: [replicate, level] of each safetensors file; files of one place are shards. "
            "Without it, levels are the natural order of the files' whole paths.",
        },
        "one_means": {"type": "string", "enum": ["kept", "pruned"], "description": "What 1 means in masks."},
        "accuracies": {
            "type": "string",
            "description": "CSV: level, test_accuracy in [0, 1] and, for several replicates, replicate.",
        },
        "roles": {"type": "string", "description": "JSON: by tensor, one of " + ", ".join(get_args(Choice)) + "."},
        "architecture_of": {
            "type": "string",
            "description": "Id of a run of this installation whose model the files hold: paths, collapse and overlap "
            "of unit-permuted masks then follow its architecture.",
        },
        "architecture_layers": {
            "type": "string",
            "description": "JSON: the run's layer by that of the files, where names and shapes do not pair them.",
        },
        "name": {"type": "string", "maxLength": NAME_LENGTH},
        "tags": {"type": "array", "maxItems": TAGS, "items": {"type": "string", "maxLength": TAG_LENGTH}},
        "notes": {"type": "string", "maxLength": NOTES_LENGTH},
    },
}


@router.post(
    "/imports",
    status_code=201,
    responses={200: {"model": Preview, "description": "Of a dry run: what would be stored."}, **responses(507)},
    openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}},
)
def create_import(
    upload: UploadDep,
    response: Response,
    store: StoreDep,
    queue: QueueDep,
    dry_run: Annotated[bool, Query(description="Return what was recognised without storing it.")] = False,
) -> Run | Preview:
    """Import masks from other software as a finished run: each file is a level. Pickles are refused, never loaded.

    A kernel X is read from `X_mask` with `X_orig` (torch.nn.utils.prune), or from `X_orig`, `X_mask` and `X_trained`
    (the tickets of this program). It is also read from X with masks in a parametrization or a tensor of their own. From
    X alone, 0 is pruned. Biases, parameters of norms, scales, scores and copies are left out.
    """
    fields = fields_of(upload.fields)
    labels: dict[str, Any] = {
        "name": upload.field("name").strip(),
        "tags": [value for key, value in upload.fields if key == "tags" and value.strip()],
        "notes": upload.field("notes").replace("\r\n", "\n"),
    }
    if dry_run:
        response.status_code = 200
        return preview(recognised(store, upload, fields, **labels), fields.choices, upload.folder)
    run = import_masks(store, upload, fields, **labels)
    queue.wake(run.id, run.last_seq)
    response.headers["Location"] = f"/api/v1/runs/{run.id}"
    return run
