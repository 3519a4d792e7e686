"""Many runs at once without a script: ticked on the board, said, done, undone."""

import html
import re

import httpx

from app.store import Store
from tests.app.reading import unmarked
from tests.app.web.bulk.test_api import SPEC
from tests.app.web.sound import HTML, sound


def _post(client: httpx.Client, path: str, data: dict[str, str | list[str]], status: int = 200) -> str:
    answer = client.post(path, data=data, headers=HTML)
    assert answer.status_code == status
    sound(answer.text)
    return unmarked(answer.text)


def _hidden(text: str) -> dict[str, str | list[str]]:
    main = text[text.index('<section id="bulk"') :]
    return {
        name: html.unescape(value) for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', main)
    }


def test_the_board_has_a_bar_with_all_that_match(client: httpx.Client, store: Store) -> None:
    for i in range(52):
        store.create_run(SPEC, name=f"run {i}", tags=["a" if i % 2 else "b"])
    text = client.get("/", headers=HTML).text
    assert 'data-matching="52"' in text
    text = client.get("/", params={"q": "tag:a OR tag:b", "tag": "b", "state": "queued"}, headers=HTML).text
    assert 'data-matching="26"' in text
    (query,) = re.findall(r'name="all_q" value="([^"]*)"', text)
    assert html.unescape(query) == '(tag:a OR tag:b) state:queued tag:"b"'
    text = _post(client, "/bulk", {"action": "bin", "all": "1", "all_q": html.unescape(query)})
    assert "26 runs will be moved to the bin." in text


def test_an_action_is_shown_then_done_then_undone(client: httpx.Client, store: Store) -> None:
    first, second = (store.create_run(SPEC, name=name).id for name in ("<first>", "second"))
    text = _post(client, "/bulk", {"action": "tag", "tag": "old", "run": [first, second]})
    assert "2 runs will be tagged “old”." in text
    assert "“&lt;first&gt;”, “second”" in text
    assert ">Tag 2 runs</button>" in text
    assert store.run(first).tags == ()
    text = _post(client, "/bulk/done", _hidden(text))
    assert "2 runs tagged “old”." in text
    assert store.run(second).tags == ("old",)
    text = _post(client, "/bulk/done", _hidden(text))
    assert "2 runs no longer tagged “old”." in text
    assert store.run(second).tags == ()


def test_several_tags_are_undone_where_they_were_new(client: httpx.Client, store: Store) -> None:
    first, second = (store.create_run(SPEC, name=name, tags=tags).id for name, tags in (("a", ["old"]), ("b", [])))
    text = _post(client, "/bulk", {"action": "tag", "tag": "old, keep ,old", "run": [first, second]})
    assert "2 runs will be tagged “old” and “keep”." in text
    text = _post(client, "/bulk/done", _hidden(text))
    assert "2 runs tagged “old” and “keep”." in text
    assert [store.run(each).tags for each in (first, second)] == [("old", "keep")] * 2
    undo = _hidden(text)
    text = _post(client, "/bulk/done", undo)
    assert "2 runs no longer tagged “keep” and “old”." in text
    assert [store.run(each).tags for each in (first, second)] == [("old",), ()]
    # An undo can be undone, and done twice it changes nothing.
    assert "without any of these tags" in _post(client, "/bulk/done", undo)
    _post(client, "/bulk/done", _hidden(text))
    assert [store.run(each).tags for each in (first, second)] == [("old", "keep"), ("old", "keep")]


def test_a_run_that_another_window_resumed_is_not_binned(client: httpx.Client, store: Store) -> None:
    ids = [store.create_run(SPEC, name=f"run {i}").id for i in range(2)]
    _post(client, "/bulk/done", {"action": "cancel", "runs": ",".join(ids)})
    shown = _hidden(_post(client, "/bulk", {"action": "bin", "run": ids}))
    client.post(f"/runs/{ids[0]}/resume")
    text = _post(client, "/bulk/done", shown)
    assert "1 of 2 runs moved to the bin; 1 is in another state than in the preview." in text
    assert store.run(ids[0]).deleted_at is None
    text = _post(client, "/bulk", {"action": "restore", "all": "1", "all_q": "", "binned": "1"})
    assert "1 run will be restored from the bin." in text
    assert 'name="run"' in client.get("/bin", headers=HTML).text


def test_what_cannot_be_done_is_said(client: httpx.Client, store: Store) -> None:
    run = store.create_run(SPEC, name="run").id
    assert "No run is chosen." in _post(client, "/bulk", {"action": "cancel"})
    assert "The tag must not be empty." in _post(client, "/bulk", {"action": "tag", "tag": "", "run": run}, 422)
    assert "The tag must not be empty." in _post(client, "/bulk", {"action": "tag", "tag": " , ", "run": run}, 422)
    many = ",".join(f"t{i}" for i in range(21))
    assert "has 21 entries; at most 20" in _post(client, "/bulk", {"action": "tag", "tag": many, "run": run}, 422)
    assert "The run stays as it is; 1 is queued already." in _post(client, "/bulk", {"action": "resume", "run": run})
    bad = {"action": "untag", "tags_of": "[1]"}
    for data in ({"action": "purge"}, {"action": "bin", "seen": "[1]"}, bad):
        assert client.post("/bulk/done", data=data, headers=HTML).status_code == 422
