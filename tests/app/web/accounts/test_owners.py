"""A member changes only what is theirs: by the API, by forms, by actions on many runs and through a sweep."""

import re

import httpx
import pytest

from app.kinds.presets import PRESETS
from app.store import Store
from app.store.acting import Actor, as_person
from app.store.sweeps import Next, Start
from app.sweeps.plan import Plan
from app.web.form import form as forms
from tests.app.conftest import Hand
from tests.app.web.accounts.conftest import Lab
from tests.app.web.core.test_statements import statements


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
    with as_person(Actor(lab.ids["mia"])):
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


def test_runs_are_found_by_their_owner(lab: Lab, hand: Hand, others: str) -> None:
    mine = hand.run(start=False).id
    lab.give(mine, "mia")

    def found(who: str, q: str) -> set[str]:
        items = lab.client(who).get("/api/v1/runs", params={"q": q}).json()["items"]
        return {run["id"] for run in items}

    assert found("mia", "owner:me") == found("read", "owner:me") == {mine}
    assert found("max", "owner:me") == {others}
    assert found("vic", "owner:me") == set()
    assert found("ada", "owner:MIA") == found("ada", "owner=mia") == {mine}
    assert found("ada", "owner:mia,max") == found("ada", "owner:*") == {mine, others}
    assert found("ada", "owner!=mia") == found("ada", "-owner:mia") == {others}
    assert found("ada", "owner:nobody") == set()
    assert lab.client("ada").get("/api/v1/runs", params={"q": "owner>a"}).status_code == 422


def test_without_accounts_nobody_owns_and_nothing_of_it_is_shown(client: httpx.Client, hand: Hand) -> None:
    run = hand.run(start=False)
    assert client.get("/api/v1/runs", params={"q": "owner:me"}).json()["items"] == []
    assert client.get(f"/api/v1/runs/{run.id}").json()["owner"] is None
    for path in ("/", f"/runs/{run.id}"):
        page = client.get(path).text
        assert "owner" not in page
        assert "Mine" not in page


def test_pages_show_owners_by_their_initials_and_complete_names(lab: Lab, others: str) -> None:
    board = lab.client("mia").get("/").text
    assert re.search(r'<a class="owner tint-\d" href="/\?q=owner:max"[^>]*>MA</a>', board)
    assert "max" in board.partition("owner:me owner:mia,max")[0]
    assert '<a href="/?q=owner%3Ame">Mine</a>' in board
    assert 'aria-current="true">Mine</a>' in lab.client("mia").get("/?q=owner:me").text
    page = lab.client("mia").get(f"/runs/{others}").text
    assert '<span aria-hidden="true">MA</span></a> max' in page
    assert lab.client("mia").get(f"/api/v1/runs/{others}").json()["owner"] == "max"


@pytest.mark.parametrize(
    ("who", "submits", "changes"), [("vic", False, False), ("mia", True, False), ("max", True, True)]
)
def test_a_page_offers_what_its_reader_may_do(lab: Lab, others: str, who: str, submits: bool, changes: bool) -> None:
    page = lab.client(who).get(f"/runs/{others}").text
    assert (f"/runs/{others}/again" in page) == submits
    for act in ("cancel", "bin", "edit"):
        assert (f'action="/runs/{others}/{act}"' in page) == changes


def test_a_board_of_many_owners_takes_no_more_statements(lab: Lab, hand: Hand) -> None:
    client = lab.client("mia")
    counts = []
    for owners in (("mia",), ("mia", "max", "ada", "vic")):
        for who in owners:
            lab.give(hand.run(start=False).id, who)
        client.get("/")
        with statements() as seen:
            assert client.get("/").status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_only_an_admin_is_offered_to_empty_the_bin(lab: Lab, others: str) -> None:
    lab.client("max").delete(f"/api/v1/runs/{others}")
    offered = {who: "/bin/empty" in lab.client(who).get("/bin").text for who in ("vic", "max", "ada")}
    assert offered == {"vic": False, "max": False, "ada": True}


def test_a_sweep_shows_whose_it_is_and_offers_what_its_reader_may_do(lab: Lab) -> None:
    sweep = lab.sweep("max")
    assert lab.client("mia").get(f"/api/v1/sweeps/{sweep}").json()["owner"] == "max"
    assert re.search('<span class="owner tint-[0-7]" title="max"', lab.client("mia").get("/sweeps").text)
    for who, changes in (("vic", False), ("mia", False), ("max", True), ("ada", True)):
        page = lab.client(who).get(f"/sweeps/{sweep}").text
        assert "</span> max" in page
        for act in ("cancel", "bin", "edit", "extend"):
            assert (f'action="/sweeps/{sweep}/{act}"' in page) == changes, (who, act)


def test_a_key_that_another_has_sent_is_a_new_request(lab: Lab) -> None:
    body, key = {"preset": "digits-tickets"}, {"Idempotency-Key": "one"}
    sent = [lab.client(who).post("/api/v1/runs", json=body, headers=key) for who in ("mia", "write", "max", "mia")]
    assert [answer.status_code for answer in sent] == [201] * 4
    assert [answer.json()["owner"] for answer in sent] == ["mia", "mia", "max", "mia"]
    ids = [answer.json()["id"] for answer in sent]
    assert ids[0] == ids[1] == ids[3] != ids[2]
    other = lab.client("max").post("/api/v1/runs", json={**body, "name": "other"}, headers={"Idempotency-Key": "two"})
    assert lab.client("mia").post("/api/v1/runs", json=body, headers={"Idempotency-Key": "two"}).status_code == 201
    assert other.status_code == 201
