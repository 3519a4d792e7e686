"""A model that torch.fx cannot trace is added in two files: what needs the trace says why not, all else works."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.copied import copied, python
from tests.untraceable import FILES, NAME

UNTRACEABLE = "not defined for this model, because its second layer depends on the data"
WHY = "not defined for this model, because torch.fx cannot trace it: symbolically traced variables"
USE = f"""
import json, sys
from pathlib import Path
from app.main import create_app
from app.queue import Queue
from app.settings import Settings
from app.store import Store
from tests.app.in_process import in_process
from workers.child import Attempt
from workers.job import Job

class Deaf:
    order = None
    def hear(self, *_): pass

SPEC = {{
    "kind": "lottery", "dataset": {{"kind": "digits"}}, "model": {{"kind": "{NAME}"}}, "init": "normal",
    "optimizer": {{"kind": "adam"}}, "steps": 12, "eval_every": 6, "levels": 4, "replicates": 2,
    "pruning": {{"kind": "layerwise_magnitude", "rate": 0.9, "output_rate": 0.5}}, "branches": [{{"kind": "shuffled"}}],
}}
settings = Settings(data_dir=Path(sys.argv[1]), demo=False)
store = Store(settings.resolved_database_url, settings.resolved_artifacts_url)
store.migrate()

def work():
    while (claim := store.claim("cpu", "a test")) is not None:
        list(Attempt(Job(claim, settings, "a test", "cpu"), Deaf()).work())

with in_process(create_app(settings, store, Queue(""))) as client:
    def submit(spec):
        return client.post("/api/v1/runs", json={{"spec": spec}}).json()

    def finding(run, name, **options):
        meta = client.get(f"/api/v1/runs/{{run}}/figures/{{name}}", params=options).json()["layout"]["meta"]
        return "".join(part["text"] for part in meta["finding"]), meta["foot"]

    refused = {{name: submit({{**SPEC, **other}}).get("errors") for name, other in {{
        "muon": {{"optimizer": {{"kind": "muon"}}}}, "init": {{"init": "orthogonal"}},
        "dataset": {{"dataset": {{"kind": "tiny_shakespeare"}}}},
    }}.items()}}
    run = submit(SPEC)["id"]
    work()
    url = f"/api/v1/runs/{{run}}"
    timed = submit({{"kind": "hardware", "ticket": f"{{run}}:0:1", "layers": [], "replicates": 1, "batch_sizes": [4],
                    "modes": ["inference"], "repeats": 7, "formats": ["masked_dense", "compacted"]}})["id"]
    work()
    print(json.dumps({{
        "refused": refused,
        "run": client.get(url).json(),
        "accuracy": finding(run, "accuracy_vs_density"),
        "curves": client.get(f"{{url}}/series", params={{"name": "test_accuracy"}}).json()["columns"]["value"],
        "masks": client.get(f"/runs/{{run}}?tab=masks&level=1", headers={{"Accept": "text/html"}}).text,
        "unit": client.get(f"{{url}}/masks/fc1/units/0", params={{"level": 1}}).json(),
        "uniform": finding(run, "overlap_matrix", level=1),
        "unit_permuted": finding(run, "overlap_matrix", level=1, measure="unit_permuted"),
        "by_layer": finding(run, "overlap_vs_chance", level=1),
        "hardware": client.get(f"/api/v1/runs/{{timed}}").json(),
        "times": client.get(f"/api/v1/runs/{{timed}}/series", params={{"name": "hardware"}}).json()["columns"],
        "ticket_speedup": finding(timed, "ticket_speedup"),
    }}))
store.close()
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with the two files, and with what `make generated` writes."""
    return copied(tmp_path_factory.mktemp("project"), FILES)


@pytest.fixture(scope="module")
def seen(copy: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a lab with this model answers."""
    shown = python(copy, "-c", USE, str(tmp_path_factory.mktemp("data")))
    assert shown.returncode == 0, shown.stderr
    answers: dict[str, Any] = json.loads(shown.stdout.splitlines()[-1])
    return answers


def test_what_cannot_work_is_refused_at_submit_with_its_field(seen: dict[str, Any]) -> None:
    errors = {name: [(error["path"], error["message"]) for error in found] for name, found in seen["refused"].items()}
    assert errors == {
        "muon": [(
            "optimizer",
            f"muon needs to know which kernels are hidden: {UNTRACEABLE}",
        )],
        "init": [(
            "init",
            f"orthogonal is not defined for a layer of {NAME}: gain is a vector, and only normal draws one",
        )],
        "dataset": [(
            "model",
            "does not fit the data set tiny_shakespeare: it reads pictures, and the examples are text",
        )],
    }  # fmt: skip


def test_curves_and_masks_are_there(seen: dict[str, Any]) -> None:
    run = seen["run"]
    assert (run["state"], run["error"]) == ("finished", None)
    assert run["provenance"]["architecture"]["reason"].startswith(WHY)
    assert [layer["name"] for layer in run["provenance"]["layers"]] == ["fc1", "fc2", "fc3"]
    assert len(seen["curves"]) > 2 * 9
    assert re.match(r"At [\d.]+\s% of the weights the ticket reaches", seen["accuracy"][0])
    assert "of the weights, from" in seen["masks"]
    assert seen["uniform"][0].startswith("2 tickets have an IoU of")


def test_what_needs_the_trace_says_why_not(seen: dict[str, Any]) -> None:
    unit = seen["unit"]
    assert (unit["out_degree"], unit["readers"], unit["reached"]) == (None, [], [])
    assert unit["reason"].startswith(WHY)
    assert 0 < unit["in_degree"] < 64, "its own weights need no trace"
    assert seen["unit_permuted"][0].startswith(f"Unit-permuted chance is {WHY}")
    assert f"unit-permuted chance: {WHY}" in seen["by_layer"][1]
    assert "weights drawn at random would share" in seen["by_layer"][0]
    lost = "Layer collapse at level 4 in fc1 and fc2; whether a path leads around it is "
    assert f"{lost}{WHY}" in seen["accuracy"][0]


def test_a_ticket_is_timed_but_not_compacted(seen: dict[str, Any]) -> None:
    assert (seen["hardware"]["state"], seen["hardware"]["error"]) == ("finished", None)
    times = dict(zip(seen["times"]["storage_format"], seen["times"]["seconds"], strict=True))
    assert {name: seconds is None for name, seconds in times.items()} == {
        "dense": False, "masked_dense": False, "compacted": True,
    }  # fmt: skip
    assert "not defined for this model, because its units cannot be left out one by one" in seen["ticket_speedup"][1]


def test_the_tests_of_every_model_hold_its_description_to_the_model(copy: Path) -> None:
    tests = ["tests/workers/science/architecture/test_architecture.py", "tests/workers/science/models/test_weights.py"]
    ran = python(copy, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *tests, "-k", NAME)
    assert ran.returncode == 0, ran.stdout
    passed = re.search(r"^(\d+) passed", ran.stdout, re.MULTILINE)
    assert passed
    assert int(passed[1]) >= 9
