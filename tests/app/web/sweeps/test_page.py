"""The page of a sweep, the list of sweeps, and the form that submits one."""

import re
from typing import Any

import httpx
import pytest

from app.continuing import continue_sweep
from app.kinds.presets import PRESETS
from app.queue import Queue
from app.store import Store
from app.web.form import form as forms
from tests.app.conftest import Hand
from tests.app.reading import unmarked
from tests.app.web.sound import HTML

BASE = {**PRESETS["digits-tickets"].spec.model_dump(mode="json"), "replicates": 1, "levels": 1, "branches": []}
ACCURACY = {0.01: 0.8, 0.03: 0.9, 0.1: 0.7}


def train(hand: Hand, sweep: str, accuracy: dict[float, float]) -> None:
    """End every run of a sweep, in the order of its queue, with the accuracy of its learning rate."""
    for _ in [member for member in hand.store.members(sweep) if member.live]:
        hand.begin()
        lr = hand.store.run(hand.claim.run_id).spec.model_dump()["optimizer"]["lr"]
        for level in (0, 1):
            hand.outcome(level, 0.8**level, accuracy[lr] - 0.1 * (1 - level))
        hand.store.finish(hand.claim.shard_id, hand.claim.token)
    continue_sweep(hand.store, Queue(""), sweep)


@pytest.fixture
def sweep(client: httpx.Client, hand: Hand) -> str:
    """Three learning rates by two seeds, all of them trained."""
    axes = {"optimizer.lr": {"values": list(ACCURACY)}, "seed": {"values": [0, 1]}}
    body = {"spec": BASE, "axes": axes, "name": "Which rate?"}
    sweep: str = client.post("/api/v1/sweeps", json=body).json()["id"]
    train(hand, sweep, ACCURACY)
    return sweep


def page(client: httpx.Client, path: str) -> str:
    answer = client.get(path, headers=HTML)
    assert answer.status_code == 200, answer.text
    return unmarked(answer.text).replace("\u00a0", " ")


def test_the_page_says_how_far_it_is_and_shows_every_run_with_its_values(client: httpx.Client, sweep: str) -> None:
    text = page(client, f"/sweeps/{sweep}")
    assert "<h1>Which rate?</h1>" in text
    assert "6 of 6 runs ended · 6 finished" in text
    assert "Every combination: lr 0.01, 0.03, 0.1, seed 0, 1" in text
    assert "Objective: validation accuracy of the last ticket (%)" in text
    assert text.count('<tr id="member-') == 6
    assert "Best: 90.0 % with lr 0.03, seed 0, run 3 of 6." in re.sub(r"<[^>]*>", "", text)
    assert "Best mean at lr 0.03: 90.0 % (n = 2)." in re.sub(r"<[^>]*>", "", text)
    assert f'href="/?q=sweep:{sweep}"' in text
    assert f'href="/compare?q=sweep:{sweep}"' in text
    assert '<tr id="member-3" class="best">' in text
    first = page(client, f"/sweeps/{sweep}?sort=objective")
    assert re.findall(r'<tr id="member-(\d)', first) == ["3", "4", "1", "2", "5", "6"]


def test_the_list_of_sweeps_leads_to_each(client: httpx.Client, sweep: str) -> None:
    text = page(client, "/sweeps")
    assert f'href="/sweeps/{sweep}">Which rate?</a>' in text
    assert "6 of 6 runs ended" in text
    assert 'href="/sweeps">Sweeps</a>' in page(client, "/")


def test_a_run_shows_its_sweep(client: httpx.Client, sweep: str, store: Store) -> None:
    run = store.members(sweep)[2].run
    assert f'href="/sweeps/{sweep}"' in page(client, f"/runs/{run}")
    assert "sweeps/" not in page(client, f"/runs/{store.create_run(PRESETS['digits-tickets'].spec, name='x').id}")


def test_page_figures_and_csv_are_of_one_source(client: httpx.Client, sweep: str) -> None:
    address = f"/api/v1/sweeps/{sweep}/figures"
    text = client.get(f"{address}/slice", params={"field": "optimizer.lr", "format": "csv"}).text
    rows = [line.split(",")[1:] for line in text.splitlines()]
    assert rows[0] == ["optimizer.lr", "objective"]
    assert [float(lr) for lr, _ in rows[1:]] == [0.01, 0.01, 0.03, 0.03, 0.1, 0.1]
    assert [float(value) for _, value in rows[1:]] == pytest.approx([0.8, 0.8, 0.9, 0.9, 0.7, 0.7])
    drawn = client.get(f"{address}/best_so_far").json()
    assert [trace["meta"]["part"] for trace in drawn["data"]] == ["run", "best"]
    members = client.get(f"/api/v1/sweeps/{sweep}/members").json()["items"]
    assert [each["objective"] for each in members] == pytest.approx([0.8, 0.8, 0.9, 0.9, 0.7, 0.7])
    assert client.get(f"{address}/nothing").status_code == 404
    assert client.get(f"{address}/slice", params={"field": "steps"}).json()["errors"][0]["path"] == "field"
    again = client.get(f"{address}/parallel")
    assert client.get(f"{address}/parallel", headers={"If-None-Match": again.headers["ETag"]}).status_code == 304


def test_a_sweep_without_an_end_is_drawn_too(client: httpx.Client) -> None:
    body = {"spec": BASE, "axes": {"seed": {"range": {"low": 0, "high": 2}}}}
    sweep = client.post("/api/v1/sweeps", json=body).json()["id"]
    text = page(client, f"/sweeps/{sweep}")
    assert "0 of 3 runs ended · 3 queued" in text
    assert "The first point appears when a run ends." in text


def form(**fields: str) -> dict[str, str]:
    spec = PRESETS["digits-tickets"].spec.model_copy(update={"replicates": 1, "levels": 1})
    return {"kind": "lottery", **forms.values(spec), **fields}


def sent(client: httpx.Client, path: str, data: dict[str, str]) -> httpx.Response:
    return client.post(path, data=data, headers=HTML, follow_redirects=False)


def test_a_field_with_several_values_makes_a_sweep_of_the_form(client: httpx.Client, store: Store) -> None:
    data = form(**{"optimizer.adam.lr": "1e-4..1e-1 log 4", "seed": "1..3", "name": "typed", "tags": "a, b"})
    estimate = unmarked(sent(client, "/new/estimate", data).text)
    assert "<b>12</b> runs" in estimate
    assert "lr 0.0001, seed 1" in estimate
    answer = sent(client, "/new", data)
    assert answer.status_code == 303
    sweep = store.sweep(answer.headers["location"].rpartition("/")[2])
    assert (sweep.name, sweep.tags, sweep.counts) == ("typed", ("a", "b"), {"queued": 12})
    found = [tuple(each.values.values()) for each in store.members(sweep.id)]
    assert found == [(lr, seed) for lr in (1e-4, 1e-3, 1e-2, 1e-1) for seed in (1, 2, 3)]


def test_chosen_fields_and_searches_come_from_the_section_of_the_sweep(client: httpx.Client, store: Store) -> None:
    more = {"sweep.more": "mode = iterative, one_shot", "sweep.sampler": "random", "sweep.runs": "5", "sweep.seed": "7"}
    answer = sent(client, "/new", form(**{"optimizer.adam.lr": "1e-4..1e-1 log", **more}))
    assert answer.status_code == 303, answer.text
    sweep = store.sweep(answer.headers["location"].rpartition("/")[2])
    assert (sweep.sampler.kind, sweep.sampler.seed, sweep.budget.runs, sweep.started) == ("random", 7, 5, 5)
    assert {each.values["mode"] for each in store.members(sweep.id)} <= {"iterative", "one_shot"}


def test_stop_rules_are_typed_shown_and_changed(client: httpx.Client, store: Store) -> None:
    answer = sent(client, "/new", form(**{"seed": "0..9", "sweep.target": "95 %", "sweep.patience": "3"}))
    assert answer.status_code == 303, answer.text
    sweep = store.sweep(answer.headers["location"].rpartition("/")[2])
    assert (sweep.stop.target, sweep.stop.patience, sweep.started) == (
        0.95,
        3,
        4,
    )  # four at once: others depend on them
    address = f"/sweeps/{sweep.id}"
    text = page(client, address)
    assert "Stops at 95.0 % or after 3 runs without improvement." in text
    assert 'name="stop.target" value="0.95"' in text
    refused = sent(client, f"{address}/extend", {"stop.patience": "none"})
    assert refused.status_code == 422
    assert '<a href="#f-stop-patience">Stop without improvement in</a> must be a whole number' in unmarked(refused.text)
    assert sent(client, f"{address}/extend", {"stop.target": "", "stop.patience": "5"}).status_code == 303
    changed = store.sweep(sweep.id).stop
    assert (changed.target, changed.patience) == (None, 5)


def test_a_component_has_the_settings_that_the_form_has_for_it(client: httpx.Client, store: Store) -> None:
    answer = sent(client, "/new", form(**{"sweep.more": "optimizer = adam, sgd", "optimizer.sgd.lr": "0.07"}))
    assert answer.status_code == 303, answer.text
    sweep = answer.headers["location"].rpartition("/")[2]
    found = [store.run(str(each.run)) for each in store.members(sweep)]
    optimizers = [run.spec.model_dump()["optimizer"] for run in found]
    assert [(each["kind"], each["lr"]) for each in optimizers] == [("adam", BASE["optimizer"]["lr"]), ("sgd", 0.07)]
    assert found[1].name.endswith(": optimizer sgd")


@pytest.mark.parametrize(
    ("fields", "at", "words"),
    [
        ({"optimizer.adam.lr": "0.1, 500"}, "f-optimizer-adam-lr", "500: must be at most 100"),
        ({"optimizer.adam.lr": "0.1, fast"}, "f-optimizer-adam-lr", "fast: must be a number"),
        ({"optimizer.adam.lr": "0.1..x"}, "f-optimizer-adam-lr", "is not a range; write"),
        ({"seed": "0..999999"}, "f-seed", "1,000,000 runs; a sweep has at most 1,000"),
        ({"seed": "0..1e30 step 1e-9"}, "f-seed", "more than 10¹² runs; a sweep has at most 1,000"),
        ({"seed": "1,,2"}, "f-seed", "has an empty value"),
        ({"optimizer.adam.lr": "1e-4..1e-1 log"}, "f-optimizer-adam-lr", "which a grid cannot"),
        ({"seed": "0..5", "sweep.runs": "many"}, "f-sweep-runs", "must be a whole number"),
        ({"seed": "0..5", "sweep.sampler": "random"}, "f-sweep-runs", "needs a number of runs"),
        ({"seed": "0..5", "sweep.target": "high"}, "f-sweep-target", "must be a number"),
        ({"seed": "0..5", "sweep.target": "95"}, "f-sweep-target", "must be from 0 to 1, such as 0.95 for 95 %"),
        ({"seed": "0..5", "sweep.patience": "0"}, "f-sweep-patience", "must be at least 1"),
        ({"sweep.more": "nonsense"}, "f-sweep-more", "must have lines such as"),
        ({"sweep.more": "rewinds = weights, none"}, "f-sweep-more", "is not a field of this spec"),
        ({"sweep.more": "mode = iterative, never"}, "f-sweep-more", "never"),
        ({"seed": "0..2", "sweep.more": "seed = 4, 5"}, "f-sweep-more", "one field has one axis"),
    ],
)
def test_a_form_says_at_which_field_a_sweep_is_wrong(
    client: httpx.Client, store: Store, fields: dict[str, str], at: str, words: str
) -> None:
    answer = sent(client, "/new", form(**fields))
    assert answer.status_code == 422
    text = unmarked(answer.text)
    assert f'href="#{at}"' in text
    assert words in text
    for value in fields.values():
        assert value.replace("\n", "") in text  # nothing typed is lost
    assert store.count_runs() == {}
    assert words in unmarked(sent(client, "/new/estimate", form(**fields)).text)


def test_a_sweep_is_cancelled_resumed_and_extended_from_its_page(client: httpx.Client, store: Store) -> None:
    axes = {"seed": {"range": {"low": 0, "high": 9}}}
    body: dict[str, Any] = {"spec": BASE, "axes": axes, "budget": {"runs": 3}}
    sweep = client.post("/api/v1/sweeps", json=body).json()["id"]
    address = f"/sweeps/{sweep}"
    assert "The budget of 3 runs is used up. 7 combinations not started." in page(client, address)
    assert 'name="axes.seed" value="0..9"' in page(client, address)
    assert sent(client, f"{address}/extend", {"axes.seed": "0..11", "budget.runs": "5"}).status_code == 303
    assert store.sweep(sweep).counts == {"queued": 5}
    refused = sent(client, f"{address}/extend", {"axes.seed": "1..3", "budget.runs": "5"})
    assert refused.status_code == 422
    assert "must keep the value 0, which a run has" in unmarked(refused.text)
    assert 'value="1..3"' in refused.text
    assert sent(client, f"{address}/cancel", {}).status_code == 303
    assert store.sweep(sweep).state == "cancelled"
    assert sent(client, f"{address}/resume", {}).status_code == 303
    assert store.sweep(sweep).counts == {"queued": 5}
