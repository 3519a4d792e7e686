"""Runs pruned as they train, by a real worker: every view shows them, and a training made again has the same bits."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from app.atlas.reader import Reader
from app.contract.tickets import TicketRef
from app.contract.verification import Verification
from app.kinds.registry import KINDS
from app.settings import Settings
from app.store import Store
from app.web.core.figures import Figures
from tests.lab import small_spec
from workers import verify
from workers.worker import Worker

PRUNING = {"kind": "gradual_magnitude", "rate": 0.6, "begin": 0.1, "end": 0.7, "every": 3}
CONTROLS = [{"kind": "reinit"}, {"kind": "random_pruning", "draws": 2}]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Store, dict[str, str]]]:
    """A store with two such runs: one at a time, and in stacks of trainings made at once."""
    folder = tmp_path_factory.mktemp("gradual")
    settings = Settings(data_dir=folder)
    store = Store(settings.resolved_database_url, settings.resolved_artifacts_url)
    store.migrate()
    small: dict[str, Any] = {"pruning": PRUNING, "steps": 30, "eval_every": 10, "branches": CONTROLS, "replicates": 2}
    ids = {"iterative": store.create_run(small_spec(**small), name="iterative").id}
    Worker(settings, "cpu", 1).serve()
    ids["one_shot"] = store.create_run(small_spec(**small, mode="one_shot"), name="one_shot").id
    Worker(settings.model_copy(update={"together": 3}), "cpu", 1).serve()
    assert {run.state for run in store.runs().items} == {"finished"}
    yield folder, store, ids
    store.close()


def kept(found: np.ndarray) -> int:
    return int(np.bitwise_count(found).sum())


@pytest.mark.parametrize("name", ["iterative", "one_shot"])
def test_every_figure_draws_it(made: tuple[Path, Store, dict[str, str]], name: str) -> None:
    _, store, ids = made
    run = store.run(ids[name])
    figures = Figures(store)
    drawn = [placed.entry.name for tab in KINDS[run.kind].tabs for placed in tab.shown(run)]
    assert {"accuracy_vs_density", "training_curves", "layer_density", "weight_movement"} <= set(drawn)
    for figure in drawn:
        answer = json.loads(figures.answer(run.id, figure, {}, "json").body)
        assert answer["data"], figure
        assert figures.answer(run.id, figure, {}, "csv").body.count(b"\n") > 1, figure
    curves = json.loads(figures.answer(run.id, "accuracy_vs_density", {}, "json").body)
    assert {"winning_ticket", "reinit", "random_pruning", "dense"} <= {
        trace["meta"]["role"] for trace in curves["data"] if "role" in trace.get("meta", {})
    }


@pytest.mark.parametrize("name", ["iterative", "one_shot"])
def test_masks_that_are_read_are_as_large_as_was_announced(made: tuple[Path, Store, dict[str, str]], name: str) -> None:
    _, store, ids = made
    run, reader = store.run(ids[name]), Reader(store)
    layers = [int(np.prod(layer["shape"])) for layer in run.provenance["layers"]]
    for level in (1, 2):
        for control, draw in (("winning_ticket", 0), ("reinit", 0), ("random_pruning", 0), ("random_pruning", 1)):
            for number, n in enumerate(layers):
                left = n
                for _ in range(level):
                    left -= round(0.6 * left)
                ref = TicketRef(run.id, 0, level, control, draw)
                assert kept(reader.bits(ref, number)) == left
        refs = (TicketRef(run.id, 0, level, control) for control in ("winning_ticket", "reinit"))
        ticket, static = (reader.bits(ref, 0) for ref in refs)
        assert np.array_equal(ticket, static)


@pytest.fixture
def pinned() -> Iterator[None]:
    """What `verify` asks of torch, taken back."""
    deterministic, precision = torch.are_deterministic_algorithms_enabled(), torch.get_float32_matmul_precision()
    threads, tf32 = torch.get_num_threads(), torch.backends.cudnn.allow_tf32
    yield
    torch.set_num_threads(threads)
    torch.set_float32_matmul_precision(precision)
    torch.use_deterministic_algorithms(deterministic)
    torch.backends.cudnn.allow_tf32 = tf32


@pytest.mark.usefixtures("pinned")
@pytest.mark.parametrize("name", ["iterative", "one_shot"])
@pytest.mark.parametrize("control", ["winning_ticket", "random_pruning", "reinit"])
def test_a_training_made_again_has_the_same_bits(
    made: tuple[Path, Store, dict[str, str]],
    name: str,
    control: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder, _, ids = made
    monkeypatch.setenv("TICKETSCOPE_DATA_DIR", str(folder))
    code = verify.main(Verification(run=ids[name], key={"level": "2", "control": control}).model_dump_json())
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    assert "identical to the bit: all" in out
