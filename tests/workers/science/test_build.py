"""From names to callables."""

import pytest

from app.contract.params import Params
from app.kinds.specs import EXPERIMENTS
from app.methods.catalog import CATALOG
from app.methods.schedule.step_decay import StepDecay
from workers.science.build import build
from workers.science.experiments import lottery
from workers.science.schedules import cosine


def test_an_entry_gives_its_callable_as_it_is() -> None:
    assert build(CATALOG["schedule"]["cosine"]) is cosine.factor
    assert build(EXPERIMENTS["lottery"]) is lottery.run


def test_parameters_give_the_callable_with_their_values_bound() -> None:
    halving = build(StepDecay(kind="step_decay", milestones=(0.5,), gamma=0.5))
    assert [halving(step, 4) for step in range(4)] == [1, 1, 0.5, 0.5]


def test_parameters_of_no_entry_are_refused() -> None:
    with pytest.raises(KeyError, match="Params belongs to no entry"):
        build(Params(kind="stranger"))
