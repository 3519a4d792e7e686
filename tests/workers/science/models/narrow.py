"""LeNet-300-100 with hidden layers of 24 and 12 units, for tests whose assertion holds of any size."""

from typing import Any

from workers.science.models import lenet_300_100

WIDTHS = (24, 12)
_build = lenet_300_100.build


def build(shape: tuple[int, ...], n_classes: int) -> Any:
    """Return the network with its weights still to be initialised."""
    model: Any = _build(shape, n_classes)
    sizes = [model.fc1.in_features, *WIDTHS, n_classes]
    for i, layer in enumerate((model.fc1, model.fc2, model.fc3)):
        setattr(model, f"fc{i + 1}", type(layer)(sizes[i], sizes[i + 1]))
    return model
