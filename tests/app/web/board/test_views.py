"""Views of the board: saved by a form or over the API, listed, shared as a link, deleted with a way back."""

import re
from html import unescape

import httpx

from app.store import Store
from tests.app.conftest import Hand

HTML = {"Accept": "text/html"}
BOARD = "/?q=optimizer%3Aadam&sort=-n&columns=accuracy&rows=comfortable&group=kind"


def test_the_board_names_what_it_shows_and_a_name_leads_back(client: httpx.Client, store: Store, hand: Hand) -> None:
    hand.run(start=False)
    text = client.get(BOARD, headers=HTML).text
    kept = unescape(re.findall(r'action="/views"><input type="hidden" name="query" value="([^"]*)"', text)[0])
    saved = client.post("/views", data={"name": "Adam <b>", "query": kept})
    assert (saved.status_code, saved.headers["location"]) == (303, BOARD)
    text = client.get("/", headers=HTML).text
    assert unescape(re.findall(r'<li><a href="([^"]*)">Adam &lt;b&gt;</a>', text)[0]) == BOARD
    assert 'aria-current="true">Adam &lt;b&gt;</a>' in client.get(BOARD, headers=HTML).text
    assert "<b>" not in text.split('class="chooser views"')[1].split("</details>")[0]


def test_a_deleted_view_comes_back_by_the_notice(client: httpx.Client, store: Store, hand: Hand) -> None:
    hand.run(start=False)
    view = store.save_view("mine", "state=queued")
    gone = client.post(f"/views/{view.id}/delete").headers["location"]
    assert gone == f"/?state=queued&unsaved={view.id}"
    text = client.get(gone, headers=HTML).text
    assert "The view is deleted." in text
    assert f'action="/views/{view.id}/restore"' in text
    assert store.views() == []
    assert client.post(f"/views/{view.id}/restore").headers["location"] == "/?state=queued"
    assert store.views() == [view]
    assert "The view is deleted" not in client.get("/?unsaved=%3Cscript%3E", headers=HTML).text


def test_the_api_saves_lists_deletes_and_restores(client: httpx.Client, store: Store) -> None:
    made = client.post("/api/v1/views", json={"name": "mine", "query": "q=state:failed&group=optimizer"})
    assert made.status_code == 201
    assert made.headers["location"] == "/?q=state%3Afailed&group=optimizer"
    view = made.json()
    assert client.get("/api/v1/views").json() == {"items": [view], "next": None}
    assert client.delete(f"/api/v1/views/{view['id']}").json() == view
    assert client.get("/api/v1/views").json()["items"] == []
    assert client.post(f"/api/v1/views/{view['id']}/restore").json() == view
    assert client.delete("/api/v1/views/nothing").status_code == 404
    for body, field in (({"name": ""}, "name"), ({"name": "x", "query": "q=(a"}, "query"), ({"query": ""}, "name")):
        refused = client.post("/api/v1/views", json=body)
        assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, field)
