"""Many runs at once over the API: a dry run counts, an undo is a body for the same route."""

import httpx

from app.kinds.presets import PRESETS
from app.store import Store

SPEC = PRESETS["digits-tickets"].spec.model_copy(update={"replicates": 1})
ROUTE = "/api/v1/runs/bulk"


def _forty(store: Store) -> list[str]:
    ids = [store.create_run(SPEC, name=f"run {i}").id for i in range(4)]
    for _ in range(3):
        claim = store.claim("cpu", "worker")
        assert claim is not None
        store.finish(claim.shard_id, claim.token)
    return ids


def test_a_dry_run_says_what_it_will_do_to_how_many(client: httpx.Client, store: Store) -> None:
    ids = _forty(store)
    body = {"action": "cancel", "q": "", "dry_run": True}
    found = client.post(ROUTE, json=body).json()
    assert found["message"] == "1 of 4 runs will be cancelled; 3 are finished already."
    assert found["changed"] == {ids[3]: "live"}
    assert found["unchanged"] == [{"reason": "finished already", "runs": ids[:3]}]
    assert "cannot be undone" in found["lasting"]
    assert found["undo"] is None
    assert store.run(ids[3]).state == "queued"
    done = client.post(ROUTE, json={"action": "cancel", "runs": ids, "seen": found["changed"]}).json()
    assert done["message"] == "1 of 4 runs cancelled; 3 are finished already."
    assert done["undo"] is None
    assert store.run(ids[3]).state == "cancelled"


def test_an_undo_is_a_body_for_the_same_route(client: httpx.Client, store: Store) -> None:
    ids = _forty(store)
    store.update_run(ids[0], tags=["old"])
    done = client.post(ROUTE, json={"action": "tag", "tag": "old", "runs": ids}).json()
    assert done["message"] == "3 of 4 runs tagged “old”; 1 is tagged already."
    assert done["undo"] == {"action": "untag", "tag": "old", "runs": ids[1:]}
    undone = client.post(ROUTE, json=done["undo"]).json()
    assert undone["message"] == "3 runs no longer tagged “old”."
    assert [store.run(each).tags for each in ids] == [("old",), (), (), ()]
    binned = client.post(ROUTE, json={"action": "bin", "q": "state:finished,queued"}).json()
    assert binned["lasting"].startswith("One of them is live and is cancelled first")
    assert client.post(ROUTE, json={"action": "restore", "q": "", "binned": True, "dry_run": True}).json()[
        "message"
    ] == ("4 runs will be restored from the bin.")
    assert client.post(ROUTE, json=binned["undo"]).json()["message"] == "4 runs restored from the bin."


def test_several_tags_are_added_and_undone_where_they_were_new(client: httpx.Client, store: Store) -> None:
    ids = _forty(store)
    store.update_run(ids[0], tags=["a"])
    store.update_run(ids[1], tags=["a", "b"])
    store.update_run(ids[2], tags=[f"t{i}" for i in range(19)])
    body = {"action": "tag", "tags": ["a", "b"], "runs": ids}
    asked = client.post(ROUTE, json={**body, "dry_run": True}).json()
    assert asked["message"] == (
        "2 of 4 runs will be tagged “a” and “b”; 1 is tagged already; 1 is too close to the limit of 20 tags."
    )
    assert store.run(ids[3]).tags == ()
    done = client.post(ROUTE, json=body).json()
    assert [store.run(each).tags for each in (ids[0], ids[1], ids[3])] == [("a", "b")] * 3
    assert len(store.run(ids[2]).tags) == 19
    assert done["undo"] == {"action": "untag", "tags_of": {ids[0]: ["b"], ids[3]: ["a", "b"]}}
    undone = client.post(ROUTE, json=done["undo"]).json()
    assert [store.run(each).tags for each in (ids[0], ids[1], ids[3])] == [("a",), ("a", "b"), ()]
    assert client.post(ROUTE, json=undone["undo"]).status_code == 200
    assert store.run(ids[3]).tags == ("a", "b")
    removed = client.post(ROUTE, json={"action": "untag", "tags": ["b", "t3", "none"], "q": ""}).json()
    assert removed["message"] == "4 runs no longer tagged “b”, “t3” and “none”."
    assert removed["undo"]["tags_of"] == {ids[0]: ["b"], ids[1]: ["b"], ids[2]: ["t3"], ids[3]: ["b"]}


def test_bad_input_names_its_field(client: httpx.Client, store: Store) -> None:
    _forty(store)
    for body, field in (
        ({"action": "cancel"}, "runs"),
        ({"action": "cancel", "runs": [], "q": ""}, "runs"),
        ({"action": "purge", "q": ""}, "action"),
        ({"action": "tag", "q": "", "tag": " "}, "tag"),
        ({"action": "tag", "q": "", "tag": "a,b"}, "tags"),
        ({"action": "tag", "q": "", "tags": ["a,b"]}, "tags"),
        ({"action": "tag", "q": "", "tags": ["a", " "]}, "tags"),
        ({"action": "tag", "q": "", "tags": ["x"] * 21}, "tags"),
        ({"action": "tag", "q": "", "tags": ["x" * 41]}, "tags.0"),
        ({"action": "tag", "q": "", "tag": "a", "tags": ["b"]}, "tags"),
        ({"action": "tag", "q": "", "tags_of": {}}, "runs"),
        ({"action": "tag", "tag": "a", "tags_of": {}}, "tags_of"),
        ({"action": "bin", "tags_of": {}}, "tags_of"),
        ({"action": "cancel", "q": "nonsense:1"}, "q"),
        ({"action": "cancel", "runs": ["../x"]}, "runs.0"),
        ({"action": "cancel", "runs": ["a"], "seen": {"a": "x" * 13}}, "seen.a"),
    ):
        answer = client.post(ROUTE, json=body)
        assert answer.status_code == 422, body
        assert [each["path"] for each in answer.json()["errors"]] == [field], body
    assert client.post(ROUTE, json={"action": "bin", "runs": []}).json()["message"] == "No run is chosen."
