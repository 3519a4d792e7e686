"""The page that imports masks from elsewhere as a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

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
_ARCHITECTURE: Final = {
    "architecture_of": (
        "Architecture of run",
        "Id of a run of the same model, for collapse, paths and unit-permuted chance. No such run: start a short one.",
    ),
    "architecture_layers": (
        "Pairs of layers",
        "JSON: the run's layer by that of the files. Needed only where names and shapes do not determine them.",
    ),
}


@dataclass(frozen=True)
class ImportPage:
    """The form, holding what was typed; `problem` is what is wrong with the files."""

    about: tuple[FormField, ...]
    architecture: tuple[FormField, ...]
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
    """Render the form, empty."""
    return _render(request, store, {}, {})


@router.post("/import")
def create(request: Request, upload: UploadDep, store: StoreDep, queue: QueueDep) -> Any:
    """Import: 303 to the run's page, or the same form again with the error at its field; files must be chosen anew."""
    data = {name: upload.field(name) for name in (*ABOUT_HELP, *_ARCHITECTURE)}
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


def _architecture(data: Mapping[str, str], errors: Mapping[str, str]) -> tuple[FormField, ...]:
    return tuple(
        FormField(name, "text", words, value=data.get(name, ""), error=errors.get(name, ""), label=label)
        for name, (label, words) in _ARCHITECTURE.items()
    )


def _render(
    request: Request, store: Store, data: Mapping[str, str], errors: Mapping[str, str], status: int = 200
) -> HTMLResponse:
    words = ABOUT_HELP | {"name": "A question makes a good name. If empty, the run is named after its first file."}
    import_page = ImportPage(
        about(data, errors, words),
        _architecture(data, errors),
        errors.get("files", ""),
        errors.get("one_means", ""),
        bool(errors),
    )
    return page(request, "imported/import.html", status, page=import_page, shell=shell(store))
