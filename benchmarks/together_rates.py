"""What six learning rates of an erasure cost as one stack against the same six one after the other, looks included.

Adam on a part of CIFAR-10 as published (3072–256–256–10, batch 256, 300 steps); on the GPU where there is one, else on
one core. As with replicates (`together`), a CPU has little to gain and stacks nothing by default.
"""

from functools import partial

import torch

from app.contract.events import Measured
from app.kinds.erasure.spec import ErasureSpec
from benchmarks.datasets import DATASETS_DIR
from benchmarks.stacks import times
from workers.science.experiments.erasure import run

NAME = "together_rates"
GPU = torch.cuda.is_available()
BOUND = 0.8 if GPU else 1.5
"""Ratio of the stack's time to that of the six; on a CPU it bounds a loss."""
SPEC = ErasureSpec.model_validate(
    {
        "kind": "erasure",
        "dataset": {"kind": "cifar10_10k"},
        "optimizers": [{"kind": "adam", "lrs": (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03)}],
        "twins": False,
        "replicates": 1,
    }
)


def measure() -> float:
    """Return the ratio of median times over three rounds."""
    torch.set_num_threads(1)
    took, gave = times({"apart": partial(_ends, []), "stacked": partial(_ends, SPEC.stack_groups(6))}, 3)
    torch.testing.assert_close(gave["stacked"], gave["apart"], rtol=0.05, atol=0.05)
    return took["stacked"] / took["apart"]


def _ends(at_once: list[str]) -> list[float]:
    """Return the visibility that each rate leaves."""
    outputs = run(SPEC, 0, device="cuda:0" if GPU else "cpu", datasets_dir=DATASETS_DIR, plan={"stack_groups": at_once})
    ends = [output for output in outputs if isinstance(output, Measured) and output.series == SPEC.ends]
    return [end.columns["visibility"][0] for end in ends]
