"""What a dense training costs here against a bare hand-written torch loop: the same steps, the same evaluations.

LeNet-300-100 on MNIST, batch 128, fused Adam on both sides, one core. Ours goes through masks (none are needed), keyed
data order, checks for divergence, measurements and progress. The bare loop does nothing that training does not need.
"""

import time
from statistics import median

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from app.kinds.lottery.spec import LotteryKey
from benchmarks.datasets import DATASETS_DIR
from workers.science.data import mnist
from workers.science.data.dataset import Dataset, Split
from workers.science.experiments.trainer import Plan, Trainer
from workers.science.models import lenet_300_100
from workers.science.models.init import initialise
from workers.science.models.prunable import prunable
from workers.science.optim import adam
from workers.science.random import generator
from workers.science.train.batches import Batches

NAME = "dense_step"
BOUND = 1.15
"""Ratio of our time to the bare loop's."""

ROUNDS, STEPS, EVAL_EVERY, BATCH, LR = 7, 400, 100, 128, 1.2e-3


def measure() -> float:
    """Return the ratio of median processor times over interleaved rounds, after one to warm up."""
    torch.set_num_threads(1)
    data = mnist.load(DATASETS_DIR)
    model = lenet_300_100.build(data.shape, data.n_classes)
    initialise(model, generator(0, "init"))
    start = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    times: dict[str, list[float]] = {"bare": [], "ours": []}
    ends: dict[str, Tensor] = {}
    for round_ in range(1 + ROUNDS):
        for name, loop in (("bare", bare), ("ours", ours)):
            model.load_state_dict(start)
            began = time.process_time()
            loop(model, data, start)
            if round_ > 0:
                times[name].append(time.process_time() - began)
            ends[name] = next(model.parameters()).detach().clone()
    # Both did the same work, or the ratio means nothing.
    torch.testing.assert_close(ends["ours"], ends["bare"])
    return median(times["ours"]) / median(times["bare"])


def bare(model: nn.Module, data: Dataset, _start: dict[str, Tensor]) -> list[tuple[float, float]]:
    """Train in a loop that one writes by hand."""
    optimizer = torch.optim.Adam(model.parameters(), lr=LR, fused=True)
    x, y = data.train.x, data.train.y
    order = torch.randperm(len(y), generator=generator(0, "order", 0))
    results = []
    for step in range(STEPS):
        if step % EVAL_EVERY == 0:
            results += [test(model, data.validation), test(model, data.test)]
        rows = order[step * BATCH : (step + 1) * BATCH]
        loss = cross_entropy(model(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return [*results, test(model, data.validation), test(model, data.test), test(model, data.train)]


@torch.no_grad()
def test(model: nn.Module, split: Split) -> tuple[float, float]:
    """Return loss and accuracy, 1,000 examples at a time."""
    loss, right = 0.0, 0
    for x, y in zip(torch.split(split.x, 1000), torch.split(split.y, 1000), strict=True):
        logits = model(x)
        loss += cross_entropy(logits, y, reduction="sum").item()
        right += int((logits.argmax(1) == y).sum())
    return loss / len(split), right / len(split)


def ours(model: nn.Module, data: Dataset, start: dict[str, Tensor]) -> None:
    """Train once as an experiment does, every output consumed."""

    def order(epoch: int) -> Tensor:
        return torch.randperm(len(data.train), generator=generator(0, "order", epoch))

    trainer = Trainer(
        model,
        data,
        Batches(len(data.train), BATCH, order),
        lambda model: adam.build(model, lr=LR),
        STEPS,
        EVAL_EVERY,
        total=STEPS,
        done=0,
    )
    full = {name: torch.ones(layer.shape, dtype=torch.bool) for name, layer in prunable(model).items()}
    for _output in trainer.train(Plan(LotteryKey(), start, full, lambda _step: 1.0)):
        pass
