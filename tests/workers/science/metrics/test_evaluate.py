"""Loss and accuracy against NumPy in double precision."""

from math import isnan, log

import numpy as np
import pytest
import torch
from torch import nn

from workers.science.data.dataset import Split
from workers.science.metrics.evaluate import BATCH, evaluate
from workers.science.random import generator


def split(n: int) -> Split:
    x = torch.rand(n, 1, 4, 4, generator=generator(n, "x"))
    return Split(x, torch.randint(0, 10, (n,), generator=generator(n, "y")))


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 10))


@pytest.mark.parametrize("n", [1, 7, BATCH, BATCH + 1, 2 * BATCH + 500])
def test_as_by_numpy(n: int) -> None:
    model, data = network(), split(n)
    weight, bias = (parameter.detach().double().numpy() for parameter in model.parameters())
    logits = data.x.double().numpy().reshape(n, 16) @ weight.T + bias
    losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(n), data.y]
    right = logits.argmax(axis=1) == data.y.numpy()
    evaluation = evaluate(model, data)
    assert evaluation.loss == pytest.approx(losses.mean(), rel=1e-6)
    assert evaluation.accuracy == right.mean()


def test_nats() -> None:
    """Equal logits over ten classes cost ln 10 nats; the first class is taken."""
    model, data = network(), split(50)
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    loss, accuracy = evaluate(model, data)
    assert loss == pytest.approx(log(10), rel=1e-6)
    assert accuracy == (data.y == 0).sum().item() / 50


@pytest.mark.parametrize("training", [True, False])
def test_in_eval_mode_without_gradients(training: bool) -> None:
    seen: list[tuple[bool, bool]] = []

    class Spy(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen.append((self.training, torch.is_grad_enabled()))
            return x

    model = nn.Sequential(Spy(), network(), nn.Dropout(0.9)).train(training)
    first = evaluate(model, split(100))
    assert evaluate(model, split(100)) == first  # no dropout
    assert seen == [(False, False)] * 2
    assert model.training is training
    assert torch.is_grad_enabled()


def test_a_diverged_network_is_said_so() -> None:
    model = network()
    nn.init.constant_(model.get_parameter("1.weight"), torch.nan)
    assert isnan(evaluate(model, split(BATCH + 1)).loss)


def test_empty_split() -> None:
    with pytest.raises(ValueError, match="empty"):
        evaluate(network(), split(0))
