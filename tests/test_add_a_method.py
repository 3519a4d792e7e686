"""`docs/add-a-method.md` is followed to the letter in a copy of the project: two files, and the method trains."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.pins import losses
from tests.copied import ROOT, copied, printed, python
from tests.generated import FILES

NAME = "small_final"
PRINTED = printed("add-a-method.md")
SPEC = {
    "kind": "lottery", "dataset": {"kind": "digits"}, "model": {"kind": "lenet_300_100"}, "optimizer": {"kind": "adam"},
    "steps": 12, "eval_every": 5, "levels": 2, "replicates": 1, "pruning": {"kind": NAME, "rate": 0.5},
}  # fmt: skip
SHOW = f"""
import json
from pathlib import Path

import torch

from app.contract.events import Measured
from app.kinds.specs import EXPERIMENTS
from app.methods.catalog import CATALOG
from app.web.form import form as forms
from app.web.form.catalog import get_catalog
from workers.science.build import build
from workers.science.experiments.lottery import run
from workers.science.models.prunable import Layer

entry = CATALOG["pruning"]["{NAME}"]
spec = EXPERIMENTS["lottery"].params.model_validate({SPEC!r})
form = {{field.path: field for part in forms.build("lottery", forms.values(spec), {{}}) for field in part.fields}}
kept = {{}}
for output in run(spec, 0, datasets_dir=Path("nowhere")):
    if isinstance(output, Measured) and output.series == "layers":
        kept[output.place.level] = [int(n) for n in output.columns["kept"]]
weights = {{"fc.weight": torch.tensor([[3.0, -1.0], [2.0, -4.0]])}}
layers = {{"fc.weight": Layer("fc.weight", "linear", (2, 2))}}
mask = build(entry)(weights, {{"fc.weight": torch.ones(2, 2, dtype=torch.bool)}}, layers, rate=0.5)["fc.weight"]
print(json.dumps({{
    "target": entry.target,
    "catalog": list(CATALOG["pruning"]),
    "form": [option.value for option in form["pruning"].options],
    "outlook": spec.outlook,
    "api": [method.name for method in get_catalog().rooms["pruning"]],
    "schema": sorted(EXPERIMENTS["lottery"].params.model_json_schema()["$defs"]),
    "kept": kept,
    "mask": mask.tolist(),
}}))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with the two files, and with what `make generated` writes."""
    return copied(tmp_path_factory.mktemp("project"), PRINTED)


def test_a_method_is_two_files() -> None:
    assert sorted(PRINTED) == [f"app/methods/pruning/{NAME}.py", f"workers/science/pruning/{NAME}.py"]


def test_the_method_is_in_catalog_form_and_api_and_trains(copy: Path) -> None:
    shown = python(copy, "-c", SHOW)
    assert shown.returncode == 0, shown.stderr
    seen: dict[str, Any] = json.loads(shown.stdout)
    assert seen["target"] == f"workers.science.pruning.{NAME}:prune"
    assert seen["catalog"] == seen["api"] == seen["form"] == ["layerwise_magnitude", "global_magnitude", NAME]
    assert seen["outlook"] == "2 levels end at 25.0 % density"
    assert "SmallFinal" in seen["schema"]
    assert seen["mask"] == [[False, True], [True, False]]  # of 3, -1, 2 and -4
    layers = [64 * 300, 300 * 100, 100 * 10]
    assert seen["kept"] == {str(level): [weights >> level for weights in layers] for level in (0, 1, 2)}


def test_what_is_generated_only_gains(copy: Path) -> None:
    pins = "tests/contracts/pins.json"
    old, new = (json.loads((root / pins).read_text()) for root in (ROOT, copy))
    assert list(losses(old, new)) == []
    assert list(losses(new, old)) == [f"methods.pruning.{NAME}"]
    table = "docs/methods.md"
    rows = [set((root / table).read_text().splitlines()) for root in (ROOT, copy)]
    assert rows[0] < rows[1]
    assert all(NAME in row for row in rows[1] - rows[0])
    for path in set(FILES) - {pins, table}:  # no curve of its own
        assert (copy / path).read_text() == (ROOT / path).read_text()


def test_the_tests_of_the_contract_cover_it_and_pass(copy: Path) -> None:
    tests = ["tests/contracts", "tests/test_generated.py", "tests/test_docs.py"]
    ran = python(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, "-k", f"{NAME} or generated or pin")
    assert ran.returncode == 0, ran.stdout
    passed = re.search(r"^(\d+) passed", ran.stdout, re.MULTILINE)
    assert passed
    assert int(passed[1]) > 20, ran.stdout


def test_the_printed_code_is_in_the_style_of_the_project(copy: Path) -> None:
    for command in (("check",), ("format", "--check")):
        linted = python(copy, "-m", "ruff", *command, *PRINTED)
        assert linted.returncode == 0, linted.stdout
