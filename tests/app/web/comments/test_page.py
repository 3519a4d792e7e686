"""Comments by forms and over the API: written, answered, edited, deleted and put back."""

import httpx

from app.store import Store
from tests.app.conftest import Hand
from tests.app.web.accounts.conftest import Lab


def test_a_comment_by_forms_without_accounts(client: httpx.Client, store: Store, hand: Hand) -> None:
    run = hand.run(start=False)
    sent = client.post(f"/runs/{run.id}/comments", data={"text": f"**look** at #{run.id}\r\nnow"})
    [comment] = store.comments(run_id=run.id)
    assert (sent.status_code, sent.headers["location"]) == (303, f"/runs/{run.id}#comment-{comment.id}")
    assert comment.text == f"**look** at #{run.id}\nnow"
    page = client.get(f"/runs/{run.id}").text
    assert f'<strong>look</strong> at <a href="/runs/{run.id}" class="thing"' in page
    assert '<span class="pill queued">queued</span></a><br>\nnow' in page
    client.post(f"/comments/{comment.id}/edit", data={"text": "rather not"})
    assert "rather not" in (page := client.get(f"/runs/{run.id}").text)
    assert ">edited<" in page
    gone = client.post(f"/comments/{comment.id}/delete")
    assert gone.headers["location"] == f"/runs/{run.id}?uncommented={comment.id}#comments"
    page = client.get(gone.headers["location"].partition("#")[0]).text
    assert "rather not" not in page
    assert f'action="/comments/{comment.id}/restore"' in page
    client.post(f"/comments/{comment.id}/restore")
    assert "rather not" in client.get(f"/runs/{run.id}").text


def test_what_was_typed_is_not_lost(client: httpx.Client, hand: Hand) -> None:
    run = hand.run(start=False)
    answer = client.post(f"/runs/{run.id}/comments", data={"text": "a & b" * 3_000})
    assert answer.status_code == 422
    assert "has 15,000 characters; at most 10,000 are allowed" in answer.text
    assert "a &amp; b" * 3_000 in answer.text
    assert client.post(f"/runs/{run.id}/comments", data={"text": " "}).status_code == 422
    assert client.post("/runs/no/comments", data={"text": "x"}).status_code == 404


def test_a_comment_returns_to_the_tab_and_the_options_it_was_written_under(
    client: httpx.Client, store: Store, hand: Hand
) -> None:
    run = hand.run(start=False)
    at = f"/runs/{run.id}"
    came = {"Referer": f"http://lab.example/tickets{at}?tab=training&uncommented=old&level=2"}
    sent = client.post(f"{at}/comments", data={"text": "here"}, headers=came)
    [comment] = store.comments(run_id=run.id)
    back = f"{at}?tab=training&level=2#comment-{comment.id}"
    assert sent.headers["location"] == back
    edited = client.post(f"/comments/{comment.id}/edit", data={"text": "there"}, headers=came)
    gone = client.post(f"/comments/{comment.id}/delete", headers=came)
    undone = client.post(f"/comments/{comment.id}/restore", headers=came)
    assert (edited.headers["location"], undone.headers["location"]) == (back, back)
    assert gone.headers["location"] == f"{at}?tab=training&level=2&uncommented={comment.id}#comments"
    refused = client.post(f"{at}/comments", data={"text": " "}, headers=came)
    assert '<input type="hidden" name="view" value="tab=training&amp;level=2">' in refused.text
    again = {"text": "now", "view": "tab=training&level=2"}
    sent = client.post(f"{at}/comments", data=again, headers={"Referer": f"http://lab.example{at}/comments"})
    assert sent.headers["location"].startswith(f"{at}?tab=training&level=2#comment-")


def test_where_a_comment_came_from_leads_nowhere_else(client: httpx.Client, store: Store, hand: Hand) -> None:
    run = hand.run(start=False)
    at = f"/runs/{run.id}"
    for referer in (
        "http://[",
        "//evil.example?/../x",
        "http://x/?a=1#\u0085b",
        f"http://x/?{'a=1&' * 500}",
        "?" + "x" * 9_000,
    ):
        sent = client.post(f"{at}/comments", data={"text": "x"}, headers={b"Referer": referer.encode()})
        assert sent.status_code == 303
        assert sent.headers["location"].split("#")[0].split("?")[0] == at
    sent = client.post(f"{at}/comments", data={"text": "x", "view": "a=%0d%0aSet-Cookie:x&next=//evil.example"})
    assert sent.headers["location"].startswith(f"{at}?a=%0D%0ASet-Cookie%3Ax&next=%2F%2Fevil.example#comment-")


def test_comments_over_the_api(client: httpx.Client, hand: Hand) -> None:
    run = hand.run(start=False)
    path = f"/api/v1/runs/{run.id}/comments"
    made = client.post(path, json={"text": "one"})
    assert made.status_code == 201
    assert client.get(path).json()["items"] == [made.json()]
    one = f"/api/v1/comments/{made.json()['id']}"
    assert client.patch(one, json={"text": "two"}).json()["text"] == "two"
    assert client.delete(one).json()["deleted"]
    assert client.get(path).json()["items"] == []
    assert not client.post(f"{one}/restore").json()["deleted"]
    assert client.patch(one, json={"text": ""}).json()["errors"][0]["path"] == "text"
    assert client.get("/api/v1/runs/no/comments").status_code == 404
    assert client.post("/api/v1/sweeps/no/comments", json={"text": "x"}).status_code == 404


def test_who_may_change_a_comment(lab: Lab, hand: Hand) -> None:
    run = hand.run(start=False)
    mia, max_, vic, ada = (lab.client(who) for who in ("mia", "max", "vic", "ada"))
    sweep = lab.sweep("max")
    mia.post(f"/sweeps/{sweep}/comments", data={"text": "on a sweep"})
    assert "on a sweep" in vic.get(f"/sweeps/{sweep}").text
    mia.post(f"/runs/{run.id}/comments", data={"text": "what does @max think?"})
    [comment] = lab.store.comments(run_id=run.id)
    assert comment.author == "mia"
    edit = f'action="/comments/{comment.id}/edit"'
    assert [edit in who.get(f"/runs/{run.id}").text for who in (mia, max_, vic, ada)] == [True, False, False, True]
    assert 'class="mention" rel="nofollow noopener">@max</a>' in vic.get(f"/runs/{run.id}").text
    for act in ("edit", "delete", "restore"):
        assert max_.post(f"/comments/{comment.id}/{act}", data={"text": "x"}).status_code == 403
    assert max_.delete(f"/api/v1/comments/{comment.id}").status_code == 403
    assert max_.patch(f"/api/v1/comments/{comment.id}", json={"text": "x"}).status_code == 403
    assert lab.store.comments(run_id=run.id) == [comment]
    assert ada.delete(f"/api/v1/comments/{comment.id}").status_code == 200
