"""Cells of an erasure trained at once say what they say one after the other; killed, divided and diverged."""

from collections.abc import Iterable, Sequence
from math import inf, isnan
from typing import Any

import pytest
import torch

from app.contract.events import Measured, Progress
from app.contract.stacks import cut
from app.kinds.erasure.spec import ErasureKey, ErasureSpec
from app.methods.catalog import CATALOG
from tests.workers.science.experiments.lottery_runs import resumed_from, rows
from tests.workers.science.experiments.situations import distinct
from tests.workers.science.experiments.stacked_runs import kept
from tests.workers.science.experiments.test_erasure import NOWHERE
from tests.workers.science.experiments.test_erasure import small as one_by_one
from workers.checkpoints_before import up_to_date
from workers.science.experiments import training_checkpoint
from workers.science.experiments.clock import Clock
from workers.science.experiments.erasure import run
from workers.science.outputs import Checkpoint, Output, Resume, Tensors
from workers.science.stacked.network import StackedNetwork
from workers.science.train import loop

GRIDS = [{"kind": "sgd", "lrs": (0.5,)}, {"kind": "adam", "lrs": (0.003, 0.03)}]
STACKED = [kind for kind in CATALOG["optimizer"] if one_by_one().stacks(kind)]


def small(**fields: Any) -> ErasureSpec:
    return one_by_one(**{"optimizers": GRIDS, "steps": 8} | fields)


def ran(
    spec: ErasureSpec, at_once: int | list[str], resume: Resume | None = None, every_s: float = inf
) -> list[Output]:
    plan = {"stack_groups": spec.stack_groups(at_once) if isinstance(at_once, int) else at_once}
    return list(run(spec, 0, datasets_dir=NOWHERE, resume=resume, plan=plan, clock=Clock(every_s)))


def headings(outputs: Iterable[Output]) -> list[tuple[object, ...]]:
    """What is told, and in which order."""
    return [
        (output.series, output.key, output.columns.get("step"))
        if isinstance(output, Measured)
        else (output.name, output.key)
        for output in outputs
        if isinstance(output, Measured | Tensors)
    ]


def close(mine: Sequence[Output], theirs: Sequence[Output]) -> None:
    """The same in the same order, up to rounding."""
    assert headings(mine) == headings(theirs)
    pairs = [[item for item in of if isinstance(item, Measured | Tensors)] for of in (mine, theirs)]
    for one, other in zip(*pairs, strict=True):
        if isinstance(one, Tensors):
            assert isinstance(other, Tensors)
            scale = float(other.meta.get("scale", 0))
            assert float(one.meta.get("scale", 0)) == pytest.approx(scale, rel=1e-3)
            for name, tensor in one.tensors.items():
                # A change on the boundary of two levels may fall to the other side.
                assert (tensor.double() - other.tensors[name].double()).abs().max() <= 1
        elif one.series in ("erasure", "spectrum", "ending"):
            assert isinstance(other, Measured)
            for name, column in one.columns.items():
                tolerance = 6e-3 if "accuracy" in name else 1e-3
                assert column == pytest.approx(other.columns[name], rel=tolerance, abs=tolerance, nan_ok=True), name


def halves(outputs: Sequence[Output]) -> list[int]:
    """Where checkpoints lie within a training."""
    return [i for i, output in enumerate(outputs) if isinstance(output, Checkpoint) and "unfinished" in output.state]


@pytest.fixture(scope="module")
def apart() -> list[Output]:
    return ran(small(), 1)


@pytest.mark.parametrize("at_once", [2, 4])
def test_the_log_is_that_of_one_cell_after_the_other(apart: list[Output], at_once: int) -> None:
    close(ran(small(), at_once), apart)


@pytest.mark.parametrize("kind", STACKED)
def test_every_elementwise_optimizer_moves_each_network_at_its_own_rate(kind: str) -> None:
    rates = CATALOG["optimizer"][kind].params.lrs  # type: ignore[attr-defined]
    spec = small(optimizers=[{"kind": kind, "lrs": (rates[0], rates[-1])}], twins=False, steps=4)
    mine = ran(spec, 2)
    close(mine, ran(spec, 1))
    moved = [row["movement"] for _, row in rows(mine, "ending")]
    assert moved[0] < moved[1]


def test_all_cells_of_an_optimizer_are_one_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """And one that is not elementwise trains alone."""
    forward, made = StackedNetwork.__call__, 0

    def count(self: StackedNetwork, x: torch.Tensor) -> torch.Tensor:
        nonlocal made
        made += 1
        return forward(self, x)

    monkeypatch.setattr(StackedNetwork, "__call__", count)
    spec = small(optimizers=[{"kind": "adam", "lrs": (0.003, 0.03)}, {"kind": "dualised", "lrs": (0.5,)}])
    outputs = ran(spec, 4)
    assert made == 1 + spec.steps  # one for the first look
    assert [key for key, _ in rows(outputs, "ending")] == [key for key, _ in spec.parts()]


def test_progress_rises_to_the_total(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "TICK_S", 0.0)
    told = [output for output in ran(small(), 4) if isinstance(output, Progress)]
    assert [item.done for item in told] == sorted(item.done for item in told)
    assert told[-1].done == told[-1].total == small().units_per_replicate
    notes = list(dict.fromkeys(item.note for item in told))
    assert notes == ["sgd at lr 0.5, and 1 more", "adam at lr 0.003, and 3 more", ""]
    alone = list(dict.fromkeys(item.note for item in ran(small(), 1) if isinstance(item, Progress)))
    assert alone[:2] == ["sgd at lr 0.5", "sgd at lr 0.5, twin"]


def test_the_bits_of_a_cell_depend_on_its_slot_and_not_on_who_is_beside_it() -> None:
    spec = small(optimizers=GRIDS[1:])
    whole = ran(spec, 4)
    keys = [key for key, _ in spec.parts()]
    for key in keys:
        others = {"done": [item.model_dump() for item in keys if item != key]}
        alone = ran(spec, 4, Resume(others, lambda *_: {}))
        assert kept(alone) == kept(item for item in whole if getattr(item, "key", None) == key and not (
            isinstance(item, Tensors) and item.name == "init"))  # fmt: skip


def test_killed_at_any_checkpoint_it_goes_on_to_the_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was kept back by then is in the checkpoint, and so is that a cell has diverged."""
    monkeypatch.setattr(loop, "TICK_S", 0.0)
    spec, at_once = small(optimizers=[{"kind": "sgd", "lrs": (0.1, 100.0, 0.2), "weight_decay": 1.0}], steps=12), 3
    whole = ran(spec, at_once, every_s=0.0)
    unsaved = ran(spec, at_once)
    assert kept(whole) == kept(unsaved)
    every = [i for i, item in enumerate(whole) if isinstance(item, Checkpoint)]
    assert len(every) > 10
    # Of each stack, before and after one has diverged.
    cuts = distinct(whole)
    ended = [len(whole[at].state.get("pending", {}).get("ended", ())) for at in cuts]  # type: ignore[union-attr]
    assert {0, 1} <= set(ended)
    for at in cuts:
        rest = ran(spec, at_once, resumed_from(whole[: at + 1]))
        assert kept(whole[: at + 1]) + kept(rest) == kept(whole)


@pytest.mark.parametrize(("before", "after"), [(6, 3), (6, 2), (6, 1), (3, 1)])
def test_divided_for_want_of_memory_it_goes_on_where_each_stood(
    before: int, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is trained again that was saved, and the log goes on in the same order."""
    monkeypatch.setattr(loop, "TICK_S", 0.0)
    spec = small(optimizers=[{"kind": "adam", "lrs": (0.003, 0.01, 0.03)}])
    whole = ran(spec, before, every_s=0.0)
    fewer = [part for stack in spec.stack_groups(before) for part in cut(stack.split(), after)]
    for at in halves(whole)[2::4]:
        rest = ran(spec, fewer, resumed_from(whole[: at + 1]), every_s=0.0)
        close([*whole[: at + 1], *rest], whole)
        done = [output.done for output in [*whole[: at + 1], *rest] if isinstance(output, Progress)]
        assert done == sorted(done)


@pytest.mark.parametrize("after", [2, 1])
def test_divided_when_all_of_a_part_have_diverged_it_has_nothing_left_to_train_there(
    after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What they said waits for those before them, and is told when these have ended."""
    monkeypatch.setattr(loop, "TICK_S", 0.0)
    rates = (0.1, 0.2, 50.0, 100.0)
    spec = small(optimizers=[{"kind": "sgd", "lrs": rates, "weight_decay": 1.0}], steps=60, twins=False)
    whole = ran(spec, 4, every_s=0.0)
    at = next(i for i in halves(whole) if len(whole[i].state.get("pending", {}).get("ended", ())) == 2)  # type: ignore[union-attr]
    fewer = [part for stack in spec.stack_groups(4) for part in cut(stack.split(), after)]
    rest = ran(spec, fewer, resumed_from(whole[: at + 1]))
    close([*whole[: at + 1], *rest], whole)


def test_one_rate_diverges_and_the_others_do_not_notice() -> None:
    spec = small(optimizers=[{"kind": "sgd", "lrs": (0.1, 100.0, 0.2), "weight_decay": 1.0}], steps=60, twins=False)
    outputs = ran(spec, 3)
    ends = dict(rows(outputs, "ending"))
    fine, lost, other = [cell.key for cell in spec.cells()]
    # The same step as alone.
    assert ends[lost]["diverged_step"] == dict(rows(ran(spec, 1), "ending"))[lost]["diverged_step"] < 60
    assert isnan(ends[lost]["visibility"])
    assert [ends[key]["steps"] for key in (fine, other)] == [60, 60]
    without = ran(spec, 3, Resume({"done": [lost.model_dump()]}, lambda *_: {}))
    assert kept(without) == kept(output for output in outputs if getattr(output, "key", None) in (fine, other))


def test_a_checkpoint_of_an_older_version_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds one training, under no number, and other names."""
    monkeypatch.setattr(loop, "TICK_S", 0.0)
    whole = ran(small(), 1, every_s=0.0)
    at = halves(whole)[3]
    now = whole[at]
    assert isinstance(now, Checkpoint)
    (saved,) = training_checkpoint.unpack_all(now.state["unfinished"], now.tensors, ErasureKey)
    older = {{"key": "place", "loop": "course"}.get(name, name): value for name, value in saved.values.items()}
    tensors = {path.replace("loop/", "course/"): tensor for path, tensor in saved.tensors.items()}
    state = {"done": now.state["done"], "midway": older}
    document, tensors_now = up_to_date({"version": 2, "state": state}, tensors, small())
    then = Resume(document["state"], lambda *_: {}, tensors_now)
    assert kept(ran(small(), 1, then)) == kept(whole[at:])
