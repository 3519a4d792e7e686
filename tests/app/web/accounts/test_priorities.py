"""Who may give which priority, over the API and in the form."""

import pytest

from app.kinds.presets import PRESETS
from app.web.form import form as forms
from tests.app.web.accounts.conftest import Lab

PRESET = "digits-tickets"
FORM = {"kind": "lottery", **forms.values(PRESETS[PRESET].spec)}
REFUSAL = "can be set to high by an admin only; ask one, or choose normal"


@pytest.mark.parametrize(("who", "status"), [("ada", 201), ("mia", 422)])
def test_high_is_for_admins(lab: Lab, who: str, status: int) -> None:
    with lab.client(who) as client:
        answer = client.post("/api/v1/runs", json={"preset": PRESET, "priority": "high"})
        assert answer.status_code == status
        if status == 422:
            assert answer.json()["errors"] == [{"path": "priority", "message": REFUSAL}]
        else:
            assert answer.json()["priority"] == "high"


def test_a_member_changes_the_priority_of_own_runs_only_and_not_to_high(lab: Lab) -> None:
    with lab.client("mia") as mia, lab.client("max") as other, lab.client("ada") as ada:
        created = mia.post("/api/v1/runs", json={"preset": PRESET, "priority": "low"}).json()
        path = f"/api/v1/runs/{created['id']}"
        assert mia.patch(path, json={"priority": "normal"}).json()["priority"] == "normal"
        assert mia.patch(path, json={"priority": "high"}).status_code == 422
        assert other.patch(path, json={"priority": "low"}).status_code == 403
        assert ada.patch(path, json={"priority": "high"}).json()["priority"] == "high"
        assert mia.patch(path, json={"priority": "urgent"}).status_code == 422
    noted = [(entry.name, entry.detail) for entry in lab.store.audit(action="set the priority")]
    assert noted == [("ada", "high"), ("mia", "normal")]


def test_the_form_offers_what_may_be_chosen_and_keeps_it(lab: Lab) -> None:
    with lab.client("mia") as mia, lab.client("ada") as ada:
        shown = [client.get("/new").text.count('name="priority" value="high"') for client in (mia, ada)]
        assert shown == [0, 1]
        answer = mia.post("/new", data=FORM | {"priority": "low"})
        assert answer.status_code == 303
        assert lab.store.run(answer.headers["Location"].rpartition("/")[2]).priority == "low"
        refused = mia.post("/new", data=FORM | {"priority": "high"})
        assert (refused.status_code, REFUSAL in refused.text) == (422, True)


def test_a_sweep_is_submitted_and_changed_alike(lab: Lab) -> None:
    body = {"preset": PRESET, "axes": {"seed": {"values": [0, 1]}}, "priority": "low"}
    with lab.client("mia") as mia:
        assert mia.post("/api/v1/sweeps", json=body | {"priority": "high"}).status_code == 422
        sweep = mia.post("/api/v1/sweeps", json=body).json()
        assert sweep["priority"] == "low"
        runs = mia.get("/api/v1/runs", params={"q": f"sweep:{sweep['id']}"}).json()["items"]
        assert {run["priority"] for run in runs} == {"low"}
        assert mia.patch(f"/api/v1/sweeps/{sweep['id']}", json={"priority": "normal"}).json()["priority"] == "normal"


def test_the_board_shows_it_where_runs_differ(lab: Lab) -> None:
    with lab.client("ada") as ada:
        for priority in ("high", "normal"):
            ada.post("/api/v1/runs", json={"preset": PRESET, "priority": priority})
        board = ada.get("/").text
        assert 'title="high"' in board
        assert 'title="low"' not in board
