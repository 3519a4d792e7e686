"""The numeric plan is frozen, and refused where it cannot be obeyed."""

import json
import subprocess
import sys

import pytest

from workers import machine, numerics

PLAN = """
import json
from workers import machine, numerics
numerics.pin()
print(json.dumps(numerics.plan({"layers": [{"name": "fc1", "shape": [2, 3]}]}, "cpu")))
"""


@pytest.fixture(scope="module")
def plan() -> dict[str, object]:
    # In a process of its own: pinning changes torch for good.
    text = subprocess.run([sys.executable, "-c", PLAN], capture_output=True, text=True, check=True).stdout
    document: dict[str, object] = json.loads(text)
    return document


def test_a_plan_names_what_decides_the_bits(plan: dict[str, object]) -> None:
    assert plan["layers"] == [{"name": "fc1", "shape": [2, 3]}]
    assert "stack_groups" not in plan
    assert (plan["replicates"], plan["threads"], plan["dtype"], plan["device"]) == (1, 1, "float32", "cpu")
    assert plan["flags"] == {"deterministic": True, "matmul": "highest", "tf32": False}
    versions = plan["versions"]
    assert isinstance(versions, dict)
    assert versions["torch"] == "2.13.0"
    assert versions.keys() == {"python", "torch", "numpy"}


def test_the_same_plan_is_obeyed(plan: dict[str, object]) -> None:
    numerics.obey(json.loads(json.dumps(plan)), plan)
    at_once = numerics.plan({}, "cpu", 2, ["winning_ticket/0 reinit/0"])
    numerics.obey(json.loads(json.dumps(at_once)), at_once)
    numerics.obey(json.loads(json.dumps(at_once).replace("stack_groups", "abreast")), at_once)  # as it was called
    with pytest.raises(numerics.PlanMismatchError, match="stack_groups was"):
        numerics.obey(at_once, numerics.plan({}, "cpu", 2))


def test_a_run_from_before_models_were_described_goes_on(plan: dict[str, object]) -> None:
    numerics.obey(plan, {**plan, "architecture": {"kernels": [], "groups": []}})


def test_an_extension_may_bring_optimizers_and_change_none(plan: dict[str, object]) -> None:
    before = {**plan, "moved_by": {"sgd": "torch.optim.SGD"}}
    numerics.obey(before, {**plan, "moved_by": {"sgd": "torch.optim.SGD", "lion": "Lion"}})
    for other in ({"sgd": "Lion"}, {"lion": "Lion"}):
        with pytest.raises(numerics.PlanMismatchError, match="sgd was"):
            numerics.obey(before, {**plan, "moved_by": other})


def test_of_versions_only_those_that_differ_are_named(plan: dict[str, object]) -> None:
    versions = plan["versions"]
    assert isinstance(versions, dict)
    with pytest.raises(numerics.PlanMismatchError) as raised:
        numerics.obey({**plan, "versions": {**versions, "torch": "2.12.0"}}, plan)
    assert str(raised.value) == "torch was '2.12.0' and is '2.13.0' here"


def test_what_an_earlier_version_of_the_code_began_is_refused(plan: dict[str, object]) -> None:
    before = {key: value for key, value in plan.items() if key != "arithmetic"}
    with pytest.raises(numerics.PlanMismatchError, match=f"^arithmetic was 1 and is {machine.ARITHMETIC} here$"):
        numerics.obey(before, plan)


@pytest.mark.parametrize("key", ["threads", "device", "versions", "layers"])
def test_each_difference_is_named(plan: dict[str, object], key: str) -> None:
    with pytest.raises(numerics.PlanMismatchError, match=f"{key} was 'other' and is .* here"):
        numerics.obey({**plan, key: "other"}, plan)
