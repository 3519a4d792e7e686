"""What is tried next where the memory was too small for all that was to be trained at once."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from app.settings import Settings
from app.store import Store
from tests.lab import small_spec
from workers.job import Job


def test_trainings_of_a_replicate_are_fewer_before_replicates_are(store: Store, tmp_path: Path) -> None:
    branches = [{"kind": "reinit", "draws": 3}]
    store.create_run(small_spec(replicates=2, branches=branches), name="x")
    claim = store.claim("cpu", "a test")
    assert claim is not None
    job = Job(claim, Settings(data_dir=tmp_path), "a test", "cpu", width=2, at_once=4)
    told = []
    while job.stacked:
        plan, words = job.smaller_plan()
        told.append((plan, words.partition(" do not fit")[0]))
        frozen: dict[str, Any] = {"replicates": job.width, "stack_groups": job.stacks} | plan
        job = replace(job, claim=replace(claim, plan=frozen), width=frozen["replicates"])
    assert told == [
        ({"stack_groups": ["winning_ticket/0 reinit/0", "reinit/1 reinit/2"]}, "4 trainings of a replicate together"),
        ({"stack_groups": []}, "2 trainings of a replicate together"),
        ({"replicates": 1}, "2 replicates together"),
    ]
