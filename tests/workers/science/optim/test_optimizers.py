"""Optimizers against the update written out by hand, and Muon against torch's own on the flattened matrix."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.workers.science.architecture import networks
from workers.science.architecture.errors import NotDefined
from workers.science.models import conv_2, lenet_300_100
from workers.science.models.init import initialise
from workers.science.optim import adam, adamw, lion, momentum_sgd, muon, rmsprop, sgd
from workers.science.optim.for_model import for_model
from workers.science.optim.moved_by import moved_by
from workers.science.random import generator

STEPS = 5


def network() -> nn.Module:
    model = lenet_300_100.build((1, 2, 3), 4)
    initialise(model, generator(1, "init"))
    return model


def gradients(step: int, shapes: Sequence[torch.Size]) -> list[Tensor]:
    return [torch.randn(shape, generator=generator(2, step, i)) for i, shape in enumerate(shapes)]


def moved(build: Callable[..., list[torch.optim.Optimizer]], **knobs: Any) -> list[Tensor]:
    """Parameters after STEPS updates from drawn gradients."""
    model = network()
    optimizers = build(model, **knobs)
    for step in range(STEPS):
        shapes = [p.shape for p in model.parameters()]
        for parameter, gradient in zip(model.parameters(), gradients(step, shapes), strict=True):
            parameter.grad = gradient
        for optimizer in optimizers:
            optimizer.step()
    return [p.detach() for p in model.parameters()]


def sgd_by_hand(w: Tensor, gs: list[Tensor], lr: float, momentum: float, weight_decay: float) -> Tensor:
    velocity = torch.zeros_like(w)
    for g in gs:
        velocity = momentum * velocity + g + weight_decay * w
        w = w - lr * velocity
    return w


def adam_by_hand(w: Tensor, gs: list[Tensor], lr: float, coupled: float, decoupled: float) -> Tensor:
    mean, square, (b1, b2) = torch.zeros_like(w), torch.zeros_like(w), (0.8, 0.95)
    for t, gradient in enumerate(gs, start=1):
        w = w * (1 - lr * decoupled)
        g = gradient + coupled * w
        mean, square = b1 * mean + (1 - b1) * g, b2 * square + (1 - b2) * g * g
        w = w - lr * (mean / (1 - b1**t)) / ((square / (1 - b2**t)).sqrt() + 1e-8)
    return w


def rmsprop_by_hand(w: Tensor, gs: list[Tensor], lr: float, alpha: float, weight_decay: float) -> Tensor:
    square = torch.zeros_like(w)
    for gradient in gs:
        g = gradient + weight_decay * w
        square = alpha * square + (1 - alpha) * g * g
        w = w - lr * g / (square.sqrt() + 1e-8)
    return w


def lion_by_hand(w: Tensor, gs: list[Tensor], lr: float, weight_decay: float) -> Tensor:
    mean, (b1, b2) = torch.zeros_like(w), (0.8, 0.95)
    for g in gs:
        w = w - lr * ((b1 * mean + (1 - b1) * g).sign() + weight_decay * w)
        mean = b2 * mean + (1 - b2) * g
    return w


def by_hand(update: Callable[..., Tensor], **knobs: float) -> list[Tensor]:
    start = [p.detach().double() for p in network().parameters()]
    shapes = [w.shape for w in start]
    drawn = [gradients(step, shapes) for step in range(STEPS)]
    return [update(w, [gs[i].double() for gs in drawn], **knobs) for i, w in enumerate(start)]


# Computed in the test, not by each process that collects it: the first optimizer imports torch's compiler.
CASES = [
    pytest.param(
        partial(moved, sgd.build, lr=0.1, momentum=0.9, weight_decay=0.01),
        partial(by_hand, sgd_by_hand, lr=0.1, momentum=0.9, weight_decay=0.01),
        id="sgd",
    ),
    pytest.param(
        partial(moved, adam.build, lr=0.01, betas=(0.8, 0.95), weight_decay=0.1),
        partial(by_hand, adam_by_hand, lr=0.01, coupled=0.1, decoupled=0.0),
        id="adam",
    ),
    pytest.param(
        partial(moved, adamw.build, lr=0.01, betas=(0.8, 0.95), weight_decay=0.1),
        partial(by_hand, adam_by_hand, lr=0.01, coupled=0.0, decoupled=0.1),
        id="adamw",
    ),
    pytest.param(
        partial(moved, momentum_sgd.build, lr=0.1, weight_decay=0.01),
        partial(by_hand, sgd_by_hand, lr=0.1, momentum=0.9, weight_decay=0.01),
        id="momentum_sgd",
    ),
    pytest.param(
        partial(moved, rmsprop.build, lr=0.01, alpha=0.9, weight_decay=0.1),
        partial(by_hand, rmsprop_by_hand, lr=0.01, alpha=0.9, weight_decay=0.1),
        id="rmsprop",
    ),
    pytest.param(
        partial(moved, lion.build, lr=0.01, betas=(0.8, 0.95), weight_decay=0.1),
        partial(by_hand, lion_by_hand, lr=0.01, weight_decay=0.1),
        id="lion",
    ),
]


@pytest.mark.parametrize(("ours", "expected"), CASES)
def test_updates_are_those_of_the_paper(ours: Callable[[], list[Tensor]], expected: Callable[[], list[Tensor]]) -> None:
    for mine, reference in zip(ours(), expected(), strict=True):
        torch.testing.assert_close(mine.double(), reference, rtol=1e-5, atol=1e-6)


def test_muon_moves_kernels_as_torch_moves_their_matrices() -> None:
    kernel = nn.Parameter(torch.randn(4, 3, 2, 2, generator=generator(0, "kernel")))
    matrix = nn.Parameter(kernel.detach().flatten(1).clone())
    ours = muon.FlatMuon([kernel], lr=0.1, momentum=0.9, weight_decay=0.01)
    reference = torch.optim.Muon([matrix], lr=0.1, momentum=0.9, weight_decay=0.01)
    for step in range(STEPS):
        (gradient,) = gradients(step, [kernel.shape])
        kernel.grad, matrix.grad = gradient, gradient.flatten(1).clone()
        ours.step()
        reference.step()  # type: ignore[no-untyped-call]
    assert torch.equal(kernel.detach().flatten(1), matrix.detach())


def test_muon_takes_a_gradient_of_any_memory_layout() -> None:
    starts = torch.randn(4, 3, 2, 2, generator=generator(0, "kernel"))
    gradient = torch.randn(4, 3, 2, 2, generator=generator(0, "gradient"))
    ends = []
    for layout in (torch.contiguous_format, torch.channels_last):
        kernel = nn.Parameter(starts.clone())
        kernel.grad = gradient.clone(memory_format=layout)
        muon.FlatMuon([kernel], lr=0.1, momentum=0.9, weight_decay=0.0).step()
        ends.append(kernel.detach())
    assert not torch.equal(ends[0], starts)
    assert torch.equal(*ends)


def test_muon_moves_hidden_matrices_and_adamw_the_rest() -> None:
    model = conv_2.build((1, 8, 8), 10)
    mine = {name for name, optimizer in moved_by(model, muon.build(model)).items() if optimizer == "Muon"}
    assert mine == {"conv2.weight", "fc1.weight", "fc2.weight"}
    model = network()
    assert {n for n, optimizer in moved_by(model, muon.build(model)).items() if optimizer == "Muon"} == {"fc2.weight"}


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 32, 32)])
@pytest.mark.parametrize("module", [conv_2, lenet_300_100])
def test_read_off_a_chain_hidden_matrices_are_all_but_the_ends(module: Any, shape: tuple[int, int, int]) -> None:
    model = module.build(shape, 10)
    build = for_model(muon.build, model, torch.zeros(2, *shape))
    assert moved_by(model, build(model)) == moved_by(model, muon.build(model))
    assert for_model(sgd.build, model, torch.zeros(2, *shape)) is sgd.build


def test_muon_is_not_defined_where_hidden_kernels_are_not_known() -> None:
    class Halting(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(4)])

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for layer in self.layers:
                x = layer(x) if x.sum() > 0 else x
            return x

    with pytest.raises(NotDefined, match=r"^not defined for this model, because torch\.fx cannot trace it"):
        for_model(muon.build, Halting(), torch.zeros(2, 4))
    assert for_model(sgd.build, Halting(), torch.zeros(2, 4)) is sgd.build


def test_muon_leaves_embeddings_and_positions_to_adamw() -> None:
    model = networks.Transformer()
    build = for_model(muon.build, model, torch.zeros(2, 12, dtype=torch.int64))
    mine = {name for name, optimizer in moved_by(model, build(model)).items() if optimizer == "Muon"}
    parts = ["attention.q", "attention.k", "attention.v", "attention.o", "up", "down"]
    assert mine == {f"layers.{layer}.{part}.weight" for layer in range(2) for part in parts}
    residual = networks.ResNet20(4)
    build = for_model(muon.build, residual, torch.zeros(2, 3, 8, 8))
    rest = {name for name, optimizer in moved_by(residual, build(residual)).items() if optimizer == "AdamW"}
    assert {name for name in rest if residual.get_parameter(name).ndim > 1} == {"stem.weight", "out.weight"}


def test_the_rates_of_muon_and_of_its_adamw_are_apart() -> None:
    first, second = muon.build(network(), lr=0.5, adamw_lr=0.25)
    assert first.param_groups[0]["lr"] == 0.5
    assert second.param_groups[0]["lr"] == 0.25


def test_muon_refuses_a_network_without_a_hidden_matrix() -> None:
    with pytest.raises(ValueError, match="hidden"):
        muon.build(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)))


def test_lion_moves_no_weight_whose_gradient_has_always_been_zero_or_is_missing() -> None:
    model = network()
    before = [p.detach().clone() for p in model.parameters()]
    (optimizer,) = lion.build(model, lr=0.01)
    first = next(model.parameters())
    first.grad = torch.zeros_like(first)
    first.grad[0] = 1.0
    for _ in range(3):
        optimizer.step()
    torch.testing.assert_close(first.detach()[0], before[0][0] - 0.03)
    assert torch.equal(first.detach()[1:], before[0][1:])
    assert all(torch.equal(p, start) for p, start in zip(list(model.parameters())[1:], before[1:], strict=True))


def test_moved_by_names_our_own_optimizers_and_torchs_that_ours_are_forms_of() -> None:
    model = network()
    assert set(moved_by(model, lion.build(model)).values()) == {"Lion"}
    assert set(moved_by(model, momentum_sgd.build(model)).values()) == {"SGD"}
    assert set(moved_by(model, rmsprop.build(model)).values()) == {"RMSprop"}
    assert set(moved_by(model, muon.build(model)).values()) == {"Muon", "AdamW"}


def test_moved_by_finds_a_parameter_that_nobody_moves_and_one_that_two_move() -> None:
    model = network()
    (whole,) = sgd.build(model)
    part = torch.optim.SGD([next(model.parameters())], lr=0.1)
    with pytest.raises(ValueError, match=r"fc1\.bias is moved by no optimizer"):
        moved_by(model, [part])
    with pytest.raises(ValueError, match=r"fc1\.weight is moved by SGD and SGD"):
        moved_by(model, [whole, part])
