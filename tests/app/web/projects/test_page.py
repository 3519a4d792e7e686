"""Projects in the browser: begun, filled from the form and the board, and back."""

import re
from html import unescape

import httpx
import pytest

from app.kinds.presets import PRESETS
from app.web.form import form as forms
from tests.app.conftest import Hand
from tests.app.web.accounts.conftest import Lab
from tests.app.web.sound import HTML


def begun(client: httpx.Client, name: str = "Tickets <b>") -> str:
    """The address of a new project."""
    answer = client.post("/projects", data={"name": name})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def test_a_project_is_begun_filled_and_found(lab: Lab, hand: Hand) -> None:
    mia = lab.client("mia")
    assert "There is no project yet" in mia.get("/projects").text
    address = begun(mia)
    project = address.rpartition("/")[2]
    runs = [hand.run(start=False).id for _ in range(3)]
    for run, who in zip(runs, ("mia", "mia", "max"), strict=True):
        lab.give(run, who)
    assert f'<option value="{project}">Tickets &lt;b&gt;</option>' in mia.get("/").text
    assert project not in lab.client("max").get("/").text
    moved = mia.post("/bulk/project", data={"run": runs, "project": project}).text
    assert "2 of 3 runs moved to “Tickets &lt;b&gt;”; 1 is of another person." in moved
    page = mia.get(address, headers=HTML).text
    (way,) = re.findall(r'<a class="btn" href="([^"]+)">2 runs on the board', page)
    board = mia.get(unescape(way)).text
    assert [run in board for run in runs] == [True, True, False]
    assert ">Tickets &lt;b&gt;</a>" in mia.get(f"/runs/{runs[0]}").text
    assert mia.get(f"/api/v1/runs/{runs[0]}").json()["project"] == "Tickets <b>"
    (before,) = re.findall(r'name="before" value="([^"]+)"', moved)
    assert "2 runs moved back." in mia.post("/bulk/project", data={"before": unescape(before)}).text
    assert lab.store.run(runs[0]).project is None


def test_all_that_a_search_finds_is_moved(lab: Lab, hand: Hand) -> None:
    mia, runs = lab.client("mia"), [hand.run(start=False).id for _ in range(2)]
    project = begun(mia, "one").rpartition("/")[2]
    lab.give(runs[0], "mia")
    mia.post("/bulk/project", data={"all": "1", "all_q": "owner:me", "project": project})
    assert [lab.store.run(run).project for run in runs] == ["one", None]


@pytest.mark.parametrize(
    ("data", "status"),
    [({"project": "0" * 10, "run": "x"}, 404), ({"before": "x"}, 422), ({"all": "1", "all_q": "(("}, 422)],
)
def test_what_makes_no_sense_moves_nothing(lab: Lab, hand: Hand, data: dict[str, str], status: int) -> None:
    hand.run(start=False)
    assert lab.client("ada").post("/bulk/project", data=data).status_code == status


def test_an_undo_moves_nobody_elses_run_and_into_no_project_of_others(lab: Lab, hand: Hand) -> None:
    run = hand.run(start=False).id
    lab.give(run, "max")
    project = begun(lab.client("ada"), "of ada").rpartition("/")[2]
    mia = lab.client("mia")
    assert mia.post("/bulk/project", data={"before": f'{{"{run}": "{project}"}}'}).status_code == 422
    assert "1 is of another person" in mia.post("/bulk/project", data={"before": f'{{"{run}": null}}'}).text
    assert lab.store.run(run).project is None


def test_the_form_puts_a_run_and_a_sweep_into_a_project(lab: Lab) -> None:
    mia = lab.client("mia")
    project = begun(mia, "one").rpartition("/")[2]
    assert f'<option value="{project}">one</option>' in mia.get("/new?preset=digits-tickets").text
    data = forms.values(PRESETS["digits-tickets"].spec) | {"kind": "lottery", "name": "n", "project": project}
    answer = mia.post("/new", data=data)
    assert answer.status_code == 303, answer.text
    assert lab.store.run(answer.headers["location"].rpartition("/")[2]).project == "one"
    sweep = mia.post("/new", data={**data, "seed": "0, 1"})
    assert sweep.headers["location"].startswith("/sweeps/"), sweep.text
    sweep_id = sweep.headers["location"].rpartition("/")[2]
    assert lab.store.sweep(sweep_id).project == "one"
    assert {run.project for run in lab.store.runs(q=f"sweep:{sweep_id}").items} == {"one"}
    wrong = mia.post("/new", data={**data, "name": "x" * 201}).text
    assert f'<option value="{project}" selected>one</option>' in wrong
    assert lab.client("max").post("/new", data=data).status_code == 422


def test_members_are_added_and_removed_by_who_began_it(lab: Lab) -> None:
    mia, other = lab.client("mia"), lab.client("max")
    address = begun(mia, "one")
    assert other.post(f"{address}/members", data={"name": "max"}).status_code == 403
    assert 'action="' + address not in other.get(address).text
    assert "The name is of nobody who has an account here" in mia.post(f"{address}/members", data={"name": "zoe"}).text
    assert mia.post(f"{address}/members", data={"name": "max"}).headers["location"] == address
    assert f'value="{address.rpartition("/")[2]}"' in other.get("/new").text
    assert mia.post(f"{address}/members/{lab.ids['max']}/remove").headers["location"] == address
    assert f'value="{address.rpartition("/")[2]}"' not in other.get("/new").text
    assert "taken" in mia.post("/projects", data={"name": "ONE"}).text
    begun(mia, "two")
    assert "taken" in mia.post(f"{address}/rename", data={"name": "Two"}).text
    assert mia.post(f"{address}/rename", data={"name": "three"}).status_code == 303
    assert "<h1>three</h1>" in lab.client("vic").get(address).text


def test_many_projects_come_in_pages(lab: Lab) -> None:
    for n in range(101):
        lab.store.new_project(f"p{n:03}")
    ada = lab.client("ada")
    first = ada.get("/projects").text
    (more,) = re.findall(r'href="([^"]+)" rel="next"', first)
    assert ("p099" in first, "p100" in first) == (True, False)
    assert "p100" in ada.get(unescape(more)).text
    assert ada.get("/projects?q=P05").text.count('class="run"') == 10


def test_a_sweep_is_moved_on_its_page(lab: Lab) -> None:
    mia, sweep = lab.client("mia"), lab.sweep("mia")
    project = begun(mia, "one").rpartition("/")[2]
    assert f'action="/sweeps/{sweep}/project"' in mia.get(f"/sweeps/{sweep}").text
    assert mia.post(f"/sweeps/{sweep}/project", data={"project": project}).headers["location"] == f"/sweeps/{sweep}"
    assert lab.store.sweep(sweep).project == "one"
    assert lab.client("max").post(f"/sweeps/{sweep}/project", data={"project": ""}).status_code == 403
