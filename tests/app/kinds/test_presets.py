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


def test_the_vision_transformer_keeps_some_of_each_kernel() -> None:
    """A global threshold left 4 of the 3,072 weights that read the patches, drawn small as Glorot draws them."""
    spec = PRESETS["vit-digits"].spec
    assert isinstance(spec, LotterySpec)
    kernels = spec.model.kernels(spec.dataset.shape, spec.dataset.n_classes)
    for kernel, left in zip(kernels, spec.pruning.kept(kernels, spec.levels), strict=True):
        assert left == pytest.approx((0.7 if kernel.role == "output" else 0.4) ** 3 * kernel.weights, abs=1)
