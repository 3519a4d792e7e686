"""Which replicates were made with what, and what was other when they were made again."""

from datetime import UTC, datetime
from typing import Any

from app.records import EventRecord
from app.repeat.origins import Reason, differing, flat, origins, reasons


def start(seq: int, replicate: int, attempt: int = 1, worker: str = "w", **provenance: Any) -> EventRecord:
    plan = {"threads": 1, "versions": {"torch": "2.13.0"}}
    event = {"replicate": replicate, "attempt": attempt, "worker": worker, "plan": plan, "provenance": provenance}
    return EventRecord(seq=seq, at=datetime.now(UTC), replicate=replicate, event=event)


def test_attempts_that_were_made_alike_are_one_origin() -> None:
    made = origins(
        [
            start(1, 0, host="a"),
            start(2, 1, host="a"),
            start(3, 0, attempt=2, worker="x", host="a"),
            start(4, 0, attempt=3, worker="x", host="b"),
            start(5, 0, attempt=4, host="a"),
        ]
    )
    assert [(item.replicate, item.attempts, item.workers, item.lines["host"]) for item in made] == [
        (0, (1, 2), ("w", "x"), "a"),
        (0, (3,), ("x",), "b"),
        (0, (4,), ("w",), "a"),
        (1, (1,), ("w",), "a"),
    ]


def test_only_what_differs_between_replicates_is_named() -> None:
    made = origins([start(1, 0, host="a", seed=0), start(2, 1, host="b", seed=0, blas={"mkl": "1"})])
    assert differing(made) == ["host", "blas.mkl"]
    assert differing(made[:1]) == differing([]) == []


def test_provenance_tells_more_exactly_what_the_plan_names_too() -> None:
    (made,) = origins([start(1, 0, versions={"torch": "2.13.0+cpu"})])
    assert made.lines == {"threads": "1", "versions.torch": "2.13.0+cpu"}


def test_reasons_are_keys_that_were_other_for_the_same_replicate() -> None:
    then = origins([start(1, 0, host="a", device="cpu"), start(2, 1, host="a", device="cpu")])
    now = origins(
        [start(1, 0, host="b", device="cpu"), start(2, 1, host="b", device="cpu"), start(3, 1, attempt=2, device="gpu")]
    )
    assert reasons(then, now) == [Reason("device", "cpu", "cpu, then gpu", (1,))]
    assert reasons(then, then) == []
    swapped = [start(1, 0, device="gpu"), start(2, 1, device="cpu"), start(3, 2, device="gpu")]
    assert reasons(then, origins(swapped)) == [Reason("device", "cpu", "gpu", (0,))]


def test_what_an_older_program_did_not_record_is_said_so() -> None:
    then, now = origins([start(1, 0)]), origins([start(1, 0, instructions="AVX2")])
    assert reasons(then, now) == [Reason("instructions", "not recorded", "AVX2", (0,))]


def test_layers_and_one_optimizer_for_all_take_one_line() -> None:
    nested = {
        "layers": [{"name": "fc1", "shape": [3, 4]}, {"name": "fc2", "shape": [2, 3]}],
        "moved_by": {"fc1.weight": "Adam", "fc2.weight": "Adam"},
        "environment": {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
        "input": [1, 8, 8],
        "architecture": {"kernels": [], "groups": []},
    }
    assert flat(nested) == [
        ("layers", "fc1 3×4, fc2 2×3"),
        ("moved_by", "Adam: all 2"),
        ("environment.OMP_NUM_THREADS", "1"),
        ("environment.MKL_NUM_THREADS", "1"),
        ("input", "1, 8, 8"),
    ]
    assert flat({"moved_by": {"a": "Muon", "b": "AdamW"}}) == [("moved_by.a", "Muon"), ("moved_by.b", "AdamW")]
