"""ViT-Ti: what the model is and takes."""

from typing import ClassVar, Literal

from pydantic import Field

from app.contract.budgets import Kernel, transformer
from app.contract.params import ModelParams, unit
from app.methods.method import Method


class VitTiny(ModelParams):
    kind: Literal["vit_tiny"]
    stackable: ClassVar[bool] = False
    patch: int = Field(
        4, ge=1, le=32, title="Patch", description="Side of a patch of the picture.", json_schema_extra=unit("pixels")
    )

    @property
    def label(self) -> str:
        return self.kind if self.patch == 4 else f"{self.kind} /{self.patch}"

    def kernels(self, shape: tuple[int, ...], n_classes: int) -> list[Kernel]:
        return [Kernel("conv", shape[0] * self.patch**2 * 192), *transformer(192, 12, n_classes)]

    def misfit(self, shape: tuple[int, ...]) -> str | None:
        _, height, width = shape
        if height % self.patch or width % self.patch:
            return f"patches of {self.patch}×{self.patch} do not tile pictures of {height}×{width} pixels"
        return None


METHOD = Method(
    params=VitTiny,
    title="ViT-Ti",
    summary="A vision transformer: twelve layers of width 192, three heads, on patches.",
    source="Dosovitskiy et al. 2021, arXiv 2010.11929; Touvron et al. 2021, arXiv 2012.12877",
    order=90,
)
