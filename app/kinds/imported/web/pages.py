"""The page on which masks from elsewhere become a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse

from app.contract.experiment import FieldError
from app.imports.formats import SCRIPT
from app.imports.limits import MAX_BYTES, MAX_FILES, MAX_LAYERS, MAX_WEIGHTS
from app.imports.refused import Refused
from app.kinds.imported.web.create import import_masks
from app.kinds.imported.web.fields import fields_of
from app.kinds.imported.web.uploads import UploadDep
from app.store import Store
from app.web.core.context import QueueDep, StoreDep
from app.web.core.page import page, shell
from app.web.core.problems import Invalid
from app.web.form.checks import ABOUT_HELP, about, split_tags
from app.web.form.form import FormField

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class ImportPage:
    """The form, holding what was typed; `problem` is what is wrong with the files."""

    about: tuple[FormField, ...]
    problem: str
    question: str
    wrong: bool
    max_bytes: int = MAX_BYTES
    max_files: int = MAX_FILES
    max_layers: int = MAX_LAYERS
    max_weights: int = MAX_WEIGHTS
    script: str = SCRIPT


@router.get("/import")
def form(request: Request, store: StoreDep) -> HTMLResponse:
    """The form, empty."""
    return _render(request, store, {}, {})


@router.post("/import")
def create(request: Request, upload: UploadDep, store: StoreDep, queue: QueueDep) -> Any:
    """Import: 303 to the run's page, or the same form again with the error at its field; files must be chosen anew."""
    data = {name: upload.field(name) for name in ABOUT_HELP}
    try:
        run = import_masks(
            store,
            upload,
            fields_of(upload.fields),
            name=data["name"].strip(),
            tags=split_tags(data["tags"]),
            notes=data["notes"].replace("\r\n", "\n"),
        )
    except FieldError as error:
        return _render(request, store, data, {error.field: error.message}, 422)
    except Refused as error:
        return _render(request, store, data, {"files": str(error)}, error.status)
    except Invalid as error:
        return _render(request, store, data, {bad.path: bad.message for bad in error.errors}, 422)
    queue.wake(run.id, run.last_seq)
    return RedirectResponse(f"/runs/{run.id}", 303)


def _render(
    request: Request, store: Store, data: Mapping[str, str], errors: Mapping[str, str], status: int = 200
) -> HTMLResponse:
    words = ABOUT_HELP | {"name": "A question makes a good name. If empty, the run is named after its first file."}
    import_page = ImportPage(
        about(data, errors, words), errors.get("files", ""), errors.get("one_means", ""), bool(errors)
    )
    return page(request, "imported/import.html", status, page=import_page, shell=shell(store))
