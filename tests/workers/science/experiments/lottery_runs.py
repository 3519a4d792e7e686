"""Small lottery runs, and what is read from their outputs."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load, save
from torch import Tensor

from app.contract.events import WINNING_TICKET, Measured, Progress
from app.kinds.lottery.spec import LotteryKey, LotterySpec
from workers.science.experiments.lottery import run
from workers.science.experiments.stacked_trainer import Step, Waiting
from workers.science.experiments.ticket import Ticket, masks_of, unpack
from workers.science.outputs import Checkpoint, Output, Resume, Tensors

NOWHERE = Path("no-data-set-of-these-tests-needs-a-folder")

SMALL: dict[str, Any] = {
    "kind": "lottery",
    "dataset": {"kind": "digits"},
    "model": {"kind": "lenet_300_100"},
    "optimizer": {"kind": "adam"},
    "steps": 12,
    "batch_size": 60,
    "eval_every": 5,
    "pruning": {"kind": "layerwise_magnitude", "rate": 0.36, "output_rate": 0.18},
    "levels": 2,
    "branches": [{"kind": "reinit", "draws": 2}, {"kind": "shuffled"}],
}

RESIDUAL: dict[str, Any] = {"model": {"kind": "resnet_20"}, "init": "kaiming_normal", "eval_every": 2}

CONTROLS = [{"kind": "reinit"}, {"kind": "shuffled"}, {"kind": "random"}, {"kind": "magnitude_at_init"}]

EXPLODE = {"kind": "sgd", "lr": 100.0, "weight_decay": 1.0}

SHAPES = {"fc1.weight": (300, 64), "fc2.weight": (100, 300), "fc3.weight": (10, 100)}


def small(**fields: Any) -> LotterySpec:
    return LotterySpec.model_validate(SMALL | fields)


def unstacked(steps: Iterable[Step]) -> Iterator[Output]:
    """The outputs of trainings that wait for no stack."""
    for step in steps:
        assert not isinstance(step, Waiting)
        yield step


def ran(spec: LotterySpec, resume: Resume | None = None, replicate: int = 0) -> list[Output]:
    return list(unstacked(run(spec, replicate, datasets_dir=NOWHERE, resume=resume)))


def said(output: Output) -> str:
    """All that an output says, to the bit."""
    if isinstance(output, Measured):
        bits = {name: np.array(column).tobytes().hex() for name, column in output.columns.items()}
        return f"{output.series} {output.key} {bits}"
    if isinstance(output, Tensors):
        return f"{output.name} {output.key} {save(dict(output.tensors)).hex()} {output.meta}"
    return str(output)


def lasting(outputs: Iterable[Output]) -> list[str]:
    """What outlives the run; progress does not."""
    return [said(output) for output in outputs if not isinstance(output, Progress)]


def resumed_from(outputs: list[Output]) -> Resume:
    """What a new process has of a run that said `outputs`: the last checkpoint, and artifacts before it as bytes."""
    last = max(i for i, output in enumerate(outputs) if isinstance(output, Checkpoint))
    kept = {
        (output.name, output.key): save(dict(output.tensors))
        for output in outputs[:last]
        if isinstance(output, Tensors)
    }
    checkpoint = outputs[last]
    assert isinstance(checkpoint, Checkpoint)
    tensors = load(save(dict(checkpoint.tensors)))
    return Resume(json.loads(json.dumps(checkpoint.state)), lambda name, key: load(kept[name, key]), tensors)


def rows(outputs: Iterable[Output], series: str) -> list[tuple[Any, dict[str, float]]]:
    return [
        (output.key, {name: column[i] for name, column in output.columns.items()})
        for output in outputs
        if isinstance(output, Measured) and output.series == series
        for i in range(output.rows)
    ]


def outcomes(outputs: Iterable[Output]) -> dict[LotteryKey, dict[str, float]]:
    return dict(rows(outputs, "outcome"))


def saved(outputs: Iterable[Output], name: str) -> dict[Any, Mapping[str, Tensor]]:
    return {output.key: output.tensors for output in outputs if isinstance(output, Tensors) and output.name == name}


def tickets(outputs: Iterable[Output]) -> list[Ticket]:
    outputs = list(outputs)
    masks: Mapping[str, Tensor] = {name: torch.ones(shape, dtype=torch.bool) for name, shape in SHAPES.items()}
    trained = saved(outputs, "ticket")
    tickets = []
    for key, encoded in saved(outputs, "mask").items():
        if key.control == WINNING_TICKET:
            masks = masks_of(encoded, masks)
            if key in trained:
                tickets.append(unpack(trained[key], masks))
    return tickets


def to_the_next_checkpoint(outputs: Iterable[Output]) -> list[Output]:
    """The outputs up to a checkpoint and with it."""
    found: list[Output] = []
    for output in outputs:
        found.append(output)
        if isinstance(output, Checkpoint):
            break
    return found
