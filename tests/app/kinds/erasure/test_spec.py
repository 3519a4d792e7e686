"""The erasure spec: its cells and when they are looked at, what it costs, what it refuses."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.kinds.erasure.spec import MAX_CELLS, MAX_HELD_BACK, Cell, ErasureSpec
from app.methods.catalog import CATALOG
from app.methods.optimizer.adam import Adam
from app.methods.optimizer.sgd import Sgd

SMALL: dict[str, Any] = {
    "kind": "erasure",
    "dataset": {"kind": "digits"},
    "widths": (16, 32),
    "optimizers": [{"kind": "sgd", "lrs": (0.1, 1)}, {"kind": "adam", "lrs": (0.01,), "betas": (0.5, 0.9)}],
    "steps": 20,
    "batch_size": 32,
    "replicates": 2,
}


def spec(**changes: Any) -> ErasureSpec:
    return ErasureSpec.model_validate({**SMALL, **changes})


def wrong(**changes: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        spec(**changes)
    return str(caught.value)


def test_cells_are_widths_by_rates_with_and_without_the_picture() -> None:
    cells = list(spec().cells())
    assert len(cells) == 2 * 3 * 2
    assert spec().work == (24, "training")
    assert cells[2] == Cell(16, "picture", "sgd", 1.0)
    assert cells[-1] == Cell(32, "none", "adam", 0.01)
    assert [key for key, _ in spec().parts()] == [cell.key for cell in cells]
    alone = spec(twins=False)
    assert {cell.image for cell in alone.cells()} == {"picture"}
    assert alone.work == (12, "training")


def test_a_grid_makes_the_optimizer_at_one_of_its_rates() -> None:
    assert spec().grid("sgd").at(1.0) == Sgd(kind="sgd", lr=1.0)
    assert spec().grid("adam").at(0.01) == Adam(kind="adam", lr=0.01, betas=(0.5, 0.9))


@pytest.mark.parametrize("name", CATALOG["optimizer"])
def test_every_optimizer_of_the_catalog_has_a_grid(name: str) -> None:
    experiment = spec(optimizers=[{"kind": name}])
    assert experiment.optimizers[0].lrs == CATALOG["optimizer"][name].params.lrs  # type: ignore[attr-defined]
    assert experiment.optimizers[0].at(0.5).lr == 0.5


@pytest.mark.parametrize(
    ("steps", "moments"),
    [
        (1, (0, 1)),
        (2, (0, 1, 2)),
        (20, (0, 1, 2, 3, 6, 10, 18, 20)),
        (300, (0, 1, 2, 3, 6, 10, 18, 32, 56, 100, 178, 300)),
    ],
)
def test_moments_are_four_in_each_decade_with_the_first_and_the_last(steps: int, moments: tuple[int, ...]) -> None:
    assert spec(steps=steps).observed_steps() == moments


def test_work_is_steps_and_looks() -> None:
    """By hand: ten looks in a hundred steps, at 256² entries and 1.3 times the 1,257 training images of the digits."""
    weights = 64 * 256 + 256 * 256 + 256 * 10
    looks = 10 * (0.095 * 256**2 + 2 * weights * 1.3 * 1257 / 1e6)
    gradient = 6 * 32 * weights / 1e6
    experiment = spec(widths=(256,), optimizers=[{"kind": "sgd", "lrs": (1,)}], twins=False, steps=100)
    assert len(experiment.observed_steps()) == 10
    assert experiment.units_per_replicate == round(100 * (60 + 1.7 * gradient) + looks)
    muon = spec(widths=(256,), optimizers=[{"kind": "muon", "lrs": (1,)}], twins=False, steps=100)
    rounds = 5 * sum(4 * m**2 * n + 2 * m**3 for m, n in ((64, 256), (256, 256), (10, 256))) / 1e6
    assert muon.units_per_replicate == round(100 * (60 + 1.7 * gradient + rounds) + looks)
    sam = spec(widths=(256,), optimizers=[{"kind": "sam", "lrs": (1,)}], twins=False, steps=100)
    assert sam.units_per_replicate == round(100 * (60 + 2 * 1.7 * gradient) + looks)


def test_more_replicates_are_more_of_the_same_and_nothing_else_is() -> None:
    assert spec(replicates=3).extends(spec()) is None
    assert spec(replicates=1).extends(spec()) == "replicates"
    assert spec(steps=21).extends(spec()) == "steps"


def test_optimizers_and_later_rates_are_more_of_the_same() -> None:
    def of(*grids: dict[str, Any]) -> ErasureSpec:
        return spec(optimizers=grids)

    sgd: dict[str, Any] = {"kind": "sgd", "lrs": (1.0, 0.5)}
    adam: dict[str, Any] = {"kind": "adam", "lrs": (0.1,)}
    assert of(sgd, adam).extends(of(sgd)) is None
    assert of({**sgd, "lrs": (1.0, 0.5, 0.25)}).extends(of(sgd)) is None
    for kept in ({**sgd, "lrs": (0.25, 1.0, 0.5)}, {**sgd, "lrs": (1.0,)}, adam):
        assert of(kept).extends(of(sgd)) == "optimizers"
    other: dict[str, Any] = {"kind": "momentum_sgd", "lrs": (1.0,), "momentum": 0.5}
    assert of({**other, "momentum": 0.6}).extends(of(other)) == "optimizers"


def test_the_published_slip_takes_as_many_images_as_an_image_has_pixels() -> None:
    assert spec().n_images == 1_257
    assert spec(protocol="as_published").n_images == 64
    assert "must not exceed the 64 images" in wrong(protocol="as_published", batch_size=65)


def test_what_contradicts_itself_is_refused_by_name() -> None:
    assert "optimizers: lists the same optimizer twice" in wrong(optimizers=[{"kind": "sgd"}, {"kind": "sgd"}])
    assert "optimizers.sgd.lrs: lists a learning rate twice" in wrong(optimizers=[{"kind": "sgd", "lrs": (1, 1.0)}])
    assert "widths: lists a width twice" in wrong(widths=(16, 16))
    assert "optimizers.0.sgd.lrs" in wrong(optimizers=[{"kind": "sgd", "lrs": ()}])
    assert "picture.text.text" in wrong(picture={"kind": "text", "text": "  "})


def test_a_run_beyond_the_bounds_says_what_to_drop() -> None:
    assert f"exceed the limit of {MAX_CELLS:,}; remove learning rates" in wrong(replicates=100, widths=(8, 9, 10, 11))
    too_wide = wrong(widths=(4096,), optimizers=[{"kind": "sgd"}, {"kind": "muon"}], steps=100_000, replicates=50)
    assert "Tflop in total exceed the limit" in too_wide
    assert "drop muon or width 4096 first" in too_wide


def test_as_many_cells_are_trained_at_once_as_a_grid_has_and_frames_find_room_for() -> None:
    assert spec(twins=False).stack_groups(8) == ["sgd/0 sgd/1"]
    assert spec().stack_groups(8) == ["sgd/0 sgd/0/twin sgd/1 sgd/1/twin", "adam/0 adam/0/twin"]
    assert spec().stack_groups(3) == ["sgd/0 sgd/0/twin", "sgd/1 sgd/1/twin", "adam/0 adam/0/twin"]
    assert spec(optimizers=[{"kind": "dualised", "lrs": (0.5, 1.0)}]).stack_groups(8) == []
    assert spec(optimizers=[{"kind": "sam", "lrs": (0.5, 1.0)}]).stack_groups(8) == []
    rates = tuple(0.01 * (i + 1) for i in range(8))
    wide = spec(optimizers=[{"kind": "sgd", "lrs": rates}], widths=(16, 4096), steps=300)
    widest = max(len(stack.split()) for stack in wide.stack_groups(100))
    assert widest == 2
    frames = len(wide.observed_steps()) * 4096**2
    assert (widest - 1) * frames <= MAX_HELD_BACK < widest * frames


def test_what_was_allowed_when_products_alone_counted_still_is() -> None:
    """The dearest of looks and steps: as many of the largest matrices as there may be, a thousand steps each."""
    rates = tuple(0.001 * (i + 1) for i in range(10))
    kinds = [{"kind": kind, "lrs": rates} for kind in ("sgd", "adam", "lion", "rmsprop", "adamw")]
    dear = spec(dataset={"kind": "mnist"}, widths=(4096,), optimizers=kinds, steps=1_000, batch_size=16, replicates=20)
    assert dear.work[0] == 2_000
    products = 2_000 * 1_000 * 6 * 16 * (784 * 4096 + 4096**2 + 10 * 4096) / 1e6
    assert products < 3e10
