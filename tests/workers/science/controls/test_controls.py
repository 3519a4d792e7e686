"""The controls: what each keeps of its ticket and what it replaces."""

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor

from app.methods.catalog import CATALOG
from tests.workers.science.experiments.lottery_runs import small
from workers.science.build import build
from workers.science.controls import magnitude_at_init, random, reinit, shuffled
from workers.science.controls.context import ControlContext, InitialState
from workers.science.metrics.density import counts
from workers.science.models import lenet_300_100
from workers.science.models.init import initialise
from workers.science.models.prunable import prunable
from workers.science.pruning import layerwise_magnitude
from workers.science.pruning.context import PruningContext
from workers.science.random import generator

Derive = Callable[..., Iterator[InitialState]]


def weights(*purpose: int | str) -> dict[str, Tensor]:
    model = lenet_300_100.build((1, 8, 8), 10)
    initialise(model, generator(0, *purpose))
    return {name: parameter.detach() for name, parameter in model.named_parameters()}


@pytest.fixture
def context() -> ControlContext:
    layers = prunable(lenet_300_100.build((1, 8, 8), 10))
    theta0, full = weights("init"), {name: torch.ones(layer.shape, dtype=torch.bool) for name, layer in layers.items()}
    return ControlContext(
        masks=layerwise_magnitude.prune(PruningContext(weights("trained"), full, layers, 7)),
        theta0=theta0,
        fresh=lambda draw: weights("fresh", draw),
        generator=lambda draw: generator(0, "mask", draw),
        prune_at_init=lambda: layerwise_magnitude.prune(PruningContext(theta0, full, layers, 7)),
    )


def same(a: object, b: object) -> bool:
    assert isinstance(a, dict)
    assert isinstance(b, dict)
    assert list(a) == list(b)
    return all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("derive", [reinit.derive, shuffled.derive, random.derive])
def test_every_layer_keeps_as_many_weights(derive: Derive, context: ControlContext) -> None:
    states = list(derive(context, draws=3))
    assert len(states) == 3
    assert all(counts(start.masks) == counts(context.masks) for start in states)
    assert len(list(derive(context))) == 1


@pytest.mark.parametrize("derive", [shuffled.derive, random.derive])
def test_a_permuted_mask_is_another_mask(derive: Derive, context: ControlContext) -> None:
    """A reference implementation's shuffle changed nothing: here every layer differs, by about as much as chance."""
    first, second = derive(context, draws=2)
    for name, mask in context.masks.items():
        assert first.masks[name].shape == mask.shape
        share = mask.float().mean().item()
        overlap = (mask & first.masks[name]).sum().item() / mask.sum().item()
        assert overlap == pytest.approx(share, abs=0.1)
        assert not torch.equal(first.masks[name], mask)
        assert not torch.equal(first.masks[name], second.masks[name])


@pytest.mark.parametrize("derive", [reinit.derive, random.derive])
def test_new_weights_are_the_draws(derive: Derive, context: ControlContext) -> None:
    for draw, start in enumerate(derive(context, draws=2)):
        assert same(start.weights, context.fresh(draw))
        assert not same(start.weights, context.theta0)


def test_what_stays_the_ticket_s(context: ControlContext) -> None:
    assert same(next(reinit.derive(context)).masks, context.masks)
    assert same(next(shuffled.derive(context)).weights, context.theta0)
    assert same(next(magnitude_at_init.derive(context)).weights, context.theta0)


@pytest.mark.parametrize("derive", [reinit.derive, shuffled.derive, random.derive])
def test_more_draws_leave_the_first_as_they_were(derive: Derive, context: ControlContext) -> None:
    for few, many in zip(derive(context, draws=2), derive(context, draws=3), strict=False):
        assert same(few.masks, many.masks)
        assert same(few.weights, many.weights)


def test_magnitude_at_init_keeps_the_largest_initial_weights(context: ControlContext) -> None:
    (start,) = magnitude_at_init.derive(context)
    assert counts(start.masks) == counts(context.masks)
    assert not same(start.masks, context.masks)
    for name, mask in start.masks.items():
        magnitudes = context.theta0[name].abs()
        assert magnitudes[~mask].max() <= magnitudes[mask].min()


def test_full_and_empty_layers_stay(context: ControlContext) -> None:
    masks = {"full": torch.ones(3, 4, dtype=torch.bool), "empty": torch.zeros(5, dtype=torch.bool)}
    start = next(shuffled.derive(ControlContext(masks, {}, context.fresh, context.generator, context.prune_at_init)))
    assert same(start.masks, masks)


def test_every_place_is_as_likely() -> None:
    """One kept weight of four, 4,000 times: each place about 1,000 times (5 standard deviations are 137)."""
    one = {"w": torch.tensor([[True, False], [False, False]])}
    context = ControlContext(one, {}, lambda _: {}, lambda draw: generator(1, draw), dict)
    hits = sum(start.masks["w"].int() for start in shuffled.derive(context, draws=4_000))
    assert isinstance(hits, Tensor)
    assert (hits - 1_000).abs().max() < 137


@pytest.mark.parametrize("kind", CATALOG["control"])
def test_whatever_keeps_the_weights_of_its_ticket_begins_where_the_ticket_does(
    kind: str, context: ControlContext
) -> None:
    """The spec says so by name, as the web has no torch to ask."""
    gradual = {"pruning": {"kind": "gradual_magnitude", "begin": 0.25, "every": 1}}
    pruned_on_the_way = CATALOG["control"][kind].params.pruned_in_training  # type: ignore[attr-defined]
    spec = small(steps=12, rewind_step=3, branches=[{"kind": kind}], **(gradual if pruned_on_the_way else {}))
    steps = {place.control: steps for place, steps in spec.parts() if place.level == 1}
    start = next(iter(build(spec.branches[0])(context)))
    assert steps[kind] == (12 - 3 if start.weights is context.theta0 else 12)
