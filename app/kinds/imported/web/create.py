"""Files of masks as a run of kind imported: recognised and checked whole, then saved, then listed."""

from collections.abc import Sequence
from importlib.metadata import version
from math import nan
from typing import Any, NamedTuple

from app.contract.events import ArtifactSaved, Measured
from app.contract.tickets import TicketKey
from app.imports.accuracies import accuracies
from app.imports.architectures import applied
from app.imports.levels import MaskSequence, Saved
from app.imports.places import Network as Places
from app.imports.places import networks
from app.imports.recognition import Recognition, recognise
from app.imports.source import Source
from app.imports.table import Choices
from app.kinds.imported.spec import ImportedSpec
from app.kinds.imported.web.architecture import known
from app.kinds.imported.web.fields import Fields
from app.kinds.imported.web.uploads import Upload
from app.kinds.specs import TITLES
from app.masks.routes import Network
from app.records import Run
from app.store import Store
from app.store.labels import check_name, check_notes, check_tags
from app.web.core.problems import BadField, Invalid

MEDIA_TYPE = "application/vnd.safetensors"
_NAME_LENGTH = 300
OUTCOME = (
    "steps", "density", "train_accuracy", "validation_accuracy", "validation_loss", "test_accuracy", "test_loss",
    "early_stop_step", "early_stop_test_accuracy", "early_stop_validation_loss", "early_stop_censored", "diverged_step",
)  # fmt: skip
"""Columns of the series `outcome`, as trainings write it."""


class Read(NamedTuple):
    """What the files of an upload are; `network` is known where `source` is the run that has its architecture."""

    recognition: Recognition
    network: Network | None = None
    source: Run | None = None


def recognised(store: Store, upload: Upload, fields: Fields, *, name: str, tags: Sequence[str], notes: str) -> Read:
    """Return what an upload holds; nothing is stored. Raises Refused, FieldError, Invalid as the import would."""
    networks = _networks(upload, fields.places)
    accuracies(fields.accuracies, {(item.replicate, item.level) for item in networks})
    check_name(name or "unnamed")
    check_tags(tags)
    check_notes(notes)
    return _read(store, networks, fields)


def import_masks(store: Store, upload: Upload, fields: Fields, *, name: str, tags: Sequence[str], notes: str) -> Run:
    """Store the masks of an upload as a finished run. Raises Refused, FieldError, Invalid; then nothing is stored."""
    networks = _networks(upload, fields.places)
    files = [source.name for network in networks for source in network.sources]
    name = check_name(name or _default_name(files))
    tags, notes = check_tags(tags), check_notes(notes)
    read = _read(store, networks, fields)
    recognition = read.recognition
    if recognition.question:
        raise Invalid([BadField(path="one_means", message=question(recognition, fields.choices))])
    tested = accuracies(fields.accuracies, {(item.replicate, item.level) for item in networks})
    masks = MaskSequence(recognition)
    places = [(network.replicate, network.level) for network in networks for _ in network.sources]
    spec = ImportedSpec(
        kind="imported",
        files=tuple(files),
        places=() if places == [(0, level) for level in range(len(files))] else tuple(places),
        one_means=fields.choices.one_means,
        roles=fields.choices.roles,
        accuracies=tuple((*place, accuracy) for place, accuracy in sorted(tested.items())),
        architecture_of=fields.architecture_of,
        architecture_layers=dict(fields.architecture_layers),
        layers=len(masks.kernels),
        levels=max(level for _, level in places),
        replicates=masks.replicates,
    )
    outputs = [
        [_save(store, output) if isinstance(output, Saved) else output for output in masks.outputs(upload.folder, item)]
        for item in range(masks.replicates)
    ]
    for level in recognition.levels:
        place = level.network.replicate, level.network.level
        if place in tested:
            outputs[place[0]].append(_outcome(place[1], level.density, tested[place]))
    provenance = {
        "layers": [
            {
                "name": kernel.name,
                "shape": list(kernel.shape),
                **({"groups": kernel.groups} if kernel.groups > 1 else {}),
            }
            for kernel in masks.kernels
        ],
        **_described(read),
        "files": files,
        "format": recognition.holds,
        **({"accuracies": "given with the files"} if tested else {}),
        "program": f"ticketscope {version('ticketscope')}",
    }
    return store.import_run(spec, outputs, provenance, name=name, tags=tags, notes=notes)


def _read(store: Store, networks: Sequence[Places], fields: Fields) -> Read:
    named = known(store, fields)
    recognition = recognise(networks, fields.choices)
    return Read(recognition) if named is None else Read(*applied(recognition, named[0]), named[1])


def _described(read: Read) -> dict[str, Any]:
    """Return what provenance holds of the architecture, and of one example where its run saved that."""
    if read.network is None or read.source is None:
        return {}
    example = {"input": read.source.provenance["input"]} if "input" in read.source.provenance else {}
    return {"architecture": read.network.architecture.to_json(), "architecture_of": read.source.id, **example}


def question(recognition: Recognition, choices: Choices) -> str:
    """Return why a reader must decide what 1 means before these masks can be imported."""
    layers = ", ".join(recognition.question[:3])
    more = f" and {len(recognition.question) - 3} more" if len(recognition.question) > 3 else ""
    every = "If 1 means pruned, every" if choices.one_means == "pruned" else "Every"
    return (
        f"{every} kept weight of {layers}{more} is exactly 0, while pruned weights are not. "
        "Choose whether 1 means kept or pruned."
    )


def file_name(given: str, number: int) -> str:
    """Return the name of an uploaded file as one short line, with its folders but nothing that leads out of them."""
    parts = given.replace("\\", "/").split("/")
    kept = ["".join(character for character in part if character.isprintable()).strip() for part in parts]
    name = "/".join(part for part in kept if part not in ("", ".", "..") and not part.endswith(":"))
    if parts[-1:] == [""] or not name:
        return f"level-{number}.safetensors"
    return name if len(name) <= _NAME_LENGTH else f"…{name[1 - _NAME_LENGTH :]}"


def _networks(upload: Upload, places: Sequence[tuple[int, int]]) -> list[Places]:
    if not upload.files:
        raise Invalid([BadField(path="files", message="needs at least one .safetensors file")])
    sources = [Source(file_name(file.filename or "", i), file.file) for i, file in enumerate(upload.files)]
    return networks(sources, places)


def _default_name(files: Sequence[str]) -> str:
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return f"{TITLES['imported']}: {files[0][-120:]}{more}"


def _outcome(level: int, density: float, accuracy: float) -> Measured:
    """Return a row of the series `outcome`: the density and the accuracy that is known, and nothing else."""
    row = dict.fromkeys(OUTCOME, nan) | {"density": density, "test_accuracy": accuracy}
    return Measured(
        series="outcome", key=TicketKey(level=level), columns={name: [value] for name, value in row.items()}
    )


def _save(store: Store, saved: Saved) -> Measured | ArtifactSaved:
    sha256, size = store.artifacts_store.put_pieces(saved.spool.chunks())
    return ArtifactSaved(key=saved.key, name=saved.name, sha256=sha256, size_bytes=size, media_type=MEDIA_TYPE)
