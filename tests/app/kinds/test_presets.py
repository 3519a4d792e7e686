"""Presets are complete, named by their keys, and the paper-scale one is the paper's."""

import pytest

from app.kinds.lottery.spec import LotterySpec
from app.kinds.presets import PRESETS
from app.kinds.specs import EXPERIMENTS


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_says_what_it_is_about(name: str) -> None:
    preset = PRESETS[name]
    assert preset.name == name
    assert preset.spec.kind in EXPERIMENTS
    assert preset.link.startswith("https://")
    assert all((preset.title, preset.paper, preset.claim, preset.differs))


def test_the_paper_scale_preset_is_the_papers_table() -> None:
    spec = PRESETS["frankle-carbin-lenet"].spec
    assert isinstance(spec, LotterySpec)
    assert (spec.steps, spec.batch_size, spec.eval_every, spec.replicates) == (50_000, 60, 100, 5)
    assert spec.optimizer.model_dump()["lr"] == 1.2e-3
    assert spec.pruning.model_dump()["rate"] == 0.2
    assert spec.pruning.model_dump()["output_rate"] == 0.1


def test_the_demo_is_small() -> None:
    spec = PRESETS["digits-tickets"].spec
    assert spec.replicates * spec.units_per_replicate == 102_000
