"""A member changes only what is theirs: by the API, by forms, by actions on many runs and through a sweep."""

import pytest

from app.kinds.presets import PRESETS
from app.store import Store
from app.store.acting import as_person
from app.store.sweeps import Next, Start
from app.sweeps.plan import Plan
from app.web.form import form as forms
from tests.app.conftest import Hand
from tests.app.web.accounts.conftest import Lab


@pytest.fixture
def others(lab: Lab, hand: Hand) -> str:
    """A run of max's."""
    run = hand.run(start=False)
    lab.give(run.id, "max")
    return run.id


def test_who_submits_owns(lab: Lab) -> None:
    answers = [
        lab.client("mia").post("/api/v1/runs", json={"preset": "digits-tickets"}).json()["id"],
        lab.client("write").post("/api/v1/runs", json={"preset": "digits-tickets"}).json()["id"],
        lab.client("mia").post("/presets/digits-tickets/run").headers["location"].rpartition("/")[2],
    ]
    again = lab.client("max").post(f"/api/v1/runs/{answers[0]}/again").json()["id"]
    assert [lab.store.owns(lab.ids["mia"], run_id=run_id) for run_id in answers] == [True] * 3
    assert lab.store.owns(lab.ids["max"], run_id=again)


@pytest.mark.parametrize("action", ["tag", "cancel", "bin"])
def test_an_action_on_many_runs_leaves_those_of_others(lab: Lab, hand: Hand, others: str, action: str) -> None:
    mine = hand.run(start=False).id
    lab.give(mine, "mia")
    before = lab.state()
    body = {"action": action, "runs": [mine, others], "tag": "mine" if action == "tag" else ""}
    dry = lab.client("mia").post("/api/v1/runs/bulk", json={**body, "dry_run": True}).json()
    done = lab.client("mia").post("/api/v1/runs/bulk", json=body).json()
    for answer in (dry, done):
        assert list(answer["changed"]) == [mine]
        assert answer["unchanged"] == [{"reason": "of another person", "runs": [others]}]
        assert "of another person" in answer["message"]
    assert [row for row in lab.state() if row[0] == others] == [row for row in before if row[0] == others]
    form = {"action": action, "tag": "form", "runs": others}
    page = lab.client("mia").post("/bulk/done", data=form).text
    assert "of another person" in page
    assert [row for row in lab.state() if row[0] == others] == [row for row in before if row[0] == others]
    assert list(lab.client("ada").post("/api/v1/runs/bulk", json={**body, "runs": [others]}).json()["changed"]) == [
        others
    ]


def test_the_form_of_a_new_run_extends_nobody_elses(lab: Lab, others: str) -> None:
    spec = lab.store.run(others).experiment
    form = forms.values(spec) | {"kind": "lottery", "extend": others, "replicates": "2"}
    answer = lab.client("mia").post("/new", data=form)
    assert answer.status_code == 403
    more = spec.model_copy(update={"replicates": 2}).model_dump(mode="json")
    answer = lab.client("mia").post(f"/api/v1/runs/{others}/extend", json={"spec": more})
    assert answer.status_code == 403
    assert "only its owner and admins" in answer.json()["detail"]
    assert lab.store.run(others).spec == spec
    assert lab.client("max").post("/new", data=form).status_code == 303
    assert lab.store.run(others).experiment.replicates == 2


def test_a_sweep_of_ones_own_changes_no_run_of_others(lab: Lab, store: Store) -> None:
    """As when an archive of a sweep finds its runs here already: they become members and stay their owner's."""
    spec = PRESETS["digits-tickets"].spec
    plan = Plan.model_validate({"spec": spec.model_dump(mode="json"), "axes": {"seed": {"values": [0, 1]}}})
    with as_person(lab.ids["mia"]):
        starts = [Start({"seed": 0}, spec, "mine"), Start({"seed": 1}, spec, "others")]
        sweep, (mine, others) = store.create_sweep(plan, Next(starts, None), name="mine")
    lab.give(others, "max")
    assert lab.client("mia").post(f"/api/v1/sweeps/{sweep.id}/cancel").status_code == 200
    assert (store.run(mine).state, store.run(others).state) == ("cancelled", "queued")
    assert lab.client("mia").delete(f"/api/v1/sweeps/{sweep.id}", params={"runs": "true"}).status_code == 200
    assert store.run(others).deleted_at is None
    lab.client("mia").post(f"/api/v1/sweeps/{sweep.id}/restore")
    assert lab.client("max").post(f"/api/v1/sweeps/{sweep.id}/cancel").status_code == 403


def test_workers_and_the_loop_change_runs_of_everybody(lab: Lab, others: str, store: Store) -> None:
    claim = store.claim("cpu", "w")
    assert claim is not None
    assert claim.run_id == others
    assert store.cancel_run(others).state == "cancelling"


def test_a_role_that_only_looks_is_said_so_on_a_page(lab: Lab, others: str) -> None:
    answer = lab.client("vic").post(f"/runs/{others}/cancel", headers={"Accept": "text/html"})
    assert answer.status_code == 403
    assert "may look at everything and change nothing" in answer.text
    assert "vic" in answer.text
    answer = lab.client("mia").post(f"/runs/{others}/cancel", headers={"Accept": "text/html"})
    assert "only its owner and admins may change it" in answer.text
