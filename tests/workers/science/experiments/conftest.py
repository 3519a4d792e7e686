"""A small network for tests whose assertion is equality, which holds of any size."""

from collections.abc import Iterator
from typing import Any

import pytest

from workers.science.models import lenet_300_100

WIDTHS = (24, 12)


@pytest.fixture(scope="module")
def narrow() -> Iterator[None]:
    """Give LeNet-300-100 hidden layers of 24 and 12 units."""
    build = lenet_300_100.build

    def narrower(shape: tuple[int, ...], n_classes: int) -> Any:
        model: Any = build(shape, n_classes)
        sizes = [model.fc1.in_features, *WIDTHS, n_classes]
        for i, layer in enumerate((model.fc1, model.fc2, model.fc3)):
            setattr(model, f"fc{i + 1}", type(layer)(sizes[i], sizes[i + 1]))
        return model

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lenet_300_100, "build", narrower)
        yield
