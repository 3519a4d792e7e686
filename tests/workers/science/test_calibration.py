"""Calibration covers the catalog and times real steps."""

import time

import pytest
import torch
from torch import nn

from app.contract.experiment import EVAL_EVERY, cut
from app.kinds.presets import PRESETS
from app.methods.catalog import CATALOG
from workers.calibration import fit
from workers.science.calibration import calibrate
from workers.science.models.conv import conv_network


def test_every_model_is_timed_on_every_data_set() -> None:
    began = time.perf_counter()
    times = list(calibrate(8, seconds=0.02))
    models = {
        (m, d)
        for m, entry in CATALOG["model"].items()
        for d, data in CATALOG["dataset"].items()
        if fit(entry.params, data.params)
    }
    assert ("vgg_11", "cifar10") in models
    assert ("vgg_11", "digits") not in models
    assert ("char_transformer", "tiny_shakespeare") in models
    assert ("lenet_300_100", "tiny_shakespeare") not in models
    cut_too = {(m, cut(d)) for m, d in models if d != "tiny_shakespeare"}
    assert {(t.model, t.dataset) for t in times} == models | cut_too | {("mlp", "any")}
    took = {(t.model, t.dataset): t.step_s for t in times}
    assert all(took[model, cut(dataset)] > took[model, dataset] for model, dataset in models if dataset == "digits")
    trained = [p.spec for p in PRESETS.values() if p.spec.kind == "lottery"]
    assert {spec.pace[:2] for spec in trained} <= took.keys()
    assert all(0 < t.step_s < time.perf_counter() - began for t in times)
    assert {t.batch_size for t in times if t.model != "mlp"} == {8}


def test_a_mflop_is_a_million_of_its_products(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(float(second) for second in range(1_000_000))
    monkeypatch.setattr("workers.science.calibration.clock", lambda _device: lambda: next(clock))
    mlp = next(calibrate(2, seconds=3))
    # A look before, one after each of three matrices until 3 s are over, and one at the end: 4 s of 3 × 6 rounds.
    assert mlp.step_s == pytest.approx(4 / (3 * 6 * 6 * 256**3 / 1e6))


def test_a_step_is_what_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(float(second) for second in range(1_000_000))
    monkeypatch.setattr("workers.science.calibration.clock", lambda _device: lambda: next(clock))
    # The clock moves a second at each look: one before the steps, one after each until 3 s are over, one at the end.
    # Then one before an evaluation of 100 examples and one after.
    sets = {("conv_2", "digits"), ("conv_2", "mnist"), ("resnet_20", "digits")}
    # Validation and test: 180 + 360 pictures of digits, 5,000 + 10,000 of MNIST.
    evaluated = {"digits": 540, "mnist": 15_000}
    for time_ in calibrate(2, seconds=3, wanted=sets):
        assert time_.step_s == pytest.approx(5 / 4 + evaluated[time_.dataset] / 100 / EVAL_EVERY)


def test_what_every_step_costs_is_not_multiplied_with_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model so slow that it is timed on few examples: 10 s a step and 2 s an example make 130 s for 60."""
    monkeypatch.setattr("workers.science.calibration._step_s", lambda _model, _like, n, *_: 10.0 + 2.0 * n)
    monkeypatch.setattr("workers.science.calibration.clock", lambda _device: lambda: 0.0)
    (seen,) = calibrate(60, wanted={("resnet_20", "digits")})
    assert seen.step_s == pytest.approx(130.0)


def test_the_global_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    list(calibrate(2, seconds=0.0, wanted={("resnet_20", "digits"), ("mlp", "any")}))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_model_that_takes_no_small_pictures_leaves_the_others_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.science.models.conv_6.conv_network", _large_ones)
    wanted = {(model, dataset) for model in ("conv_2", "conv_6") for dataset in CATALOG["dataset"]}
    times = list(calibrate(2, seconds=0.0, wanted=wanted))
    of_conv_6 = {time_.dataset for time_ in times if time_.model == "conv_6"}
    pictures = CATALOG["dataset"].keys() - {"tiny_shakespeare"}
    assert of_conv_6 == pictures - {"digits"}
    assert {time_.dataset for time_ in times if time_.model == "conv_2"} == pictures


def _large_ones(shape: tuple[int, int, int], n_classes: int, widths: tuple[int, ...]) -> nn.Module:
    if shape[1] < 28:
        raise ValueError("too small")
    return conv_network(shape, n_classes, widths)
