"""The page of notifications: what is new, and where else it is sent."""

import httpx

from app.store import Store
from tests.app.conftest import Hand
from tests.app.web.accounts.conftest import Lab


def test_without_accounts_the_installation_has_a_page(client: httpx.Client, store: Store, hand: Hand) -> None:
    assert "Nothing has happened yet" in client.get("/notifications").text
    run = hand.run()
    store.fail(hand.claim.shard_id, hand.claim.token, "out of <b>memory</b>", "", final=True)
    assert 'aria-label="1 unread"' in client.get("/").text
    page = client.get("/notifications").text
    assert f'href="/runs/{run.id}"' in page
    assert "out of &lt;b&gt;memory&lt;/b&gt;" in page
    [notice] = store.notices()
    client.post("/notifications/read", data={"newest": str(notice.id)})
    assert "unread" not in client.get("/").text
    for newest in ("", "x", "9" * 30, "-1"):
        assert client.post("/notifications/read", data={"newest": newest}).status_code == 303


def test_places_are_added_tested_and_removed_by_forms(client: httpx.Client, store: Store) -> None:
    bad = client.post("/notifications/channels", data={"kind": "webhook", "target": "ftp://x<y"})
    assert bad.status_code == 422
    assert 'value="ftp://x&lt;y"' in bad.text
    assert "must be an address that begins with https://" in bad.text
    client.post("/notifications/channels", data={"kind": "webhook", "target": "https://e.example/secret/path"})
    [channel] = store.channels()
    page = client.get("/notifications").text
    assert "https://e.example/…path" in page
    assert "secret" not in page  # who knows it may post there
    assert client.post(f"/notifications/channels/{channel.id}/test").status_code == 303
    assert [each.text for each in store.due_deliveries()] == ["A test of notifications from Ticketscope."]
    client.post(f"/notifications/channels/{channel.id}/remove")
    assert store.channels() == []
    assert client.post(f"/notifications/channels/{channel.id}/test").status_code == 404


def test_each_person_has_their_own(lab: Lab, hand: Hand) -> None:
    run = hand.run()
    lab.give(run.id, "mia")
    lab.store.fail(hand.claim.shard_id, hand.claim.token, "no", "", final=True)
    assert ["has failed" in lab.client(who).get("/notifications").text for who in ("mia", "max", "ada")] == [
        True, False, False,
    ]  # fmt: skip
    sent = {"kind": "webhook", "target": "https://e.example/x", "of_all": "1"}
    assert lab.client("mia").post("/notifications/channels", data=sent).status_code == 403
    assert lab.client("ada").post("/notifications/channels", data=sent).status_code == 303
    assert "of everybody" in lab.client("ada").get("/notifications").text
    assert "e.example" not in lab.client("mia").get("/notifications").text
