"""The lottery experiment on a text: a transformer's tickets are scored by next characters, and resumed to the bit."""

from collections.abc import Iterator
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import pytest
import torch

from app.contract.architecture import Architecture
from app.contract.events import Progress
from app.kinds.lottery.spec import LotteryKey, LotterySpec
from tests.workers.science.experiments.lottery_runs import lasting, outcomes, resumed_from, saved, unstacked
from workers.science.data import tiny_shakespeare
from workers.science.data.dataset import Dataset, Split
from workers.science.experiments import datasets
from workers.science.experiments.clock import Clock
from workers.science.experiments.lottery import describe, run
from workers.science.experiments.ticket import masks_of, unpack
from workers.science.models import char_transformer
from workers.science.models.prunable import prunable
from workers.science.outputs import Checkpoint, Output, Resume

SMALL = {"layers": 1, "width": 16, "heads": 2}
SPEC = LotterySpec.model_validate(
    {
        "kind": "lottery", "dataset": {"kind": "tiny_shakespeare"}, "model": {"kind": "char_transformer", **SMALL},
        "init": "normal", "optimizer": {"kind": "muon"}, "steps": 4, "batch_size": 8, "eval_every": 2,
        "pruning": {"kind": "global_magnitude", "rate": 0.5}, "levels": 1, "branches": [{"kind": "reinit"}],
    }
)  # fmt: skip
TICKET = LotteryKey(level=1)


def ran(folder: Path, resume: Resume | None = None) -> list[Output]:
    return list(unstacked(run(SPEC, 0, datasets_dir=folder, resume=resume, clock=Clock(inf))))


@pytest.fixture(scope="module")
def folder(datasets_dir: Path) -> Path:
    if not (datasets_dir / "tinyshakespeare").is_dir():
        pytest.skip("no tinyshakespeare here")
    return datasets_dir


@pytest.fixture(scope="module", autouse=True)
def short() -> Iterator[None]:
    """Train on the first thousand windows: each training ends with a pass over all of them."""
    load = tiny_shakespeare.load

    def shorter(folder: Path) -> Dataset:
        data = load(folder)
        return replace(data, train=Split(data.train.x[:1000], data.train.y[:1000]))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiny_shakespeare, "load", shorter)
        forget()
        yield
    forget()


def forget() -> None:
    """Have the data set read again."""
    datasets.dataset.cache_clear()
    datasets.dataset_on.cache_clear()


@pytest.fixture(scope="module")
def whole(folder: Path) -> list[Output]:
    return ran(folder)


def ticket_of(whole: list[Output]) -> torch.nn.Module:
    model = char_transformer.build((64,), 65, **SMALL)
    full = {name: torch.ones(each.shape, dtype=torch.bool) for name, each in prunable(model).items()}
    trained = unpack(saved(whole, "ticket")[TICKET], masks_of(saved(whole, "mask")[TICKET], full))
    model.load_state_dict(dict(trained.weights))
    return model


@torch.no_grad()
def test_accuracy_and_loss_are_those_of_next_characters(whole: list[Output], folder: Path) -> None:
    """Counted one window at a time: the share of characters predicted right, and minus the mean log probability."""
    model, test = ticket_of(whole), tiny_shakespeare.load(folder).test
    right, loss = 0, 0.0
    for text, following in zip(test.x, test.y, strict=True):
        logits = model(text.unsqueeze(0))[0].double()
        right += int((logits.argmax(1) == following).sum())
        loss -= float(logits.log_softmax(1)[torch.arange(64), following].sum())
    row = outcomes(whole)[TICKET]
    assert row["test_accuracy"] == right / (871 * 64)
    assert row["test_loss"] == pytest.approx(loss / (871 * 64), rel=1e-5)


def test_tables_and_norms_are_not_pruned(whole: list[Output]) -> None:
    masks = saved(whole, "mask")[TICKET]
    parts = ("attention.query", "attention.key", "attention.value", "attention.out", "up", "down")
    assert list(masks) == [*(f"layers.0.{part}.weight" for part in parts), "fc.weight"]
    ticket = saved(whole, "ticket")[TICKET]
    assert ticket["symbols.weight"].shape == (65, 16)
    assert ticket["positions"].all()
    assert outcomes(whole)[TICKET]["density"] == pytest.approx(0.5, abs=0.001)


def test_half_of_a_run_resumed_says_the_same(whole: list[Output], folder: Path) -> None:
    positions = [i for i, output in enumerate(whole) if isinstance(output, Checkpoint)]
    assert len(positions) == 3
    for position in positions[:-1]:
        rest = ran(folder, resumed_from(whole[: position + 1]))
        assert lasting(rest) == lasting(whole[position + 1 :])
        assert any(isinstance(output, Progress) for output in rest)


def test_what_it_is_made_of_is_described(folder: Path) -> None:
    described: dict[str, Any] = describe(SPEC, folder)
    assert described["input"] == [64]
    kernels = Architecture.from_json(described["architecture"]).by_name
    assert kernels["symbols.weight"].role == "embedding"
    assert kernels["layers.0.attention.query.weight"].reads == ("symbols.weight",)
    # Muon is for hidden matrices: no table, no output.
    moved = described["moved_by"]
    assert {name for name, optimizer in moved.items() if "Muon" in optimizer} == set(kernels) - {
        "symbols.weight", "fc.weight",
    }  # fmt: skip
