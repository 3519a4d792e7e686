"""The erasure experiment: what it says of every cell, resumed to the bit, diverged, and its ordering on real digits."""

from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from app.contract.events import Measured, Progress
from app.kinds.erasure.spec import ErasureKey, ErasureSpec
from tests.workers.science.experiments.lottery_runs import lasting, resumed_from, rows
from workers.science.experiments.erasure import describe, run
from workers.science.optim import muon
from workers.science.outputs import Checkpoint, Output, Resume, Tensors

NOWHERE = Path("no-data-set-of-these-tests-needs-a-folder")
SMALL: dict[str, Any] = {
    "kind": "erasure",
    "dataset": {"kind": "digits"},
    "widths": (24,),
    "optimizers": [{"kind": "sgd", "lrs": (0.5,)}, {"kind": "adam", "lrs": (0.003, 0.03)}],
    "steps": 12,
    "batch_size": 64,
    "replicates": 2,
}
MARKED = ErasureKey(width=24, image="picture", optimizer="sgd", lr=0.5)
TWIN = ErasureKey(width=24, image="none", optimizer="sgd", lr=0.5)


def small(**fields: Any) -> ErasureSpec:
    return ErasureSpec.model_validate(SMALL | fields)


def ran(spec: ErasureSpec, resume: Resume | None = None, replicate: int = 0) -> list[Output]:
    return list(run(spec, replicate, datasets_dir=NOWHERE, resume=resume))


def saved(outputs: list[Output], name: str, key: ErasureKey) -> Tensors:
    (found,) = [
        output for output in outputs if isinstance(output, Tensors) and (output.name, output.key) == (name, key)
    ]
    return found


def test_muon_is_told_the_hidden_matrix_that_is_read_off_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    build = muon.build

    def spy(model: torch.nn.Module, hidden: Any = None, **knobs: Any) -> list[torch.optim.Optimizer]:
        told.append(hidden)
        return build(model, hidden, **knobs)

    monkeypatch.setattr(muon, "build", spy)
    spec = small(optimizers=[{"kind": "muon", "lrs": (0.02,)}], twins=False, steps=2, replicates=1)
    assert describe(spec, NOWHERE)["moved_by"] == {"muon": "Muon"}
    ran(spec)
    assert told == [["fc2.weight"]] * 2


def matrix(outputs: list[Output], key: ErasureKey, step: int) -> Tensor:
    """A matrix as a film shows it: the start, and what has been added by then."""
    start = saved(outputs, "init", key.start).tensors["weight"]
    frame = saved(outputs, f"frame_{step:06d}", key)
    return start + float(frame.meta["scale"]) * frame.tensors["delta"]


@pytest.fixture(scope="module")
def outputs() -> list[Output]:
    return ran(small())


def test_every_cell_is_measured_at_every_moment(outputs: list[Output]) -> None:
    spec = small()
    seen = rows(outputs, "erasure")
    assert [(key, row["step"]) for key, row in seen] == [
        (key, step) for key, _ in spec.parts() for step in spec.observed_steps()
    ]
    for _, row in seen:
        unknown = {name for name, value in row.items() if isnan(value)}
        expected = {"gradient_stable_rank", "update_stable_rank", "update_spectral", "update_frobenius"}
        assert unknown == (expected if row["step"] == 0 else set())
    assert [key for key, _ in rows(outputs, "ending")] == [key for key, _ in spec.parts()]


def test_a_start_is_shared_by_all_cells_and_differs_by_the_picture_alone(outputs: list[Output]) -> None:
    marked = saved(outputs, "init", MARKED.start).tensors["weight"]
    plain = saved(outputs, "init", TWIN.start).tensors["weight"]
    gone = (marked == 0) & (plain != 0)
    assert 0.02 < gone.float().mean() < 0.5
    assert torch.equal(marked[~gone], plain[~gone])
    assert sum(isinstance(output, Tensors) and output.name == "init" for output in outputs) == 2
    first = {key: row for key, row in rows(outputs, "erasure") if row["step"] == 0}
    assert all(row["visibility"] == 1 for key, row in first.items() if key.image == "picture")
    assert all(0.3 < row["visibility"] < 0.7 for key, row in first.items() if key.image == "none")
    assert all(row["movement"] == 0 and row["similarity"] == pytest.approx(1) for row in first.values())


def test_frames_are_what_was_measured(outputs: list[Output]) -> None:
    """Movement and similarity told from the frames alone, in NumPy."""
    for key, row in rows(outputs, "erasure"):
        start = matrix(outputs, key, 0).double().numpy()
        now = matrix(outputs, key, int(row["step"])).double().numpy()
        assert np.linalg.norm(now - start) / np.linalg.norm(start) == pytest.approx(row["movement"], rel=0.02, abs=1e-6)
        assert np.corrcoef(start.ravel(), now.ravel())[0, 1] == pytest.approx(row["similarity"], abs=0.01)


def test_what_is_said_of_an_update_is_true_of_the_frames(outputs: list[Output]) -> None:
    first = next(row for key, row in rows(outputs, "erasure") if key == MARKED and row["step"] == 1)
    update = matrix(outputs, MARKED, 1) - matrix(outputs, MARKED, 0)
    values = torch.linalg.svdvals(update.double())
    assert first["update_spectral"] == pytest.approx(float(values[0]), rel=0.01)
    assert first["update_frobenius"] == pytest.approx(float(update.norm()), rel=0.01)
    assert first["update_stable_rank"] == pytest.approx(first["gradient_stable_rank"], rel=1e-3)  # plain SGD
    shares = [row for key, row in rows(outputs, "update_sizes") if (key, row["step"]) == (MARKED, 1)]
    moved = float((update != 0).float().mean())
    assert moved - 1e-6 <= sum(row["share"] for row in shares) <= 1 + 1e-9
    assert moved > 0.3
    spectrum = [row["value"] for key, row in rows(outputs, "spectrum") if (key, row["step"]) == (MARKED, 0)]
    assert spectrum == pytest.approx(torch.linalg.svdvals(matrix(outputs, MARKED, 0)).tolist(), rel=1e-4)


def test_progress_reaches_all_that_the_spec_counts(outputs: list[Output]) -> None:
    told = [output for output in outputs if isinstance(output, Progress)]
    assert [item.done for item in told] == sorted(item.done for item in told)
    assert told[-1].done == told[-1].total == small().units_per_replicate


def test_the_same_again_is_the_same_to_the_bit_and_another_replicate_is_not(outputs: list[Output]) -> None:
    assert lasting(ran(small())) == lasting(outputs)
    assert lasting(ran(small(), replicate=1))[0] != lasting(outputs)[0]


def test_resumed_after_any_cell_it_goes_on_to_the_bit(outputs: list[Output]) -> None:
    ends = [i for i, output in enumerate(outputs) if isinstance(output, Checkpoint)]
    assert len(ends) == 6
    for end in ends:
        resume = resumed_from(outputs[: end + 1])
        assert lasting(ran(small(), resume)) == lasting(outputs[end + 1 :])


def test_an_extended_run_trains_what_is_new_and_ends_like_the_larger_one(outputs: list[Output]) -> None:
    before = small()
    grids = [grid.model_dump() for grid in before.optimizers]
    grids[0]["lrs"] = (*grids[0]["lrs"], 0.3)
    after = small(optimizers=[*grids, {"kind": "lion", "lrs": [0.01]}])
    assert after.extends(before) is None
    state = [output for output in outputs if isinstance(output, Checkpoint)][-1].state
    more = ran(after, Resume(state, lambda *_: {}))

    def ends(of: list[Output]) -> dict[Any, str]:
        return {item.key: repr(item) for item in of if isinstance(item, Measured) and item.series == "ending"}

    assert not ends(outputs).keys() & ends(more).keys()
    assert ends(outputs) | ends(more) == ends(ran(after))


def test_a_diverged_cell_has_no_end_and_its_frames_stop() -> None:
    spec = small(optimizers=[{"kind": "sgd", "lrs": (100.0, 0.01), "weight_decay": 1.0}], steps=100, twins=False)
    outputs = ran(spec)
    lost, fine = (row for _, row in rows(outputs, "ending"))
    assert 0 < lost["diverged_step"] < 100
    assert lost["steps"] == lost["diverged_step"]
    assert all(isnan(value) for name, value in lost.items() if name not in ("steps", "diverged_step"))
    assert isnan(fine["diverged_step"])
    assert fine["steps"] == 100
    shown = [row["step"] for key, row in rows(outputs, "erasure") if key.lr == 100.0]
    assert max(shown) <= lost["diverged_step"]
    # What diverged counts with the steps that it was trained, also after a resume.
    keys = [key for key, _ in rows(outputs, "ending")]
    work = dict(spec.parts())
    trained = work[keys[0]] * int(lost["diverged_step"]) // 100 + work[keys[1]]
    last = [output for output in outputs if isinstance(output, Progress)][-1]
    assert last.done == last.total == trained < sum(work.values())
    state = [output for output in outputs if isinstance(output, Checkpoint)][-1].state
    assert ran(spec, Resume(state, lambda *_: {})) == [last]


@pytest.mark.parametrize("layer", ["first", "last"])
def test_the_picture_may_lie_in_another_matrix(layer: str) -> None:
    spec = small(layer=layer, optimizers=[{"kind": "sgd", "lrs": (0.1,)}], steps=2, twins=False)
    shape = describe(spec, NOWHERE)["picture"]
    outputs = ran(spec)
    assert tuple(saved(outputs, "init", MARKED.start).tensors["weight"].shape) == (shape["rows"], shape["columns"])
    assert (shape["rows"], shape["columns"]) == {"first": (24, 64), "last": (10, 24)}[layer]


def test_describe_names_the_matrix_and_who_moves_it() -> None:
    description = describe(small(), NOWHERE)
    assert description["picture"] == {"layer": "fc2", "rows": 24, "columns": 24, "two_level": True}
    assert description["moved_by"] == {"sgd": "SGD", "adam": "Adam"}
    assert [layer["shape"] for layer in description["layers"]] == [[24, 64], [24, 24], [10, 24]]


def test_dualised_updates_erase_what_equal_spectral_steps_leave_on_real_digits() -> None:
    """The shape of the published figure at small size: width 96, 150 steps, two seeds."""
    kinds = ("dualised", "spectral_sgd", "frobenius_sgd")
    spec = small(widths=(96,), optimizers=[{"kind": k, "lrs": (1.0,)} for k in kinds], steps=150, batch_size=256,
                 twins=False)  # fmt: skip
    for replicate in range(2):
        outputs = ran(spec, replicate=replicate)
        end = {key.optimizer: row for key, row in rows(outputs, "ending")}
        assert end["dualised"]["train_accuracy"] > 0.95
        assert end["spectral_sgd"]["train_accuracy"] > 0.9
        assert end["dualised"]["visibility"] < 0.6
        assert end["spectral_sgd"]["visibility"] > 0.7
        assert end["spectral_sgd"]["visibility"] > end["spectral_sgd"]["null_high"]
        assert end["dualised"]["visibility"] < end["frobenius_sgd"]["visibility"] < end["spectral_sgd"]["visibility"]
        steps = {
            (key.optimizer, row["step"]): row["update_spectral"]
            for key, row in rows(outputs, "erasure")
            if row["step"] == 1
        }
        assert steps["dualised", 1] == pytest.approx(steps["spectral_sgd", 1], rel=0.01)
