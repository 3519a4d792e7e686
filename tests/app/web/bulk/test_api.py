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


def test_bad_input_names_its_field(client: httpx.Client, store: Store) -> None:
    _forty(store)
    for body, field in (
        ({"action": "cancel"}, "runs"),
        ({"action": "cancel", "runs": [], "q": ""}, "runs"),
        ({"action": "purge", "q": ""}, "action"),
        ({"action": "tag", "q": "", "tag": " "}, "tag"),
        ({"action": "tag", "q": "", "tag": "a,b"}, "tags"),
        ({"action": "cancel", "q": "nonsense:1"}, "q"),
        ({"action": "cancel", "runs": ["../x"]}, "runs.0"),
        ({"action": "cancel", "runs": ["a"], "seen": {"a": "x" * 13}}, "seen.a"),
    ):
        answer = client.post(ROUTE, json=body)
        assert answer.status_code == 422, body
        assert [each["path"] for each in answer.json()["errors"]] == [field], body
    assert client.post(ROUTE, json={"action": "bin", "runs": []}).json()["message"] == "No run is chosen."
