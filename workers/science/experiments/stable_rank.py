"""Stable rank of the first update against width: how many directions one step moves."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch

from app.contract.events import Progress
from app.kinds.stable_rank.spec import StableRankKey, StableRankSpec
from workers.science.erasure import network
from workers.science.erasure.measures import stable_rank
from workers.science.experiments.clock import Clock
from workers.science.experiments.datasets import dataset
from workers.science.experiments.rows import one_row
from workers.science.optim.orthogonalise import MODULA, orthogonalise
from workers.science.outputs import Checkpoint, Output, Resume
from workers.science.random import generator
from workers.science.train.task import BY_LOSS


def run(
    spec: StableRankSpec,
    replicate: int,
    *,
    device: torch.device | str = "cpu",
    datasets_dir: Path,
    resume: Resume | None = None,
    plan: Mapping[str, Any] = MappingProxyType({}),  # noqa: ARG001 (nothing of it is a choice here)
    clock: Clock | None = None,  # noqa: ARG001 (each row is a checkpoint)
) -> Iterator[Output]:
    """Run one replicate: for each width and batch size the gradient of the middle matrix at initialisation.

    Yields one row of the series `stable_rank` for each, with Progress in Mflop and a Checkpoint.
    """
    data = dataset(spec.dataset, datasets_dir).to(device)
    random = partial(generator, spec.seed, replicate)
    order = torch.randperm(len(data.train), generator=random("order"))
    done = list(resume.state["done"]) if resume else []
    total = spec.units_per_replicate
    before = 0
    for width in spec.widths:
        for batch_size in spec.batch_sizes:
            key = StableRankKey(width=width, batch_size=batch_size)
            if key.model_dump() not in done:
                model = network.build(data.train.x[0].numel(), width, data.n_classes)
                network.initialise(model, random("init", width))
                model.to(device)
                rows = order[:batch_size].to(device)
                yield Progress(done=before, total=total)
                BY_LOSS[spec.loss].loss(model(data.train.x[rows]), data.train.y[rows]).backward()  # type: ignore[no-untyped-call]
                gradient = model.get_parameter("fc2.weight").grad
                assert gradient is not None  # noqa: S101 (it has just been taken)
                yield one_row(
                    "stable_rank",
                    key,
                    {
                        "gradient": stable_rank(gradient),
                        "dualised": stable_rank(orthogonalise(gradient, MODULA)),
                        "cap": min(width, batch_size),
                    },
                )
                done.append(key.model_dump())
                yield Checkpoint({"done": done.copy()})
            before += spec.mflop(width, batch_size)
    yield Progress(done=total, total=total)


def describe(spec: StableRankSpec, datasets_dir: Path) -> dict[str, Any]:
    """Return what a numeric plan records of the networks: "input", the shape of one example, and the widths."""
    return {"input": list(dataset(spec.dataset, datasets_dir).shape), "widths": list(spec.widths)}
