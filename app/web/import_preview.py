"""What an import would store, as an answer: the table of tensors, the layers, and what is open or odd."""

from pydantic import BaseModel, Field

from app.imports.recognition import Recognition
from app.imports.table import Choices
from app.web.imports import question


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


class Preview(BaseModel):
    """Everything that was recognised in the files; nothing is stored. `question` is empty where nothing is open."""

    holds: str
    networks: list[NetworkLine]
    layers: list[LayerLine]
    tensors: list[TensorLine]
    warnings: list[str]
    question: str


def preview(recognition: Recognition, choices: Choices) -> Preview:
    """A recognition as an answer."""
    total = sum(each.total for each in recognition.levels[0].counted)
    return Preview(
        holds=recognition.holds,
        networks=[
            NetworkLine(
                files=[source.name for source in each.network.sources],
                replicate=each.network.replicate,
                level=each.network.level,
                kept=None if recognition.question else each.kept,
                total=total,
            )
            for each in recognition.levels
        ],
        layers=[
            LayerLine(name=each.name, shape=list(each.shape), groups=each.groups, why=each.why)
            for each in recognition.kernels
        ],
        tensors=_tensors(recognition),
        warnings=recognition.warnings,
        question=question(recognition, choices) if recognition.question else "",
    )


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
