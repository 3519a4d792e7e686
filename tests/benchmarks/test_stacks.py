"""What benchmarks of stacks compare is the same work, so that they can be trusted where a GPU first runs them."""

from functools import partial
from pathlib import Path

import pytest

from benchmarks.stacks import Trainings, same, times
from workers.science.data import digits
from workers.science.models import conv_4, lenet_300_100


@pytest.mark.parametrize("model", [lenet_300_100, conv_4], ids=["lenet", "conv4"])
def test_a_stack_ends_where_its_replicates_do_alone(model: object) -> None:
    data = digits.load(Path())
    blank = partial(model.build, data.shape, data.n_classes)  # type: ignore[attr-defined]
    trainings = Trainings(blank, data, 3, batch=20, steps=4, eval_every=2, dense=1)
    assert [each.masks is None for each in trainings.replicates] == [True, False, False]
    took, gave = times({"apart": trainings.apart, "stacked": trainings.stacked, "one": partial(trainings.apart, 1)}, 1)
    assert set(took) == {"apart", "stacked", "one"}
    assert all(seconds > 0 for seconds in took.values())
    same(gave["apart"], gave["stacked"])
    assert gave["one"] == gave["apart"][:1]  # type: ignore[index]
    with pytest.raises(AssertionError):
        same(gave["apart"], gave["stacked"][::-1])  # type: ignore[index]
