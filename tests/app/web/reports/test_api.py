"""Reports over the API: written, read, edited by version, deleted and put back, by who may."""

import httpx

from app.store import Store
from tests.app.web.accounts.conftest import Lab

PATH = "/api/v1/reports"


def test_a_report_over_the_api(client: httpx.Client, store: Store) -> None:
    assert client.get(PATH).json() == {"items": [], "next": None}
    sent = client.post(PATH, json={"name": "First", "text": "# one"})
    assert (sent.status_code, sent.headers["location"]) == (201, f"{PATH}/{sent.json()['id']}")
    one = sent.headers["location"]
    assert client.get(one).json() == sent.json()
    [listed] = client.get(PATH).json()["items"]
    assert {**listed, "text": "# one"} == sent.json()
    assert client.delete(one).json()["deleted"]
    assert client.get(PATH).json()["items"] == []
    assert client.get(one).status_code == 404
    assert not client.post(f"{one}/restore").json()["deleted"]
    assert client.get(one).json()["text"] == "# one"


def test_who_has_read_an_older_version_changes_nothing(client: httpx.Client, store: Store) -> None:
    report = client.post(PATH, json={"name": "First", "text": "one"}).json()
    one = f"{PATH}/{report['id']}"
    mine = client.patch(one, json={"text": "mine", "version": report["version"]})
    assert (mine.status_code, mine.json()["text"], mine.json()["name"]) == (200, "mine", "First")
    theirs = client.patch(one, json={"text": "theirs", "version": report["version"]})
    assert (theirs.status_code, theirs.json()["detail"]) == (
        409,
        "this report was changed after you read it: get it again, then change that version",
    )
    assert store.report(report["id"]).text == "mine"
    renamed = client.patch(one, json={"name": "Second", "version": mine.json()["version"]})
    assert (renamed.json()["name"], renamed.json()["text"]) == ("Second", "mine")
    assert client.patch(one, json={"name": "Third", "version": mine.json()["version"]}).status_code == 409


def test_pages_of_reports(client: httpx.Client, store: Store) -> None:
    for number in range(5):
        store.add_report(f"number {number}", "")
    first = client.get(PATH, params={"limit": 2}).json()
    store.add_report("new", "")
    store.edit_report(first["items"][1]["id"], "edited", "meanwhile")
    second = client.get(PATH, params={"limit": 3, "cursor": first["next"]}).json()
    names = [item["name"] for item in first["items"] + second["items"]]
    assert sorted(names) == [f"number {number}" for number in range(5)]
    assert second["next"] is None


def test_bad_reports_name_their_field(client: httpx.Client, store: Store) -> None:
    report = store.add_report("a report", "")
    one = f"{PATH}/{report.id}"
    for method, path, body, field in (
        ("POST", PATH, {"text": "x"}, "name"),
        ("POST", PATH, {"name": " "}, "name"),
        ("POST", PATH, {"name": "x" * 201}, "name"),
        ("POST", PATH, {"name": "x", "text": "x" * 100_001}, "text"),
        ("POST", PATH, {"name": "x", "text": "\u0000"}, "text"),
        ("POST", PATH, {"name": "x", "owner": "mia"}, "owner"),
        ("PATCH", one, {"name": "x"}, "version"),
        ("PATCH", one, {"name": "", "version": report.version}, "name"),
    ):
        answer = client.request(method, path, json=body)
        assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, field), body
    assert client.get(PATH, params={"cursor": "no"}).json()["errors"][0]["path"] == "cursor"
    assert [client.request(method, f"{PATH}/no").status_code for method in ("GET", "DELETE")] == [404, 404]
    assert store.reports() == [report]


def test_a_report_is_changed_by_its_author_and_admins(lab: Lab) -> None:
    report = lab.client("write").post(PATH, json={"name": "Of mia"}).json()
    assert report["author"] == "mia"
    one = f"{PATH}/{report['id']}"
    change = {"name": "x", "version": report["version"]}
    for who in ("max", "vic", "read"):
        client = lab.client(who)
        assert client.get(one).json() == report
        assert client.patch(one, json=change).status_code == 403
        assert client.delete(one).status_code == 403
        assert client.post(f"{one}/restore").status_code == 403
    assert lab.client("nobody").get(one).status_code == 401
    assert lab.client("max").get(one).json() == report
    assert lab.client("ada").patch(one, json=change).json()["name"] == "x"
