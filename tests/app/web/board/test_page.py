"""The board and what all pages share: they are sound, and nothing that a person wrote becomes markup."""

import re
from html import unescape

import httpx
import pytest

from app.kinds.presets import PRESETS
from app.kinds.specs import TITLES
from app.store import Store
from tests.app.conftest import Hand
from tests.app.reading import unmarked
from tests.app.web.sound import HOSTILE, HTML, PAGES, TABS, sound


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_sound_on_an_empty_store(client: httpx.Client, path: str) -> None:
    answer = client.get(path, headers=HTML)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    sound(answer.text)


def test_the_empty_board_says_what_to_do(client: httpx.Client) -> None:
    text = client.get("/", headers=HTML).text
    assert "No runs yet" in text
    assert all(PRESETS[name].title in text for name in list(PRESETS)[:3])


def test_the_board_shows_runs_in_words_and_finds_them(client: httpx.Client, hand: Hand, store: Store) -> None:
    run = hand.run()
    store.update_run(run.id, name="Does it hold?", tags=["paper"])
    hand.run(start=False)
    text = client.get("/", headers=HTML).text
    assert "Does it hold?" in text
    assert "by hand" in text
    found = client.get("/", params={"q": "tag:paper state:running"}, headers=HTML).text
    assert "Does it hold?" in found
    assert "by hand" not in found
    assert "No run matches" in client.get("/", params={"q": "nothing-like-it"}, headers=HTML).text


def test_a_search_that_cannot_be_read_says_what_is_wrong_and_how_to_search(client: httpx.Client, hand: Hand) -> None:
    run = hand.run()
    for q, words in (
        ("optimiser:adam", "at character 1: there is no field optimiser; did you mean optimizer"),
        ("lr>fast", "at character 4: lr is a number, and fast is none"),
        ("(paper", "at character 1: this bracket is not closed"),
        ("lr><script>x</script>", "at character 4: lr is a number, and <script>x</script> is none"),
    ):
        text = unmarked(client.get("/", params={"q": q}, headers=HTML).text)
        assert "This search cannot be read" in text
        assert words in unescape(text), q
        assert "or at the beginning of the id (4 characters or more)" in text
        assert "<script>x" not in text
        answer = client.get("/api/v1/runs", params={"q": q})
        assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "q")
    text = unmarked(client.get("/", params={"q": "nothing-like-it"}, headers=HTML).text)
    assert "No run matches." in text
    assert "cannot be read" not in text
    assert run.id in client.get("/", params={"q": run.id[:5]}, headers=HTML).text


def test_an_old_link_to_the_board_still_opens_it(client: httpx.Client) -> None:
    assert client.get("/", params={"sort": "luck", "cursor": "x", "state": "dreaming"}, headers=HTML).status_code == 200


@pytest.mark.parametrize("path", ["/?q=", "/?state=", "/?tag=", "/?sort=", "/?cursor=", "/?binned=", "/bin?cursor="])
def test_a_text_longer_than_any_that_is_meant_is_refused(client: httpx.Client, path: str) -> None:
    answer = client.get(path + "x" * 60_000, headers=HTML)
    assert (answer.status_code, "<h1>" in answer.text) == (422, True)


def test_the_board_pages_through_many_runs(client: httpx.Client, store: Store) -> None:
    spec = PRESETS["digits-tickets"].spec.model_copy(update={"replicates": 1})
    for number in range(53):
        store.create_run(spec, name=f"run number {number}.")
    first = client.get("/", headers=HTML).text
    assert first.count('<tr id="run-') == 50
    following = re.search(r'href="(/\?cursor=[^"]+)" rel="next"', first)
    assert following
    second = client.get(following[1].replace("&amp;", "&"), headers=HTML).text
    assert second.count('<tr id="run-') == 3
    assert "run number 0." in second


def test_a_preset_runs_at_a_press(client: httpx.Client, store: Store) -> None:
    answer = client.post("/presets/digits-tickets/run")
    assert answer.status_code == 303
    run = store.run(answer.headers["location"].rsplit("/", 1)[-1])
    assert run.spec == PRESETS["digits-tickets"].spec
    assert run.name == PRESETS["digits-tickets"].title


def test_the_bin_is_emptied(client: httpx.Client, hand: Hand, store: Store) -> None:
    for _ in range(2):
        store.bin_run(hand.run(start=False).id)
    assert client.post("/bin/empty").headers["location"] == "/bin?purged=2"
    assert "The bin is empty" in client.get("/bin?purged=2", headers=HTML).text


def test_nothing_a_person_wrote_becomes_markup(client: httpx.Client, hand: Hand, store: Store) -> None:
    run = hand.run(start=False)
    store.update_run(run.id, name=HOSTILE, tags=["<b>x</b>"], notes=HOSTILE)
    paths = ["/", f"/?q={HOSTILE}", f"/new?clone={run.id}", f"/new?extend={run.id}"]
    for path in (*paths, *(f"/runs/{run.id}?tab={tab}" for tab in TABS)):
        text = client.get(path, headers=HTML).text
        assert "<script>x" not in text
        assert "<img" not in text
        assert "<b>x" not in text
        sound(text)
    store.bin_run(run.id)
    for path in ("/bin", f"/?binned={run.id}"):
        text = client.get(path, headers=HTML).text
        assert "<script>x" not in text
        assert "&lt;script&gt;" in text


def test_the_theme_is_remembered(client: httpx.Client) -> None:
    answer = client.post("/theme", data={"theme": "dark"}, headers={"Referer": "http://elsewhere.test/workers?a=b"})
    assert answer.headers["location"] == "/workers?a=b"
    away = client.post("/theme", data={"theme": "dark"}, headers={"Referer": "http://testserver//elsewhere.test/"})
    assert away.headers["location"] == "/elsewhere.test/"
    assert 'data-theme="dark"' in client.get("/", headers=HTML | {"Cookie": "theme=dark"}).text
    assert "data-theme" not in client.get("/", headers=HTML | {"Cookie": "theme=purple"}).text
    assert client.post("/theme", data={"theme": "system"}).headers["set-cookie"].startswith('theme=""; ')


def test_a_missing_page_is_a_page_for_readers_and_a_problem_for_scripts(client: httpx.Client) -> None:
    for path in ("/runs/nope", "/nowhere"):
        answer = client.get(path, headers=HTML)
        assert answer.status_code == 404
        assert "There is nothing at this address" in answer.text
        sound(answer.text)
    assert client.get("/runs/nope").headers["content-type"] == "application/problem+json"


def test_the_board_names_kinds_as_elsewhere(client: httpx.Client, store: Store) -> None:
    """Such as "Stable rank of updates", not `stable_rank`; the tooltip holds the word of the search."""
    kinds = {preset.spec.kind: preset.spec for preset in PRESETS.values()}
    for spec in kinds.values():
        store.create_run(spec, name="a run")
    page = client.get("/", headers=HTML).text
    assert "stable_rank" in kinds
    for kind in kinds:
        assert f'<td class="what kind" title="kind:{kind}" data-plain>{TITLES[kind]}</td>' in page
        assert f'<span class="narrow" data-plain>{TITLES[kind]} · </span>' in page
        assert f"kind:{kind}" in page
