"""What pages plan by is what workers do: kernels of every model, and weights that every pruning method leaves."""

from math import prod
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from app.contract.params import DatasetParams, ModelParams, PruningParams, misfit
from app.kinds.lottery.spec import LotterySpec
from app.kinds.presets import PRESETS
from app.methods.catalog import CATALOG
from app.methods.model.resnet_20 import Resnet20
from workers.science.build import build
from workers.science.models.prunable import prunable
from workers.science.pruning.context import PruningContext, Trainable
from workers.science.train.task import CLASSIFICATION

DATASETS = [entry.params for entry in CATALOG["dataset"].values()]
MODELS = list(CATALOG["model"].values())
# Sizes at which ties of rounding occur, and more rounds than there are weights.
LAYERS = (("fc1", "linear", 45), ("conv1", "conv", 25), ("fc2", "linear", 15), ("fc3", "output", 10))


@pytest.mark.parametrize("entry", MODELS, ids=lambda each: each.name)
@pytest.mark.parametrize("dataset", DATASETS, ids=lambda each: each.__name__)
def test_kernels_are_those_of_the_model_that_workers_build(entry: Any, dataset: type[DatasetParams]) -> None:
    params = entry.params(kind=entry.name)
    assert isinstance(params, ModelParams)
    if params.examples != dataset.examples:
        assert misfit(params, dataset) == f"it reads {params.examples}, and the examples are {dataset.examples}"
        return
    if misfit(params, dataset) is not None:
        with pytest.raises(ValueError, match="too small"):
            build(entry)(dataset.shape, dataset.n_classes)
        return
    built = prunable(build(entry)(dataset.shape, dataset.n_classes))
    assert params.kernels(dataset.shape, dataset.n_classes) == [
        (layer.kind, prod(layer.shape)) for layer in built.values()
    ]


def test_kernels_of_a_wider_network_are_those_that_workers_build() -> None:
    params = Resnet20(kind="resnet_20", width=3)
    built = prunable(build(params)((3, 32, 32), 10))
    assert params.kernels((3, 32, 32), 10) == [(layer.kind, prod(layer.shape)) for layer in built.values()]
    assert params.label == "resnet_20 ×3"


def test_pictures_that_pools_shrink_to_nothing_are_refused_with_the_field_named() -> None:
    spec = PRESETS["digits-tickets"].spec.model_dump()
    for kind in ("vgg_11", "vgg_16"):
        with pytest.raises(ValidationError) as refused:
            LotterySpec.model_validate({**spec, "model": {"kind": kind}})
        assert "model" in str(refused.value)
        assert "does not fit the data set digits: it halves pictures 5 times, and of 8×8 pixels" in str(refused.value)
    with pytest.raises(ValidationError, match="patches of 5×5 do not tile pictures of 8×8 pixels"):
        LotterySpec.model_validate({**spec, "model": {"kind": "vit_tiny", "patch": 5}})
    assert LotterySpec.model_validate({**spec, "model": {"kind": "resnet_20"}}).model_name == "resnet_20"


class Products(nn.Module):
    """A network of the layers above: 5 logits, each a sum of 19 of its 95 weights times inputs."""

    def __init__(self) -> None:
        super().__init__()
        for name, _, n in LAYERS:
            self.register_parameter(name, nn.Parameter(torch.zeros(n)))

    def forward(self, x: Tensor) -> Tensor:
        return (x * torch.cat(list(self.parameters()))).view(-1, 5, 19).sum(2)


@pytest.mark.parametrize("rate", [0.01, 0.2, 0.5, 0.97])
@pytest.mark.parametrize("rounds", [0, 1, 4, 60])
@pytest.mark.parametrize("entry", CATALOG["pruning"].values(), ids=lambda each: each.name)
def test_weights_left_are_those_that_workers_leave(entry: Any, rounds: int, rate: float) -> None:
    from app.contract.budgets import Kernel
    from workers.science.models.prunable import Layer

    params = entry.params(kind=entry.name, rate=rate)
    assert isinstance(params, PruningParams)
    generator = torch.Generator().manual_seed(0)
    weights = {name: torch.randn(n, generator=generator) for name, _, n in LAYERS}
    masks = {name: torch.ones(n, dtype=torch.bool) for name, _, n in LAYERS}
    layers: dict[str, Any] = {name: Layer(name, kind, (n,)) for name, kind, n in LAYERS}  # type: ignore[arg-type]
    kernels = [Kernel(kind, n) for _, kind, n in LAYERS]  # type: ignore[arg-type]
    x, y = torch.randn(8, 95, generator=generator), torch.randint(5, (8,), generator=generator)
    trainable = Trainable(Products, lambda _: (x, y), CLASSIFICATION)
    context = PruningContext(weights, masks, layers, rounds, weights, trainable, generator)
    pruned = build(entry)(context, **params.model_dump(exclude={"kind"}))
    assert sum(params.kept(kernels, rounds)) == sum(int(mask.sum()) for mask in pruned.values())


def test_a_spec_says_where_its_levels_end() -> None:
    spec = PRESETS["lenet-quick"].spec
    assert isinstance(spec, LotterySpec)
    changed = {"levels": 7, "pruning": {"kind": "global_magnitude", "rate": 0.3535}}
    spec = LotterySpec.model_validate({**spec.model_dump(), **changed})
    assert spec.outlook == "7 levels end at 4.7 % density"
    one = LotterySpec.model_validate({**spec.model_dump(), "levels": 1, "pruning": {"kind": "layerwise_magnitude"}})
    assert one.outlook == "1 level ends at 80.0 % density"
