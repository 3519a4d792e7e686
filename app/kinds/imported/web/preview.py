"""What an import would store, as an answer: the table of tensors, the layers, and what is open or odd."""

from pathlib import Path

from pydantic import BaseModel, Field

from app.imports.collapses import gaps
from app.imports.recognition import Recognition
from app.imports.table import Choices
from app.kinds.imported.web.create import Read, question
from app.plotting.collapse import Collapse, Collapses, brief, of_run


class TensorLine(BaseModel):
    """A tensor of one or several files: what it was recognised as, and whether it is read."""

    name: str
    dtype: str
    shape: list[int]
    role: str
    layer: str = Field(description="The layer that it belongs to; empty if none.")
    taken: bool
    why: str
    files: list[int] = Field(description="Which networks have it, by their place in `networks`.")
    kept: list[int] | None = Field(description="Kept weights in each of them, where it decides what is kept.")
    total: int | None


class LayerLine(BaseModel):
    """A layer in the order of the network; `shape` is (units, inputs / groups, kernel)."""

    name: str
    shape: list[int]
    groups: int
    why: str


class NetworkLine(BaseModel):
    """A level of a replicate, and its files."""

    files: list[str]
    replicate: int
    level: int
    kept: int | None = Field(description="Kept weights; null while it is open what 1 means in masks.")
    total: int
    collapse: str = Field(description="In which layers it has collapsed, as in “layer collapse at level 3 in fc1”.")


class Preview(BaseModel):
    """Everything that was recognised in the files; nothing is stored. `question` is empty where nothing is open."""

    holds: str
    networks: list[NetworkLine]
    layers: list[LayerLine]
    tensors: list[TensorLine]
    warnings: list[str]
    question: str
    architecture_of: str = Field(description="The run whose architecture the layers have; empty if none.")


def preview(read: Read, choices: Choices, folder: Path) -> Preview:
    """Return what was read as an answer; large tensors are turned in `folder`."""
    recognition = read.recognition
    total = sum(item.total for item in recognition.levels[0].counted)
    collapsed = {} if recognition.question else _collapses(read, folder)
    replicates = len({level.network.replicate for level in recognition.levels})
    warnings = [of_run(collapsed, replicates)] if collapsed else []
    return Preview(
        holds=recognition.holds,
        networks=[
            NetworkLine(
                files=[source.name for source in level.network.sources],
                replicate=level.network.replicate,
                level=level.network.level,
                kept=None if recognition.question else level.kept,
                total=total,
                collapse=brief(cut) if (cut := collapsed.get((level.network.replicate, level.network.level))) else "",
            )
            for level in recognition.levels
        ],
        layers=[
            LayerLine(name=kernel.name, shape=list(kernel.shape), groups=kernel.groups, why=kernel.why)
            for kernel in recognition.kernels
        ],
        tensors=_tensors(recognition),
        warnings=warnings + recognition.warnings,
        question=question(recognition, choices) if recognition.question else "",
        architecture_of=read.source.id if read.source else "",
    )


def _collapses(read: Read, folder: Path) -> Collapses:
    names = [kernel.name for kernel in read.recognition.kernels]
    return {
        place: Collapse(
            place[1], tuple(names[item] for item in cut.empty), "" if cut.cut is None else names[cut.cut], cut.bridged
        )
        for place, cut in gaps(read.recognition, folder, read.network).items()
    }


def _tensors(recognition: Recognition) -> list[TensorLine]:
    return [
        TensorLine(
            name=row.line.name,
            dtype=row.line.dtype,
            shape=list(row.line.shape),
            role=row.line.role,
            layer=row.line.layer,
            taken=row.line.taken,
            why=row.line.why,
            files=row.networks,
            kept=None if row.line.total is None or recognition.question else row.kept,
            total=row.line.total,
        )
        for row in recognition.rows
    ]
