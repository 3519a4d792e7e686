"""Tasks: losses and right predictions worked out by hand, of one network and of a stack."""

from math import exp, isnan, log

import pytest
import torch
from torch import Tensor, nn

from workers.science.data.dataset import Dataset, Split
from workers.science.metrics.evaluate import evaluate
from workers.science.optim import sgd
from workers.science.stacked.network import StackedNetwork
from workers.science.train.alone import train_alone
from workers.science.train.batches import Batches
from workers.science.train.dense import Dense
from workers.science.train.events import Evaluated
from workers.science.train.stacked import Stacked
from workers.science.train.task import BY_LOSS, CLASSIFICATION, NEXT_TOKEN, REGRESSION, Task


def nats(logits: list[float], right: int) -> float:
    return log(sum(map(exp, logits))) - logits[right]


LOGITS = [[1.0, 2.0, -1.0], [0.5, 0.0, 0.0]]
CASES = {
    "classification": (CLASSIFICATION, LOGITS, [1, 2], [nats(LOGITS[0], 1), nats(LOGITS[1], 2)], [True, False]),
    "next_token": (
        NEXT_TOKEN,
        [LOGITS, LOGITS[::-1]],
        [[1, 2], [0, 1]],
        [[nats(LOGITS[0], 1), nats(LOGITS[1], 2)], [nats(LOGITS[1], 0), nats(LOGITS[0], 1)]],
        [[True, False], [True, True]],
    ),
    "one-hot": (REGRESSION, LOGITS, [1, 2], [(1 + 1 + 1) / 3, (0.25 + 1) / 3], [True, False]),
}


@pytest.mark.parametrize("case", CASES)
def test_losses_and_right_predictions_are_those_worked_out_by_hand(case: str) -> None:
    task, outputs, y, losses, right = CASES[case]
    outputs, y = torch.tensor(outputs), torch.tensor(y)
    expected = torch.tensor(losses)
    torch.testing.assert_close(task.prediction_losses(outputs, y), expected)
    torch.testing.assert_close(task.loss(outputs, y), expected.mean())
    torch.testing.assert_close(task.total(outputs, y), expected.sum())
    assert task.right(outputs, y).tolist() == right
    stacked = task.losses(torch.stack([outputs, 2 * outputs]), torch.stack([y, y]))
    torch.testing.assert_close(stacked, torch.stack([task.loss(outputs, y), task.loss(2 * outputs, y)]))


def test_vectors_are_targets_of_a_regression_and_have_no_right_predictions() -> None:
    outputs, y = torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 4.0]])
    assert REGRESSION.loss(outputs, y).item() == (1 + 4) / 2
    assert isnan(REGRESSION.right(outputs, y).item())
    assert BY_LOSS == {"cross_entropy": CLASSIFICATION, "mse": REGRESSION}


def data(task: Task, x: Tensor, y: Tensor) -> Dataset:
    split = Split(x, y)
    return Dataset("drawn", split, split, split, n_classes=5, task=task)


def fitted(task: Task, model: nn.Module, x: Tensor, y: Tensor) -> list[Evaluated]:
    """A training on all of the examples in each step; rows before and after."""
    n = len(x)
    layout, batches = Dense(model, task), Batches(n, n, lambda _: torch.arange(n))
    optimizers = sgd.build(model, lr=0.3)
    events = train_alone(layout, data(task, x, y), optimizers, batches, steps=60, eval_every=60)
    return [event for event in events if isinstance(event, Evaluated)]


def test_a_network_learns_the_next_symbol() -> None:
    """Which is always the symbol after it: all 5 symbols of 7 windows of 4."""
    torch.manual_seed(0)
    x = (torch.arange(7).unsqueeze(1) + torch.arange(4)) % 5
    model = nn.Sequential(nn.Embedding(5, 8), nn.Linear(8, 5))
    before, after = fitted(NEXT_TOKEN, model, x, (x + 1) % 5)
    assert after.test_loss < before.test_loss / 2
    assert after.test_accuracy == 1
    assert 0 <= before.test_accuracy < 1
    assert before.test_accuracy * 28 == round(before.test_accuracy * 28)
    stack = StackedNetwork(model, 2)
    stack.put(1, model.state_dict())
    assert Stacked(stack, NEXT_TOKEN).evaluate(Split(x, (x + 1) % 5))[1].accuracy == 1


def test_a_network_learns_numbers() -> None:
    torch.manual_seed(0)
    x = torch.rand(40, 3)
    before, after = fitted(REGRESSION, nn.Linear(3, 2), x, x @ torch.tensor([[1.0, 0.0], [2.0, -1.0], [0.0, 0.5]]))
    assert after.test_loss < before.test_loss / 4
    assert isnan(after.test_accuracy)


def test_evaluation_is_by_the_task() -> None:
    model = nn.Identity()
    outputs, y = torch.tensor(LOGITS), torch.tensor([1, 2])
    found = evaluate(model, Split(outputs, y), REGRESSION)
    assert found == pytest.approx(((3 / 3 + 1.25 / 3) / 2, 0.5))
