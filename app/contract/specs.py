"""One spec per experiment kind: all that a run is, and nothing that depends on where it runs."""

from collections.abc import Mapping
from typing import Annotated, TypeAlias

from pydantic import Field, TypeAdapter

from app.contract.catalog import Entry
from app.contract.erasure import ErasureSpec
from app.contract.experiment import Experiment, FieldError
from app.contract.hardware import HardwareSpec
from app.contract.imported import ImportedSpec
from app.contract.lottery import LotterySpec
from app.contract.stable_rank import StableRankSpec

__all__ = [
    "EXPERIMENT",
    "EXPERIMENTS",
    "TITLES",
    "ErasureSpec",
    "Experiment",
    "FieldError",
    "HardwareSpec",
    "ImportedSpec",
    "LotterySpec",
    "Spec",
    "StableRankSpec",
    "Submitted",
]

EXPERIMENTS: Mapping[str, Entry] = {
    "lottery": Entry(
        "workers.science.experiments.lottery:run",
        LotterySpec,
        "Lottery tickets",
        "Prune, rewind, train again: does a sparse subnetwork learn as well as the dense network, and do controls?",
        "Frankle & Carbin 2019, arXiv 1803.03635",
    ),
    "erasure": Entry(
        "workers.science.experiments.erasure:run",
        ErasureSpec,
        "Weight erasure",
        "Put a picture into the initial weights and train: which optimizers erase it, and which leave it visible?",
        "docs.modula.systems, weight erasure; Jesus et al. 2021, arXiv 2012.02550",
    ),
    "stable_rank": Entry(
        "workers.science.experiments.stable_rank:run",
        StableRankSpec,
        "Stable rank of updates",
        "Along how many directions does a step move as networks get wider: for the raw gradient, and for the "
        "dualised one?",
        "docs.modula.systems, weight erasure",
    ),
    "hardware": Entry(
        "workers.science.experiments.hardware:run",
        HardwareSpec,
        "Hardware",
        "Is a sparse layer or a ticket faster than the dense one on a real machine, and below which density?",
        "torch.sparse; Mishra et al. 2021, arXiv 2104.08378",
    ),
}

# What workers do, by the kind that each spec names itself.
Submitted: TypeAlias = Annotated[LotterySpec | ErasureSpec | StableRankSpec | HardwareSpec, Field(discriminator="kind")]
# What a run may be: an experiment, or masks that came from elsewhere.
Spec: TypeAlias = Annotated[
    LotterySpec | ErasureSpec | StableRankSpec | HardwareSpec | ImportedSpec, Field(discriminator="kind")
]
EXPERIMENT: TypeAdapter[LotterySpec | ErasureSpec | StableRankSpec | HardwareSpec] = TypeAdapter(Submitted)
TITLES: Mapping[str, str] = {**{kind: entry.title for kind, entry in EXPERIMENTS.items()}, "imported": "Imported masks"}
"""What a reader calls each kind of run."""
