"""Small lottery runs on stacked trainers, and what is read from their outputs."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from math import inf
from typing import Any

import numpy as np
from safetensors.torch import load, save

from app.contract.events import Measured, Progress
from app.kinds.lottery.spec import LotterySpec
from app.methods.catalog import CATALOG
from tests.workers.science.experiments.lottery_runs import NOWHERE, unstacked
from workers.science.experiments.clock import Clock
from workers.science.experiments.lottery import run
from workers.science.experiments.stacked_trainer import Stack, StackedTrainer, Step, Waiting, conduct
from workers.science.outputs import Checkpoint, Output, Resume, Tensors

SMALL: dict[str, Any] = {
    "kind": "lottery",
    "dataset": {"kind": "digits"},
    "model": {"kind": "lenet_300_100"},
    "optimizer": {"kind": "adam"},
    "steps": 10,
    "eval_every": 4,
    "pruning": {"kind": "layerwise_magnitude", "rate": 0.5, "output_rate": 0.3},
    "levels": 2,
    "branches": [{"kind": "reinit"}, {"kind": "shuffled"}],
}

SLOTS = 3

STACKABLE = sorted(
    kind for kind in CATALOG["optimizer"] if LotterySpec.model_validate(SMALL | {"optimizer": {"kind": kind}}).stackable
)


def small(**fields: Any) -> LotterySpec:
    return LotterySpec.model_validate(SMALL | fields)


def alone(spec: LotterySpec, replicate: int) -> list[Output]:
    return list(unstacked(run(spec, replicate, datasets_dir=NOWHERE)))


def running(
    spec: LotterySpec,
    resumes: Mapping[int, Resume | None],
    slots: int = SLOTS,
    every_s: float = inf,
    at_once: Sequence[str] = (),
) -> dict[int, Iterator[Step]]:
    stack = Stack(slots)
    return {
        replicate: run(
            spec,
            replicate,
            datasets_dir=NOWHERE,
            resume=resume,
            plan={"stack_groups": at_once},
            clock=Clock(every_s),
            trainer=partial(StackedTrainer, stack=stack, slot=replicate),
        )
        for replicate, resume in resumes.items()
    }


def gathered(outputs: Iterable[tuple[int, Output]]) -> dict[int, list[Output]]:
    said: dict[int, list[Output]] = defaultdict(list)
    for slot, output in outputs:
        assert not isinstance(output, Waiting)
        said[slot].append(output)
    return said


def together(
    spec: LotterySpec, resumes: Mapping[int, Resume | None], slots: int = SLOTS, every_s: float = inf
) -> dict[int, list[Output]]:
    return gathered(conduct(running(spec, resumes, slots, every_s)))


def lasting(outputs: Iterable[Output]) -> list[str]:
    """What outlives the run, to the bit."""

    def said(output: Output) -> str:
        if isinstance(output, Measured):
            bits = {name: np.array(column).tobytes().hex() for name, column in output.columns.items()}
            return f"{output.series} {output.key} {bits}"
        if isinstance(output, Tensors):
            return f"{output.name} {output.key} {save(dict(output.tensors)).hex()} {output.meta}"
        return str(output)

    return [said(output) for output in outputs if not isinstance(output, Progress)]


def kept(outputs: Iterable[Output]) -> list[str]:
    """The same without checkpoints."""
    return lasting(output for output in outputs if not isinstance(output, Checkpoint))


def halves(outputs: Iterable[Output]) -> list[tuple[int, int]]:
    """Where checkpoints lie within a training, and the steps that had been made in it."""
    return [
        (i, output.state["unfinished"][0]["loop"]["step"])
        for i, output in enumerate(outputs)
        if isinstance(output, Checkpoint) and "unfinished" in output.state
    ]


def evaluations(outputs: Iterable[Output]) -> list[Mapping[str, Sequence[float]]]:
    return [o.columns for o in outputs if isinstance(o, Measured) and o.series == "evaluation"]


def headings(outputs: Iterable[Output]) -> list[tuple[object, ...]]:
    return [
        (type(output), getattr(output, "series", getattr(output, "name", "")), getattr(output, "key", None))
        for output in outputs
        if not isinstance(output, Progress)
    ]


def stopped_at(outputs: list[Output], checkpoint: int) -> tuple[int, Resume]:
    """Where in the outputs the `checkpoint`-th Checkpoint stands, and what a new process has of those before it."""
    at = [i for i, output in enumerate(outputs) if isinstance(output, Checkpoint)][checkpoint]
    kept = {(o.name, o.key): save(dict(o.tensors)) for o in outputs[:at] if isinstance(o, Tensors)}
    state = outputs[at]
    assert isinstance(state, Checkpoint)
    return at, Resume(json.loads(json.dumps(state.state)), lambda name, key: load(kept[name, key]))
