"""`docs/add-a-model.md` is followed to the letter in a copy: two files, and a model with branches trains."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.pins import losses
from tests.copied import ROOT, copied, printed, python
from tests.generated import FILES

NAME = "fire_3"
PRINTED = printed("add-a-model.md")
SPEC = {
    "kind": "lottery", "dataset": {"kind": "digits"}, "model": {"kind": NAME}, "optimizer": {"kind": "adam"},
    "steps": 12, "eval_every": 5, "levels": 2, "replicates": 1, "pruning": {"kind": "layerwise_magnitude"},
}  # fmt: skip
SHOW = f"""
import json
from pathlib import Path

import torch

from app.contract.events import Measured
from app.kinds.specs import EXPERIMENTS
from app.methods.catalog import CATALOG
from app.web.form import form as forms
from workers.science.experiments.lottery import describe, run

spec = EXPERIMENTS["lottery"].params.model_validate({SPEC!r})
form = {{field.path: field for part in forms.build("lottery", forms.values(spec), {{}}) for field in part.fields}}
kept, series = {{}}, set()
for output in run(spec, 0, datasets_dir=Path("nowhere")):
    if isinstance(output, Measured):
        series.add(output.series)
        if output.series == "layers":
            kept[len(kept)] = [int(n) for n in output.columns["kept"]]
plan = describe(spec, Path("nowhere"))
print(json.dumps({{
    "form": [option.value for option in form["model"].options],
    "outlook": spec.outlook,
    "kernels": [kernel.weights for kernel in spec.model.kernels((1, 8, 8), 10)],
    "layers": [layer["shape"] for layer in plan["layers"]],
    "architecture": plan["architecture"],
    "kept": kept,
    "series": sorted(series),
}}))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with the two files, and with what `make generated` writes."""
    return copied(tmp_path_factory.mktemp("project"), PRINTED)


def test_a_model_is_two_files() -> None:
    assert sorted(PRINTED) == [f"app/methods/model/{NAME}.py", f"workers/science/models/{NAME}.py"]


def test_the_model_is_in_the_form_is_traced_and_trains(copy: Path) -> None:
    shown = python(copy, "-c", SHOW)
    assert shown.returncode == 0, shown.stderr
    seen: dict[str, Any] = json.loads(shown.stdout)
    assert NAME in seen["form"]
    fire = [32 * 8, 8 * 16, 9 * 8 * 16]
    weights = [9 * 32, *fire, *fire, *fire, 32 * 10]
    assert sum(weights) == int(_printed_count().replace(",", ""))
    assert seen["kernels"] == weights
    assert seen["layers"][1:4] == [[8, 32, 1, 1], [16, 8, 1, 1], [16, 8, 3, 3]]
    kernels = {kernel["name"]: kernel for kernel in seen["architecture"]["kernels"]}
    both = ["fires.0.expand_1.weight", "fires.0.expand_3.weight"]
    assert kernels["fires.1.squeeze.weight"]["reads"] == both, "the next module reads both branches"
    # The first convolution; in each module squeezed channels and those of two branches.
    assert sorted(group["size"] for group in seen["architecture"]["groups"]) == [8] * 3 + [16] * 6 + [32]
    assert seen["kept"]["0"] == weights
    assert all(after < before for after, before in zip(seen["kept"]["2"], weights, strict=True))
    assert seen["series"] == ["evaluation", "layers", "movement", "outcome"]


def _printed_count() -> str:
    found = re.search(r"([\d,]+) prunable weights", PRINTED[f"workers/science/models/{NAME}.py"])
    assert found
    return found[1]


def test_what_is_generated_only_gains(copy: Path) -> None:
    pins = "tests/contracts/pins.json"
    old, new = (json.loads((root / pins).read_text()) for root in (ROOT, copy))
    assert list(losses(old, new)) == []
    assert list(losses(new, old)) == [f"methods.model.{NAME}"]
    for path in set(FILES) - {pins, "docs/methods.md"}:
        assert (copy / path).read_text() == (ROOT / path).read_text()


def test_the_tests_of_every_model_cover_it_and_pass(copy: Path) -> None:
    tests = [
        "tests/contracts", "tests/test_generated.py", "tests/test_docs.py", "tests/app/masks/test_reach.py",
        "tests/workers/science/architecture/test_architecture.py",
    ]  # fmt: skip
    ran = python(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, "-k", f"{NAME} or generated or pin")
    assert ran.returncode == 0, ran.stdout
    passed = re.search(r"^(\d+) passed", ran.stdout, re.MULTILINE)
    assert passed
    assert int(passed[1]) > 20, ran.stdout


def test_the_printed_code_is_in_the_style_of_the_project(copy: Path) -> None:
    for command in (("check",), ("format", "--check")):
        linted = python(copy, "-m", "ruff", *command, *PRINTED)
        assert linted.returncode == 0, linted.stdout
