"""`docs/add-a-method.md` is followed to the letter in a copy of the project: two files a method, and it trains."""

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.pins import losses
from tests.copied import ROOT, copied, printed, python
from tests.generated import FILES

NAME, NEEDS_GRADIENTS = "small_final", "sensitivity"
NAMES = (NAME, NEEDS_GRADIENTS)
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
from workers.science.pruning.context import PruningContext

entry = CATALOG["pruning"]["{NAME}"]
spec = EXPERIMENTS["lottery"].params.model_validate({SPEC!r})
form = {{field.path: field for part in forms.build("lottery", forms.values(spec), {{}}) for field in part.fields}}
kept = {{}}
for output in run(spec, 0, datasets_dir=Path("nowhere")):
    if isinstance(output, Measured) and output.series == "layers":
        kept[output.key.level] = [int(n) for n in output.columns["kept"]]
weights = {{"fc.weight": torch.tensor([[3.0, -1.0], [2.0, -4.0]])}}
layers = {{"fc.weight": Layer("fc.weight", "linear", (2, 2))}}
context = PruningContext(weights, {{"fc.weight": torch.ones(2, 2, dtype=torch.bool)}}, layers)
mask = build(entry)(context, rate=0.5)["fc.weight"]
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

BY_HAND = f"""
import json
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from app.contract.events import Measured
from app.kinds.lottery.spec import LotteryKey
from app.kinds.specs import EXPERIMENTS
from app.methods.catalog import CATALOG
from workers.science.build import build
from workers.science.data import digits
from workers.science.experiments.lottery import run
from workers.science.experiments.ticket import masks_of
from workers.science.models import lenet_300_100
from workers.science.models.prunable import Layer
from workers.science.outputs import Tensors
from workers.science.pruning.context import PruningContext, Trainable
from workers.science.random import generator
from workers.science.train.task import CLASSIFICATION

# One output for the right class more than for the other: with logits of w1 x1 + w2 x2 and 0 for the classes 0 and 1,
# p0 = 1 / (1 + exp(-(w1 x1 + w2 x2))) and the gradient of the loss of class 0 by the first weight is (p0 - 1) x1.
x, y = torch.tensor([[1.0, 4.0]]), torch.tensor([0])
weights = {{"weight": torch.tensor([[2.0, 1.0], [0.0, 0.0]])}}
context = PruningContext(
    weights, {{"weight": torch.ones(2, 2, dtype=torch.bool)}}, {{"weight": Layer("weight", "output", (2, 2))}},
    trainable=Trainable(lambda: nn.Linear(2, 2, bias=False), lambda _: (x, y), CLASSIFICATION),
)
gradient = context.gradients()["weight"]
small = build(CATALOG["pruning"]["{NEEDS_GRADIENTS}"])(context, rate=0.75)["weight"]

spec = EXPERIMENTS["lottery"].params.model_validate(
    {SPEC!r} | {{"pruning": {{"kind": "{NEEDS_GRADIENTS}", "rate": 0.5, "batches": 2}}}}
)
outputs = list(run(spec, 0, datasets_dir=Path("nowhere")))
tensors = {{(o.name, o.key): dict(o.tensors) for o in outputs if isinstance(o, Tensors)}}
theta0 = tensors["init", LotteryKey()]
data = digits.load(Path())
model = lenet_300_100.build((1, 8, 8), 10)
masks = {{name: torch.ones_like(w, dtype=torch.bool) for name, w in theta0.items() if name.endswith(".weight")}}
agree = []
for level in (1, 2):
    model.load_state_dict({{name: w * masks[name] if name in masks else w for name, w in theta0.items()}})
    order = torch.randperm(len(data.train), generator=generator(spec.seed, 0, "pruning", level, "order", 0))
    losses = []
    for rows in order.split(spec.batch_size)[:2]:
        losses.append(cross_entropy(model(data.train.x[rows]), data.train.y[rows]))
    kernels = [model.get_parameter(name) for name in masks]
    gradients = torch.autograd.grad(sum(losses) / 2, kernels)
    products = torch.cat([(g * theta0[name]).abs().flatten() for name, g in zip(masks, gradients)])
    alive = torch.cat([mask.flatten() for mask in masks.values()])
    n = int(alive.sum())
    threshold = products[alive].sort().values[round(n * 0.5)]
    found = masks_of(tensors["mask", LotteryKey(level=level)], masks)
    mine = torch.cat([mask.flatten() for mask in found.values()])
    agree.append([int(mine.sum()), float(((products >= threshold) & alive == mine).double().mean())])
    masks = found
print(json.dumps({{
    "gradient": gradient.tolist(),
    "small": small.tolist(),
    "agree": agree,
    "rows": sum(len(o.columns["step"]) for o in outputs if isinstance(o, Measured) and o.series == "evaluation"),
    "outlook": spec.outlook,
}}))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with two files a method, and with what `make generated` writes."""
    return copied(tmp_path_factory.mktemp("project"), PRINTED)


def test_a_method_is_two_files() -> None:
    folders = ("app/methods/pruning", "workers/science/pruning")
    assert sorted(PRINTED) == sorted(f"{folder}/{name}.py" for folder in folders for name in NAMES)


def test_the_method_is_in_catalog_form_and_api_and_trains(copy: Path) -> None:
    shown = python(copy, "-c", SHOW)
    assert shown.returncode == 0, shown.stderr
    seen: dict[str, Any] = json.loads(shown.stdout)
    assert seen["target"] == f"workers.science.pruning.{NAME}:prune"
    assert (
        seen["catalog"]
        == seen["api"]
        == seen["form"]
        == [
            "layerwise_magnitude",
            "global_magnitude",
            "gradual_magnitude",
            *sorted(NAMES),
        ]
    )
    assert seen["outlook"] == "2 levels end at 25.0 % density"
    assert "SmallFinal" in seen["schema"]
    assert seen["mask"] == [[False, True], [True, False]]  # of 3, -1, 2 and -4
    layers = [64 * 300, 300 * 100, 100 * 10]
    assert seen["kept"] == {str(level): [weights >> level for weights in layers] for level in (0, 1, 2)}


def test_one_that_needs_gradients_prunes_at_initialisation_what_autograd_says_by_hand(copy: Path) -> None:
    shown = python(copy, "-c", BY_HAND)
    assert shown.returncode == 0, shown.stderr
    seen: dict[str, Any] = json.loads(shown.stdout)
    p = 1 / (1 + math.exp(-6))
    assert seen["gradient"] == [
        pytest.approx([(p - 1) * 1, (p - 1) * 4], 1e-4),
        pytest.approx([1 - p, (1 - p) * 4], 1e-4),
    ]
    # |gradient · weight| is 2 and 4 times 1 - p, and 0 twice: of four one is kept.
    assert seen["small"] == [[False, True], [False, False]]
    # By a threshold in an order of additions of its own: a product on the boundary may fall to the other side.
    assert [kept for kept, _ in seen["agree"]] == [25_100, 12_550]
    assert all(share > 0.9999 for _, share in seen["agree"])
    assert seen["rows"] == 3 * 4
    assert seen["outlook"] == "2 levels end at 25.0 % density"


def test_what_is_generated_only_gains(copy: Path) -> None:
    pins = "tests/contracts/pins.json"
    old, new = (json.loads((root / pins).read_text()) for root in (ROOT, copy))
    assert list(losses(old, new)) == []
    assert sorted(losses(new, old)) == [f"methods.pruning.{name}" for name in sorted(NAMES)]
    table = "docs/methods.md"
    rows = [set((root / table).read_text().splitlines()) for root in (ROOT, copy)]
    assert rows[0] < rows[1]
    assert all(any(name in row for name in NAMES) for row in rows[1] - rows[0])
    assert all(any(name in row for row in rows[1] - rows[0]) for name in NAMES)
    for path in set(FILES) - {pins, table}:  # no curve of its own
        assert (copy / path).read_text() == (ROOT / path).read_text()


def test_the_tests_of_the_contract_cover_it_and_pass(copy: Path) -> None:
    tests = ["tests/contracts", "tests/test_generated.py", "tests/test_docs.py"]
    chosen = " or ".join((*NAMES, "generated", "pin"))
    ran = python(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, "-k", chosen)
    assert ran.returncode == 0, ran.stdout
    passed = re.search(r"^(\d+) passed", ran.stdout, re.MULTILINE)
    assert passed
    assert int(passed[1]) > 20, ran.stdout


def test_the_printed_code_is_in_the_style_of_the_project(copy: Path) -> None:
    for command in (("check",), ("format", "--check")):
        linted = python(copy, "-m", "ruff", *command, *PRINTED)
        assert linted.returncode == 0, linted.stdout
