"""What every model declares, and what families of models share."""

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

from app.contract.budgets import Kernel, convolutional, stacked
from app.contract.params.base import Params
from app.contract.params.datasets import DatasetParams


class ModelParams(Params, ABC):
    """What every model declares: which `examples` it reads, and which kernels it then has.

    A picture has the shape (channels, height, width), a text its length. Replicates of a model that is `stackable` may
    train as one stack: it has no state but its weights. `untraceable` is why torch.fx cannot trace it, "" where it can.
    """

    examples: ClassVar[Literal["pictures", "text"]] = "pictures"
    stackable: ClassVar[bool] = True
    untraceable: ClassVar[str] = ""

    @property
    def label(self) -> str:
        """Return the name of the model in lists, to which a measured speed belongs."""
        return self.kind

    @abstractmethod
    def kernels(self, shape: tuple[int, ...], n_classes: int) -> list[Kernel]:
        """Return the prunable kernels in the model's order, on examples of a shape, of so many classes."""

    def misfit(self, shape: tuple[int, ...]) -> str | None:  # noqa: ARG002 (most models take any)
        """Return why the model cannot take examples of a shape; None where it can."""
        return None

    def undrawn(self, init: str) -> str | None:  # noqa: ARG002 (most have kernels, biases, norms and tables only)
        """Return why an initialisation is not defined for a layer of the model; None where it is for all."""
        return None


def misfit(model: ModelParams, dataset: DatasetParams | type[DatasetParams]) -> str | None:
    """Return why a model cannot be trained on a data set; None where it can."""
    if model.examples != dataset.examples:
        return f"it reads {model.examples}, and the examples are {dataset.examples}"
    return model.misfit(dataset.shape)


def too_small(shape: tuple[int, ...], halvings: int) -> str | None:
    """Return the words for pictures that cannot be halved that often; None where they can."""
    _, height, width = shape
    if min(height, width) >> halvings:
        return None
    return f"it halves pictures {halvings} times, and of {height}×{width} pixels nothing would be left"


class ConvParams(ModelParams, ABC):
    """Models with convolutions; `widths` are the channels of each pair."""

    widths: ClassVar[tuple[int, ...]]

    def kernels(self, shape: tuple[int, ...], n_classes: int) -> list[Kernel]:
        return list(convolutional(shape, self.widths, n_classes))

    def misfit(self, shape: tuple[int, ...]) -> str | None:
        return too_small(shape, len(self.widths))


class VggParams(ModelParams, ABC):
    """VGG networks; `stages` are the channels of each convolution, with a pool after each stage."""

    stages: ClassVar[tuple[tuple[int, ...], ...]]
    stackable: ClassVar[bool] = False

    def kernels(self, shape: tuple[int, ...], n_classes: int) -> list[Kernel]:
        return list(stacked(shape[0], self.stages, n_classes))

    def misfit(self, shape: tuple[int, ...]) -> str | None:
        return too_small(shape, len(self.stages))
