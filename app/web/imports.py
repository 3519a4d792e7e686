"""Files of masks as a run of kind imported: checked whole, then saved, then listed."""

from collections.abc import Sequence
from importlib.metadata import version

from app.contract.events import ArtifactSaved, Measured
from app.contract.records import Run
from app.contract.specs import TITLES, ImportedSpec
from app.imports.levels import MaskSequence, Saved
from app.imports.source import Source
from app.store import Store
from app.store.labels import check_name, check_notes, check_tags
from app.web.problems import BadField, Invalid
from app.web.uploads import Upload

MEDIA_TYPE = "application/vnd.safetensors"
_NAME_LENGTH = 120


def import_masks(store: Store, upload: Upload, *, name: str, tags: Sequence[str], notes: str) -> Run:
    """Store the masks of an upload as a finished run. Raises Refused, FieldError, Invalid; then nothing is stored."""
    if not upload.files:
        raise Invalid([BadField(path="files", message="needs at least one .safetensors file")])
    files = [file_name(file.filename or "", level) for level, file in enumerate(upload.files)]
    name = check_name(name or _default_name(files))
    tags, notes = check_tags(tags), check_notes(notes)
    masks = MaskSequence([Source(called, file.file) for called, file in zip(files, upload.files, strict=True)])
    spec = ImportedSpec(kind="imported", files=tuple(files), layers=len(masks.layers), levels=len(files) - 1)
    outputs = [_save(store, output) if isinstance(output, Saved) else output for output in masks.outputs(upload.folder)]
    provenance = {
        "layers": [{"name": layer.name, "shape": list(layer.shape)} for layer in masks.layers],
        "files": files,
        "format": masks.holds,
        "program": f"ticketscope {version('ticketscope')}",
    }
    return store.import_run(spec, outputs, provenance, name=name, tags=tags, notes=notes)


def file_name(given: str, level: int) -> str:
    """The name of an uploaded file as one short line, without the folders that some clients send along."""
    last = given.replace("\\", "/").rpartition("/")[2]
    kept = "".join(character for character in last if character.isprintable()).strip()
    return kept[:_NAME_LENGTH] or f"level-{level}.safetensors"


def _default_name(files: Sequence[str]) -> str:
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return f"{TITLES['imported']}: {files[0][:_NAME_LENGTH]}{more}"


def _save(store: Store, saved: Saved) -> Measured | ArtifactSaved:
    sha256, size = store.artifacts_store.put_pieces(saved.spool.chunks())
    return ArtifactSaved(place=saved.place, name=saved.name, sha256=sha256, size_bytes=size, media_type=MEDIA_TYPE)
