"""The audit log: each thing that people do leaves a row, and what is refused or done by nobody leaves none."""

import csv
import io
import re
from typing import Any

import pytest
from sqlalchemy import delete

from app.kinds.presets import PRESETS
from app.store import Store
from app.store.people_tables import audit
from tests.app.conftest import Hand
from tests.app.in_process import in_process
from tests.app.web.accounts.conftest import PASSWORD, Lab
from tests.app.web.core.test_statements import statements


def noted(lab: Lab, **which: Any) -> list[tuple[str, str, str, str]]:
    """Name, action, thing and id of all rows, the oldest first, but for those of the installation itself."""
    rows = [(each.name, each.action, each.what, each.key) for each in lab.store.audit(**which)]
    return [row for row in reversed(rows) if row[1] not in ("join", "invite") and row[2] != "token"]


def test_what_people_do_to_a_run_is_noted(lab: Lab) -> None:
    mia, ada = lab.client("mia"), lab.client("ada")
    run = mia.post("/api/v1/runs", json={"preset": "digits-tickets", "name": "first"}).json()["id"]
    lab.client("write").patch(f"/api/v1/runs/{run}", json={"notes": "n"})
    mia.post(f"/runs/{run}/cancel")
    mia.post(f"/api/v1/runs/{run}/resume")
    mia.post("/api/v1/runs/bulk", json={"action": "tag", "runs": [run], "tag": "a"})
    ada.delete(f"/api/v1/runs/{run}")
    ada.post(f"/runs/{run}/restore")
    ada.delete(f"/api/v1/runs/{run}")
    ada.delete("/api/v1/bin")
    did = [("mia", act) for act in ("submit", "edit", "cancel", "resume", "tag")]
    did += [("ada", act) for act in ("bin", "restore", "bin", "delete for good")]
    assert noted(lab) == [(name, act, "run", run) for name, act in did]
    entry = lab.store.audit(action="submit")[0]
    assert (entry.address, entry.by_token, entry.detail) == ("127.0.0.1", False, "first")
    assert lab.store.audit(action="edit")[0].by_token


def test_what_people_do_to_a_sweep_and_a_view_is_noted(lab: Lab) -> None:
    mia, sweep = lab.client("mia"), lab.sweep("mia")
    for method, path in (("PATCH", ""), ("POST", "/cancel"), ("POST", "/resume"), ("DELETE", ""), ("POST", "/restore")):
        body = {"name": "other"} if method == "PATCH" else None
        mia.request(method, f"/api/v1/sweeps/{sweep}{path}", json=body)
    view = mia.post("/api/v1/views", json={"name": "v", "query": "q=a"}).json()["id"]
    mia.delete(f"/api/v1/views/{view}")
    assert [row[1:] for row in noted(lab, person="MIA")] == [
        *((act, "sweep", sweep) for act in ("edit", "cancel", "resume", "bin", "restore")), ("save", "view", view),
        ("delete", "view", view),
    ]  # fmt: skip


def test_what_happens_to_accounts_is_noted(lab: Lab) -> None:
    in_process(lab.app).post("/login", data={"name": "mia", "password": PASSWORD})
    ada = lab.client("ada")
    ada.post(f"/people/{lab.ids['mia']}/role", data={"role": "viewer"})
    ada.post(f"/people/{lab.ids['mia']}/deactivate")
    assert noted(lab) == [
        ("mia", "log in", "session", ""), ("ada", "change the role", "person", lab.ids["mia"]),
        ("ada", "deactivate", "person", lab.ids["mia"]),
    ]  # fmt: skip
    assert [each.name for each in lab.store.audit(action="join")] == ["vic", "max", "mia", "ada"]
    lab.client("ada").post("/account/tokens", data={"name": "t", "scope": "read", "days": "7"})
    assert lab.store.audit(action="make")[0].detail == "t: read, 7 days"


def test_what_is_refused_and_what_nobody_asks_for_is_not_noted(lab: Lab, hand: Hand, store: Store) -> None:
    run = hand.run(start=False)
    lab.give(run.id, "max")
    lab.client("mia").post(f"/runs/{run.id}/cancel")
    lab.client("vic").delete(f"/api/v1/runs/{run.id}")
    lab.client("max").post(f"/api/v1/runs/{run.id}/resume")  # 409: there is nothing to resume
    lab.client("mia").post("/api/v1/runs/bulk", json={"action": "bin", "runs": [run.id]})
    lab.client("max").post("/api/v1/runs/bulk", json={"action": "bin", "runs": [run.id], "dry_run": True})
    store.create_run(PRESETS["digits-tickets"].spec, name="a command")
    assert noted(lab) == []


def test_a_row_is_undone_with_what_it_tells_of(lab: Lab, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run = lab.client("mia").post("/api/v1/runs", json={"preset": "digits-tickets"}).json()["id"]
    monkeypatch.setattr("app.store.records.runs.get", lambda *_: 1 / 0)
    assert lab.client("mia").post(f"/api/v1/runs/{run}/cancel").status_code == 500
    monkeypatch.undo()
    assert store.run(run).state == "queued"
    assert [row[1] for row in noted(lab)] == ["submit"]


def test_the_page_filters_pages_and_escapes(lab: Lab) -> None:
    mia = lab.client("mia")
    hostile = "<script>alert(1)</script>"
    body = {"preset": "digits-tickets", "name": hostile}
    runs = [mia.post("/api/v1/runs", json=body).json()["id"] for _ in range(3)]
    ada = lab.client("ada")
    page = ada.get("/audit?person=mia&action=submit").text
    assert [run for run in runs if f'href="/runs/{run}"' not in page] == []
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "join" not in re.findall(r"<td>(.*?)</td>", page)
    one = ada.get("/audit", params={"key": runs[0]}).text
    assert one.count("/runs/1") == 1
    for odd in ("\x01", "'; --", "%", "\u202e"):
        assert "Nothing is found" in ada.get("/audit", params={"person": odd}).text
    assert ada.get("/audit", params={"person": "x" * 41}).status_code == 422


def test_older_rows_are_a_page_further_and_all_are_in_the_file(lab: Lab, hand: Hand) -> None:
    runs = [hand.run(start=False).id for _ in range(101)]
    lab.client("ada").post("/api/v1/runs/bulk", json={"action": "tag", "runs": runs, "tag": "a"})
    ada = lab.client("ada")
    first = ada.get("/audit?action=tag").text
    (older,) = re.findall(r'href="(/audit[^"]*before=\d+)"', first)
    second = ada.get(older.replace("&amp;", "&")).text
    seen = re.findall(r'href="/runs/(\w+)"', first + second)
    assert sorted(seen) == sorted(runs)
    answer = ada.get("/audit?action=tag&format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["id"] for row in rows} == set(runs)
    assert {(row["name"], row["action"], row["what"], row["address"], row["by"]) for row in rows} == {
        ("ada", "tag", "run", "127.0.0.1", "session")
    }
    assert lab.client("mia").get("/audit?format=csv").status_code == 403


def test_the_choice_of_actions_reads_the_log_by_its_index_only(lab: Lab) -> None:
    """A log only grows: from each action to the next, not through all of its lines."""
    assert lab.store.audit_actions() == sorted({entry.action for entry in lab.store.audit(limit=10_000)})
    with lab.store._db.write() as conn:
        conn.execute(delete(audit))
    assert lab.store.audit_actions() == []
    if lab.store._db.is_sqlite:
        with statements() as seen:
            lab.store.audit_actions()
        (statement,) = [text for text in seen if "audit" in text]
        with lab.store._db.read() as conn:
            plan = " ".join(row.detail for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}"))
        assert "SCAN audit" not in plan
