"""A whole run of iterative magnitude pruning with sparse training against the same run with it off, on one core.

LeNet-300-100 on MNIST, 20 levels of 400 steps at batch 128, Adam, evaluated twice a level. The density below which
layers are sparse is measured first, as a worker does. Everything that a replicate logs and saves is part of the time.
Of a run of two replicates each has a core of its own and makes as many steps, so one of them represents both.
"""

import time

from app.kinds.lottery.spec import LotterySpec
from benchmarks.datasets import DATASETS_DIR
from workers import numerics
from workers.science.experiments.lottery import run, tune

NAME = "imp_csr"
BOUND = 0.65
"""Processor time with sparse training over that without."""

SPEC = LotterySpec.model_validate(
    {
        "kind": "lottery",
        "dataset": {"kind": "mnist"},
        "model": {"kind": "lenet_300_100"},
        "optimizer": {"kind": "adam"},
        "steps": 400,
        "batch_size": 128,
        "eval_every": 200,
        "pruning": {"kind": "layerwise_magnitude"},
        "levels": 20,
        "replicates": 1,
    }
)


def measure() -> float:
    """Measure one replicate of each."""
    numerics.pin()
    tuned = tune(SPEC, DATASETS_DIR, "cpu", lambda _question, find_out: find_out())
    spent = []
    for plan in ({"tuned": tuned}, {}):
        began = time.process_time()
        for _output in run(SPEC, 0, datasets_dir=DATASETS_DIR, plan=plan):
            pass
        spent.append(time.process_time() - began)
    return spent[0] / spent[1]
