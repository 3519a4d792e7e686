"""Character transformer: what the model is and takes."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from app.contract.budgets import Kernel, transformer
from app.contract.params import ModelParams, unit
from app.contract.strict import FieldError
from app.methods.method import Method


class CharTransformer(ModelParams):
    kind: Literal["char_transformer"]
    examples: ClassVar[Literal["pictures", "text"]] = "text"
    stackable: ClassVar[bool] = False
    layers: int = Field(
        2,
        ge=1,
        le=12,
        title="Layers",
        description="Each an attention and a perceptron of four times the width, with a norm before both.",
        json_schema_extra=unit("layers"),
    )
    width: int = Field(
        64,
        ge=8,
        le=512,
        title="Width",
        description="Numbers by which a symbol is represented; a multiple of the number of heads.",
        json_schema_extra=unit("numbers"),
    )
    heads: int = Field(
        4, ge=1, le=16, title="Heads", description="Heads of each attention.", json_schema_extra=unit("heads")
    )

    @property
    def label(self) -> str:
        size = (self.layers, self.width, self.heads)
        return self.kind if size == (2, 64, 4) else f"{self.kind} {self.layers}×{self.width} /{self.heads}"

    def kernels(self, shape: tuple[int, ...], n_classes: int) -> list[Kernel]:  # noqa: ARG002 (of any length)
        return list(transformer(self.width, self.layers, n_classes))

    @model_validator(mode="after")
    def _consistent(self) -> "CharTransformer":
        if self.width % self.heads:
            raise FieldError("heads", f"must divide the width, {self.width}")
        return self


METHOD = Method(
    params=CharTransformer,
    title="Character transformer",
    summary=(
        "A causal transformer (two layers of width 64, four heads) that predicts the next symbol of a text. Tables of"
        " symbols and positions are never pruned."
    ),
    source="Vaswani et al. 2017, arXiv 1706.03762; Radford et al. 2019 (GPT-2), section 2.3",
    order=100,
)
