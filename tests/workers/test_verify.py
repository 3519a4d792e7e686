"""Real runs, made again: identical to the bit as they are stored, and caught where one bit of the store is flipped."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import torch

from app.kinds.imported.spec import ImportedSpec
from app.kinds.specs import EXPERIMENT
from app.settings import Settings
from app.store import Store
from tests.app.erased_run import erasure_spec
from tests.lab import small_spec
from tests.workers.verified import Lab
from workers.worker import Worker

CONTROLS = [{"kind": "shuffled", "draws": 1}, {"kind": "random", "draws": 2}]
RANK = {"kind": "stable_rank", "dataset": {"kind": "digits"}, "widths": (16, 32), "batch_sizes": (8,), "replicates": 1}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder with finished runs of every kind, and their ids by name."""
    folder = tmp_path_factory.mktemp("made")
    settings = Settings(data_dir=folder)
    store = Store(settings.resolved_database_url, settings.resolved_artifacts_url)
    store.migrate()
    small = {"steps": 30, "eval_every": 10}
    rewound = small_spec(**small, rewind_step=10, branches=CONTROLS, replicates=2)
    specs = {
        "rewound": rewound,
        "one_shot": small_spec(**small, mode="one_shot", branches=[]),
        "erasure": erasure_spec(steps=20, twins=True),
        "rank": EXPERIMENT.validate_python(RANK),
        "extended": small_spec(**small, levels=1, branches=CONTROLS[:1]),
    }
    ids = {name: store.create_run(spec, name=name).id for name, spec in specs.items()}
    Worker(settings, "cpu", 1).serve()
    store.extend_run(ids["extended"], small_spec(**small, levels=2, branches=CONTROLS))
    ids["together"] = store.create_run(small_spec(**small, branches=CONTROLS[:1], replicates=3), name="together").id
    grids = {"sgd": (0.5,), "adam": (0.003, 0.03), "dualised": (0.5,)}
    ids["rates"] = store.create_run(erasure_spec(grids, steps=20, twins=True), name="rates").id
    Worker(settings.model_copy(update={"together": 3}), "cpu", 1).serve()
    # Two trainings at once, then one that was added.
    stacked = {**small, "rewind_step": 10, "levels": 1}
    ids["stacked"] = store.create_run(small_spec(**stacked, branches=CONTROLS), name="stacked").id
    Worker(settings.model_copy(update={"together": 2}), "cpu", 1).serve()
    more = [{"kind": "reinit", "draws": 1}, *CONTROLS]
    store.extend_run(ids["stacked"], small_spec(**stacked, branches=more))
    Worker(settings, "cpu", 1).serve()
    assert {run.state for run in store.runs().items} == {"finished"}
    store.close()
    return folder, ids


@pytest.fixture
def pinned() -> Iterator[None]:
    """What `verify` asks of torch, taken back."""
    threads, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
    deterministic, tf32 = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.allow_tf32
    yield
    torch.set_num_threads(threads)
    torch.set_float32_matmul_precision(precision)
    torch.use_deterministic_algorithms(deterministic)
    torch.backends.cudnn.allow_tf32 = tf32


@pytest.fixture
def lab(
    made: tuple[Path, dict[str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    pinned: None,
) -> Iterator[Lab]:
    shutil.copytree(made[0], tmp_path / "data")
    monkeypatch.setenv("TICKETSCOPE_DATA_DIR", str(tmp_path / "data"))
    lab = Lab(tmp_path / "data", made[1], capsys)
    yield lab
    lab.store.close()


@pytest.mark.parametrize("run", ["rewound", "one_shot", "erasure", "rates", "rank"])
def test_trainings_are_made_in_the_order_that_the_spec_tells(lab: Lab, run: str) -> None:
    spec = lab.store.run(lab.ids[run]).experiment
    ended = [key.training for key in lab.store.outputs(lab.ids[run], 0) if key.name == spec.ends]
    assert ended == [key for key, _ in spec.parts()]


@pytest.mark.parametrize(
    ("run", "asked", "which", "compared"),
    [
        # The cheapest: rewound trainings have fewer steps, and of the tickets among them the last.
        ("rewound", {}, "replicate 0, level 2, winning ticket (the cheapest of 9", 8),
        ("rewound", {"level": 0, "replicate": 1}, "replicate 1, dense network\n", 10),
        ("rewound", {"control": "random", "draw": 1, "level": 1}, "level 1, random 2\n", 5),
        ("one_shot", {}, "level 2, winning ticket (the cheapest of 3", 8),
        ("one_shot", {"level": 1}, "level 1, winning ticket\n", 8),
        ("erasure", {}, "width 16, image picture, optimizer sgd, learning rate 0.1 (the cheapest of 6", 13),
        ("erasure", {"optimizer": "adam", "image": "none"}, "image none, optimizer adam, learning rate 0.01\n", 12),
        ("rank", {}, "width 16, batch size 8 (the cheapest of 2; --width and --batch-size choose others)\n", 1),
        ("rank", {"width": 32}, "width 32, batch size 8\n", 1),
        ("extended", {"level": 2, "control": "winning_ticket"}, "level 2, winning ticket\n", 8),
        ("extended", {"level": 1, "control": "random", "draw": 1}, "level 1, random 2\n", 5),
        # In the slots that they had of a stack; what was made at once with them is not compared.
        ("rates", {"optimizer": "adam", "image": "none", "lr": 0.003}, "optimizer adam, learning rate 0.003\n", 12),
        ("rates", {"optimizer": "adam", "image": "none", "lr": 0.03}, "optimizer adam, learning rate 0.03\n", 12),
        ("rates", {}, "image picture, optimizer sgd, learning rate 0.5 (the cheapest of 8", 12),
        # Alone in the slot that it had among three.
        ("together", {"replicate": 1, "level": 2, "control": "winning_ticket"}, "level 2, winning ticket\n", 8),
    ],
)
def test_a_training_of_every_kind_comes_out_the_same(
    lab: Lab, run: str, asked: dict[str, Any], which: str, compared: int
) -> None:
    code, out, err = lab.verify(run, **asked)
    assert (code, err) == (0, "")
    assert which in out
    assert out.endswith(f"identical to the bit: all {compared} series and artifacts\n")
    assert out.count("identical to the bit\n") == compared


def test_one_flipped_bit_of_a_row_is_found(lab: Lab) -> None:
    run = lab.ids["rewound"]
    with lab.store._db.read() as connection:
        (seq, data) = connection.exec_driver_sql(
            "SELECT seq, data FROM chunks WHERE run_id = ? AND replicate = 0 AND series = 'evaluation' "
            'AND key = \'{"level":2,"control":"winning_ticket","draw":0}\' ORDER BY ordinal LIMIT 1',
            (run,),
        ).one()
    flipped = bytearray(data)
    flipped[8] ^= 1  # the last bit of the second value
    lab.write("UPDATE chunks SET data = ? WHERE run_id = ? AND seq = ?", (bytes(flipped), run, seq))
    lab.rewrite("rewound", lambda event: event["provenance"].update(device_name="Another CPU", instructions="AVX-9"))
    code, out, _ = lab.verify("rewound")
    assert code == 1
    (line,) = [line for line in out.splitlines() if "differ," in line]
    assert line.split()[0] == "evaluation"
    assert ": 1 of " not in line
    assert " 1 of " in line
    assert "not the same: 1 of 8 series and artifacts differ" in out
    # It says with what it compares, and what was other there.
    assert "then  cpu Another CPU, instructions AVX-9, torch 2.13.0" in out
    assert "instructions: AVX-9 then, " in out


def test_one_flipped_bit_of_an_artifact_is_found_even_under_a_true_name(lab: Lab) -> None:
    ref = lab.artifact("rewound", "ticket", 2)
    lab.forge(ref)
    code, out, _ = lab.verify("rewound")
    assert code == 1
    (line,) = [line for line in out.splitlines() if " differ" in line and line.startswith("  ")]
    assert line.split()[0] == "ticket"
    assert "1 of " in line
    assert "Nothing that is recorded was other then." in out


def test_damaged_bytes_are_found_though_their_recorded_name_is_right(lab: Lab) -> None:
    lab.damage(lab.artifact("rewound", "pyramid", 2))
    code, out, _ = lab.verify("rewound")
    assert code == 1
    assert "the stored bytes of pyramid of level 2, winning ticket are damaged" in out


def test_a_replicate_that_had_to_go_on_with_fewer_is_refused_by_name(lab: Lab) -> None:
    """Rows of several plans lie in its log, and a stack of another width rounds otherwise."""
    starts = [start for start in lab.store.starts(lab.ids["together"]) if start.replicate == 0]
    assert [start.event["plan"]["replicates"] for start in starts] == [3]
    event = {**starts[0].event, "attempt": 2, "plan": {**starts[0].event["plan"], "replicates": 1}}
    lab.write(
        "INSERT INTO events SELECT run_id, 1000000, at, shard_id, replicate, NULL, topic, ? FROM events "
        "WHERE run_id = ? AND seq = ?",
        (orjson.dumps(event).decode(), lab.ids["together"], starts[0].seq),
    )
    code, out, err = lab.verify("together")
    assert (code, out) == (2, "")
    assert "3 then 1 of them" in err


def test_each_of_several_at_once_is_made_again_in_its_slot(lab: Lab) -> None:
    (plan, _) = [start.event["plan"] for start in lab.store.starts(lab.ids["stacked"])]
    assert plan["stack_groups"] == ["winning_ticket/0 shuffled/0", "random/0 random/1"]
    for control, draw in (("winning_ticket", 0), ("shuffled", 0), ("random", 0), ("random", 1), ("reinit", 0)):
        code, out, err = lab.verify("stacked", level=1, control=control, draw=draw)
        assert code == 0, (control, draw, out, err)
        assert "identical to the bit" in out


def test_one_that_had_to_go_on_with_fewer_at_once_is_refused_by_name(lab: Lab) -> None:
    starts = lab.store.starts(lab.ids["stacked"])
    event = {**starts[-1].event, "plan": {**starts[-1].event["plan"], "stack_groups": ["winning_ticket/0 shuffled/0"]}}
    lab.write(
        "UPDATE events SET body = ? WHERE run_id = ? AND seq = ?",
        (orjson.dumps(event).decode(), lab.ids["stacked"], starts[-1].seq),
    )
    code, out, err = lab.verify("stacked")
    assert (code, out) == (2, "")
    assert "winning_ticket/0 shuffled/0 | random/0 random/1, then winning_ticket/0 shuffled/0, as" in " ".join(
        err.split()
    )


def test_what_a_training_rests_on_must_be_whole(lab: Lab) -> None:
    ref = lab.artifact("rewound", "ticket", 1)
    lab.damage(ref)
    code, _, err = lab.verify("rewound")
    assert (code, "the stored bytes of ticket of level 1, winning ticket are damaged" in err) == (1, True)
    (lab.artifacts / ref.id[:2] / ref.id).unlink()
    code, _, err = lab.verify("rewound")
    assert (code, "the stored bytes of ticket of level 1, winning ticket are lost" in err) == (1, True)


def test_a_forged_start_gives_other_numbers_and_their_size(lab: Lab) -> None:
    # The last bit of a trained weight of level 1, from which level 2 is pruned and, here, goes on.
    lab.forge(lab.artifact("rewound", "rewind", 0))
    code, out, _ = lab.verify("rewound")
    assert code == 1
    assert "values differ, by " in out


def test_something_that_was_not_there_then_is_said(lab: Lab) -> None:
    ref = lab.artifact("rewound", "pyramid", 2)
    lab.write("DELETE FROM artifacts WHERE run_id = ? AND seq = ?", (ref.run_id, ref.seq))
    code, out, _ = lab.verify("rewound")
    assert (code, "was not stored then" in out) == (1, True)


def test_another_numeric_plan_is_refused_and_each_difference_named(lab: Lab) -> None:
    lab.rewrite("rewound", lambda event: event["plan"]["versions"].update(torch="1.0.0"))
    code, out, err = lab.verify("rewound")
    assert code == 2
    assert f"versions.torch: 1.0.0 then, {torch.__version__.partition('+')[0]} here" in err
    assert "--anyway" in err
    assert "identical to the bit" not in out


def test_anyway_goes_on_and_says_so(lab: Lab) -> None:
    lab.rewrite("rewound", lambda event: event["plan"].update(threads=7, device="a GPU of another make"))
    assert lab.verify("rewound")[0] == 2
    code, out, err = lab.verify("rewound", anyway=True)
    assert (code, err) == (0, "")
    assert "not the same numeric plan" in out
    assert "threads: 7 then, 1 here" in out
    assert "device: a GPU of another make then, cpu here" in out


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"level": 3}, "no training with level 3 has ended in this run; known: 0, 1, 2"),
        (
            {"control": "reinit"},
            "no training with control reinit has ended in this run; known: winning_ticket, shuffled, random",
        ),
        ({"control": "shuffled", "draw": 1}, "no training with draw 1 has ended in this run; known: 0"),
        ({"width": 16}, "trainings of this run have no width; they are named by --level, --control, --draw"),
        ({"level": "x"}, "--level x: Input should be a valid integer"),
        ({"replicate": 2}, "has no replicate 2: it has 2, from 0 on"),
    ],
)
def test_what_was_not_trained_is_refused(lab: Lab, asked: dict[str, Any], reason: str) -> None:
    code, out, err = lab.verify("rewound", **asked)
    assert (code, out) == (2, "")
    assert reason in err.replace("\n", " ")


def test_runs_that_cannot_be_made_again_are_refused(lab: Lab) -> None:
    assert lab.verify("0000000000") == (2, "", "there is no run 0000000000\n")
    waiting = lab.store.create_run(small_spec(), name="waits").id
    assert "no replicate of it has finished yet" in lab.verify(waiting)[2]
    assert "replicate 0 of run" in lab.verify(waiting, replicate=0)[2]
    spec = ImportedSpec(kind="imported", files=("a.safetensors",), layers=1, levels=0)
    elsewhere = lab.store.import_run(spec, [[]], {"layers": []}, name="from elsewhere").id
    code, _, err = lab.verify(elsewhere)
    assert (code, "holds imported masks" in err) == (2, True)
