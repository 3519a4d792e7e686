"""The page of costs, the same over the API and as CSV, with and without accounts."""

import csv
import io
import re

import httpx
from sqlalchemy import update

from app.store import Store
from app.store.tables import shards
from tests.app.conftest import Hand
from tests.app.web.accounts.conftest import Lab, lab, stored_password

__all__ = ["lab", "stored_password"]


def spend(store: Store, hand: Hand, hours: float, device: str = "cpu", content: bytes = b"x" * 2000) -> str:
    run = hand.run().id
    hand.save("mask", content)
    hand.store.finish(hand.claim.shard_id, hand.claim.token)
    with store._db.write() as conn:
        values = {"slot_s": hours * 3600, "plan": {"device": device}}
        conn.execute(update(shards).where(shards.c.run_id == run).values(values))
    return run


def cells(page: str) -> list[list[str]]:
    rows = [re.findall(r"<t[dh].*?</t[dh]>", row, re.S) for row in re.findall(r"<tr.*?</tr>", page, re.S)]
    return [[re.sub(r"<.*?>", "", cell).strip() for cell in row] for row in rows]


def test_it_shows_what_each_run_has_cost(client: httpx.Client, store: Store, hand: Hand) -> None:
    long, short = spend(store, hand, 1234.4), spend(store, hand, 0.25, "NVIDIA H200")
    page = client.get("/costs").text
    assert cells(page) == [
        ["Run", "Core hours", "GPU hours", "Disk"],
        ["by hand", "1,234", "0", "2.0 kB"], ["by hand", "0", "0.25", "2.0 kB"],
        ["Total", "1,234", "0.25", "2.0 kB"],
    ]  # fmt: skip
    assert re.findall(r'class="name" href="/runs/(\w+)"', page) == [long, short]
    assert "together the rows have 2.0 kB more" in page
    by_gpu = client.get("/costs?sort=gpu").text
    assert by_gpu.index(short) < by_gpu.index(long)
    assert 'href="/costs?group=run&amp;sort=gpu" aria-current="true"' in by_gpu
    assert 'aria-label="Order"' not in client.get("/costs?group=month").text


def test_the_rest_is_one_row(client: httpx.Client, store: Store, hand: Hand) -> None:
    for _ in range(52):
        hand.run(start=False)
    assert "2 others" in client.get("/costs").text
    answer = client.get("/api/v1/costs?limit=3").json()
    assert (len(answer["rows"]), answer["rest_groups"], answer["rest"]["runs"]) == (3, 49, 49)


def test_api_and_csv_have_the_same_numbers(client: httpx.Client, store: Store, hand: Hand) -> None:
    run = spend(store, hand, 2.0)
    project = store.new_project("=tickets")
    store.move_runs({run: project})
    (row,) = client.get("/api/v1/costs", params={"group": "project"}).json()["rows"]
    assert row == {
        "key": project, "name": "=tickets", "owner": None, "binned": False, "runs": 1, "core_hours": 2.0,
        "gpu_hours": 0.0, "unknown_hours": 0.0, "disk_bytes": 2000,
    }  # fmt: skip
    text = client.get("/api/v1/costs", params={"group": "project", "format": "csv"}).text
    assert list(csv.DictReader(io.StringIO(text))) == [
        {"key": project, "name": "'=tickets", "runs": "1", "core_hours": "2.0", "gpu_hours": "0.0",
         "unknown_hours": "0.0", "disk_bytes": "2000"}
    ]  # fmt: skip
    assert 'href="/?q=project%3A%22%3Dtickets%22"' in client.get("/costs?group=project").text


def test_without_accounts_there_are_no_people(client: httpx.Client, store: Store, hand: Hand) -> None:
    spend(store, hand, 2.0)
    assert "By person" not in client.get("/costs").text
    for path in ("/costs", "/api/v1/costs"):
        answer = client.get(path, params={"group": "person"})
        assert answer.status_code == 422
        assert "there are no accounts here" in answer.text
        assert client.get(path, params={"group": "colour"}).status_code == 422


def test_with_accounts_each_person_has_a_row(lab: Lab, hand: Hand) -> None:
    lab.give(spend(lab.store, hand, 2.0), "mia")
    spend(lab.store, hand, 1.0, content=b"y" * 500)
    page = lab.client("vic").get("/costs?group=person").text
    assert cells(page) == [
        ["Person", "Runs", "Core hours", "GPU hours", "Disk"],
        ["mia", "1", "2.0", "0", "2.0 kB"], ["nobody", "1", "1.0", "0", "500 B"],
        ["Total", "2", "3.0", "0", "2.5 kB"],
    ]  # fmt: skip
    assert 'href="/?q=owner%3A%22mia%22"' in page


def test_an_empty_store_leads_to_a_new_run(client: httpx.Client) -> None:
    assert "Nothing has cost anything yet" in client.get("/costs").text
