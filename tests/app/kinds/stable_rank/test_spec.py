"""The stable-rank spec: what it costs and refuses."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.kinds.stable_rank.spec import StableRankSpec


def spec(**changes: Any) -> StableRankSpec:
    return StableRankSpec.model_validate({"kind": "stable_rank", "dataset": {"kind": "digits"}, **changes})


def test_work_is_a_gradient_for_each_width_and_batch() -> None:
    experiment = spec(widths=(32, 64), batch_sizes=(16,), replicates=2)
    assert experiment.work == (4, "gradient")
    assert experiment.units_per_replicate == sum(experiment.mflop(width, 16) for width in (32, 64))
    assert experiment.model_name == "mlp_32_to_64"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"widths": (32, 32)}, "widths: lists a number twice"),
        ({"batch_sizes": (4, 4)}, "batch_sizes: lists a number twice"),
        ({"batch_sizes": (2_000,)}, "batch_sizes: must not exceed the 1,257"),
        ({"widths": (4,)}, "greater than or equal to 8"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        spec(**changes)
