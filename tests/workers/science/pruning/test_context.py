"""What a pruning method may ask for: a network of its own, gradients, roles, and draws that depend on keys alone."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from app.kinds.lottery.spec import LotterySpec
from app.methods.pruning.layerwise_magnitude import LayerwiseMagnitude
from tests.workers.science.experiments.lottery_runs import SMALL, outcomes, ran, resumed_from, saved
from workers.science.architecture.errors import NotDefined
from workers.science.build import build
from workers.science.experiments.ticket import masks_of
from workers.science.models import conv_2
from workers.science.models.init import initialise
from workers.science.models.prunable import prunable
from workers.science.outputs import Checkpoint
from workers.science.pruning import layerwise_magnitude
from workers.science.pruning.context import PruningContext, Trainable
from workers.science.random import generator
from workers.science.train.task import CLASSIFICATION, REGRESSION

DRAW = torch.Generator().manual_seed(0)
BATCHES = [(torch.rand(6, 1, 8, 8, generator=DRAW), torch.randint(10, (6,), generator=DRAW)) for _ in range(3)]


def blank() -> nn.Module:
    return conv_2.build((1, 8, 8), 10)


def context(density: float = 0.4) -> PruningContext:
    model = blank()
    initialise(model, generator(0, "init"))
    layers = prunable(model)
    masks = {n: torch.rand(layer.shape, generator=generator(0, n)) < density for n, layer in layers.items()}
    trainable = Trainable(blank, BATCHES.__getitem__, CLASSIFICATION)
    return PruningContext(dict(model.state_dict()), masks, layers, 1, {}, trainable, generator(0, "pruning"))


def test_its_network_has_the_weights_that_are_kept_and_is_its_own() -> None:
    mine = context()
    one, other = mine.network(), mine.network()
    for name, parameter in one.named_parameters():
        expected = mine.weights[name] * mine.masks[name] if name in mine.masks else mine.weights[name]
        assert torch.equal(parameter, expected)
        assert parameter.data_ptr() not in (other.get_parameter(name).data_ptr(), mine.weights[name].data_ptr())


def test_gradients_are_means_over_batches_and_reach_pruned_weights() -> None:
    mine = context()
    network = mine.network()
    losses = [cross_entropy(network(x), y) for x, y in BATCHES]
    expected = torch.autograd.grad(sum(losses, torch.zeros(())) / 3, [network.get_parameter(n) for n in mine.layers])
    gradients = mine.gradients(3)
    assert list(gradients) == list(mine.layers)
    for gradient, wanted in zip(gradients.values(), expected, strict=True):
        torch.testing.assert_close(gradient, wanted)
    assert any(gradients[name][~mine.masks[name]].any() for name in mine.masks)
    torch.testing.assert_close(
        mine.gradients()["fc1.weight"],
        torch.autograd.grad(cross_entropy(network(BATCHES[0][0]), BATCHES[0][1]), network.get_parameter("fc1.weight"))[
            0
        ],
    )


def test_the_loss_is_that_of_the_task() -> None:
    weights = {"weight": torch.tensor([[1.0, 2.0]])}
    x, y = torch.tensor([[3.0, 1.0]]), torch.tensor([[4.0]])
    trainable = Trainable(lambda: nn.Linear(2, 1, bias=False), lambda _: (x, y), REGRESSION)
    ones = {"weight": torch.ones(1, 2, dtype=torch.bool)}
    mine = PruningContext(weights, ones, prunable(nn.Sequential(nn.Linear(2, 1))), trainable=trainable)
    layers = {"weight": next(iter(mine.layers.values()))}
    mine = PruningContext(weights, ones, layers, trainable=trainable)
    assert mine.gradients()["weight"].tolist() == [[2 * (5 - 4) * 3, 2 * (5 - 4) * 1]]


def test_roles_are_read_off_the_model() -> None:
    roles = context().roles()
    assert roles == {
        "conv1.weight": "first", "conv2.weight": "hidden", "fc1.weight": "hidden", "fc2.weight": "hidden",
        "fc3.weight": "output",
    }  # fmt: skip


def test_without_a_network_it_says_so() -> None:
    weights: dict[str, Tensor] = {}
    mine = PruningContext(weights, {}, {})
    for ask in (mine.network, mine.gradients, mine.roles):
        with pytest.raises(ValueError, match="a network is asked for"):
            ask()


class Loop(nn.Module):
    """Has a step that depends on its input, which cannot be traced."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(x) if x.sum() > 0 else self.fc(-x)  # type: ignore[no-any-return]


def test_roles_of_a_model_that_cannot_be_traced_are_not_defined() -> None:
    model = Loop()
    trainable = Trainable(Loop, lambda _: (torch.rand(2, 2), torch.zeros(2, dtype=torch.int64)), CLASSIFICATION)
    mine = PruningContext(dict(model.state_dict()), {}, prunable(model), trainable=trainable)
    with pytest.raises(NotDefined):
        mine.roles()
    assert mine.gradients()["fc.weight"].shape == (2, 2)


@pytest.mark.parametrize("mode", ["iterative", "one_shot"])
def test_a_method_that_acts_at_initialisation_prunes_initial_weights(
    mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Level by level from the masks before, whatever the training did; a resumed run has the same masks."""
    monkeypatch.setattr(LayerwiseMagnitude, "acts", "at initialisation")
    spec = LotterySpec.model_validate(SMALL | {"mode": mode, "levels": 2, "steps": 6, "eval_every": 3, "branches": []})
    outputs = ran(spec)
    theta0 = saved(outputs, "init")[next(iter(outcomes(outputs)))]
    layers = prunable(build(spec.model)((1, 8, 8), 10))
    masks = {name: torch.ones(layer.shape, dtype=torch.bool) for name, layer in layers.items()}
    for place, encoded in saved(outputs, "mask").items():
        if place.level:
            kept = masks_of(encoded, masks)
            rates = spec.pruning.model_dump(exclude={"kind"})
            expected = layerwise_magnitude.prune(PruningContext(theta0, masks, layers), **rates)
            assert all(torch.equal(kept[name], mask) for name, mask in expected.items()), place
            masks = kept
    cut = next(i for i, output in enumerate(outputs) if isinstance(output, Checkpoint))
    again = {**saved(outputs[: cut + 1], "mask"), **saved(ran(spec, resumed_from(outputs[: cut + 1])), "mask")}
    for place, encoded in saved(outputs, "mask").items():
        assert all(torch.equal(again[place][name], tensor) for name, tensor in encoded.items())
