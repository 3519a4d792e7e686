"""Lottery tickets: prune, rewind, train again, level by level, with the controls of each ticket.

Defined in docs/protocol.md. Nothing here depends on the place of a control in the spec's list, nor on how many levels
or draws there are. So a larger spec adds to what a smaller one did.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch

from app.contract.params import OptimizerParams
from app.kinds.lottery.spec import LotterySpec
from workers.science.architecture.architecture import described
from workers.science.build import build
from workers.science.experiments.clock import Clock
from workers.science.experiments.datasets import dataset
from workers.science.experiments.lottery_replicate import Replicate
from workers.science.experiments.stacked_trainer import Step
from workers.science.experiments.trainer import Trainer
from workers.science.models.prunable import prunable
from workers.science.optim.for_model import for_model
from workers.science.optim.moved_by import moved_by
from workers.science.outputs import Resume
from workers.science.sparse import threshold
from workers.science.stacked.footprint import Footprint
from workers.science.stacked.footprint import footprint as stacked


def run(
    spec: LotterySpec,
    replicate: int,
    *,
    device: torch.device | str = "cpu",
    datasets_dir: Path,
    resume: Resume | None = None,
    plan: Mapping[str, Any] = MappingProxyType({}),
    clock: Clock | None = None,
    trainer: Callable[..., Trainer] = Trainer,
) -> Iterator[Step]:
    """Run one replicate: the dense network, then at each level the ticket and every draw of every control.

    Yields series `layers`, `evaluation`, `outcome` and `movement`, and artifacts `init`, `rewind`, `mask`, `pyramid`,
    `ticket` and `movement`. Yields Progress at least every 0.1 s while training. Yields a Checkpoint after each
    training and, when `clock` is due, within one.

    Of `plan`, the shard's numeric plan, two parts are obeyed: what `tune` measured, and which trainings run at once.
    What is logged stays in the same order. With `resume`, what its state lists as done is not done again and its
    artifacts are loaded. So the rest comes out identical to the bit, on the same device and under the same plan. `spec`
    may have grown since (`LotterySpec.extends`). `trainer` builds what trains all its networks. With
    `stacked_trainer.StackedTrainer` several train at once; its requests are among the outputs.
    """
    csr_below = plan.get("tuned", {}).get("csr_below", 0.0)
    autocast = torch.bfloat16 if spec.precision == "bfloat16" else None
    trainer = partial(trainer, csr_below=csr_below, clock=clock or Clock(), autocast=autocast)
    stacks = plan.get("stack_groups", ())
    yield from Replicate(spec, replicate, torch.device(device), datasets_dir, resume, trainer, stacks).run()


def describe(spec: LotterySpec, datasets_dir: Path) -> dict[str, Any]:
    """Return what a numeric plan records of the network.

    "input": shape of one example; "layers": name and shape of each prunable layer, in the order of the `layer` column.
    "moved_by": parameter name -> torch optimizer.
    "architecture": what the model consists of, or the "reason" why that is not defined.
    """
    data = dataset(spec.dataset, datasets_dir)
    model = build(spec.model)(data.shape, data.n_classes)
    return {
        "input": list(data.shape),
        "layers": [
            {"name": layer.name.removesuffix(".weight"), "shape": list(layer.shape)}
            for layer in prunable(model, data.train.x[:2]).values()
        ],
        "moved_by": moved_by(model, for_model(build(spec.optimizer), model, data.train.x[:2])(model)),
        "architecture": described(model, data.train.x[:2]),
    }


def footprint(spec: LotterySpec, datasets_dir: Path) -> Footprint:
    """Return how much memory its replicates take in a stack."""
    data = dataset(spec.dataset, datasets_dir)
    model = build(spec.model)(data.shape, data.n_classes)
    return stacked(model, for_model(build(spec.optimizer), model, data.train.x[:2]), data, spec.batch_size)


def tune(
    spec: LotterySpec,
    datasets_dir: Path,
    device: torch.device | str,
    get_or_measure: Callable[[dict[str, Any], Callable[[], Any]], Any],
    stacked: bool = False,
) -> dict[str, Any]:
    """Return what a numeric plan needs that has to be measured; `get_or_measure(question, measure)` keeps answers.

    "csr_below": share of kept weights under which linear layers train as compressed sparse rows; 0 for never. What is
    trained `stacked`, each network with masks of its own, is always dense, as is a training in 16 bits.
    """
    elementwise = isinstance(spec.optimizer, OptimizerParams) and spec.optimizer.elementwise
    never = spec.sparse_training == "off" or spec.precision != "float32" or not elementwise
    if never or torch.device(device).type != "cpu" or stacked:
        return {"csr_below": 0.0}
    data = dataset(spec.dataset, datasets_dir)
    question = {"csr_below": spec.model.model_dump(mode="json"), "shape": list(data.shape), "batch": spec.batch_size}
    blank = partial(build(spec.model), data.shape, data.n_classes)
    return {"csr_below": get_or_measure(question, lambda: threshold.csr_below(blank, data.shape, spec.batch_size))}
