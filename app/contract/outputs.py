"""All that one replicate logs deterministically, keyed so that two runs of it can be compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.contract.training_key import TrainingKey


class Key(NamedTuple):
    """One series, or one artifact, of one training."""

    training: TrainingKey
    sort: Literal["rows", "artifact"]
    name: str


@dataclass(frozen=True)
class Rows:
    """The rows of a series as measured: `table` is (n_columns, n_rows), float64; NaN is a value."""

    columns: tuple[str, ...]
    table: NDArray[np.float64]


@dataclass(frozen=True)
class Saved:
    """An artifact, by the SHA-256 of its bytes."""

    sha256: str
    size_bytes: int


Output: TypeAlias = Rows | Saved
Outputs: TypeAlias = Mapping[Key, Output]
"""In the order in which the replicate logged them."""
