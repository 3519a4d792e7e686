"""A sweep stops weak runs early, from what they report level by level; pages and API say so in words."""

import re
from typing import Any

import httpx
import numpy as np
import pytest

from app.continuing import continue_all, continue_sweep
from app.kinds.lottery.kind import KIND
from app.kinds.lottery.spec import LotteryKey, LotterySpec
from app.queue import Queue
from app.store import Store
from tests.app.conftest import Hand
from tests.app.web.sweeps.test_page import BASE, form, page, sent

SPEC = {**BASE, "levels": 2}
LRS = [0.01, 0.03, 0.1]


def look(store: Store, sweep: str) -> None:
    continue_sweep(store, Queue(""), sweep)


@pytest.fixture
def sweep(client: httpx.Client, store: Store, hand: Hand) -> str:
    """Three learning rates, one after the other; the second is stopped after its first level, the third never is."""
    body = {"spec": SPEC, "axes": {"optimizer.lr": {"values": LRS}}, "budget": {"at_once": 1},
            "pruner": {"kind": "successive_halving"}}  # fmt: skip
    made = client.post("/api/v1/sweeps", json=body)
    assert made.status_code == 201, made.text
    sweep: str = made.json()["id"]
    for accuracies in ((0.8, 0.8, 0.8), (0.5,), (0.9, 0.95, 0.95)):
        hand.begin()
        for level, accuracy in enumerate(accuracies):
            hand.outcome(level, 0.8**level, accuracy)
            look(store, sweep)
        if len(accuracies) == 3:
            hand.store.finish(hand.claim.shard_id, hand.claim.token)
        else:
            assert store.run(hand.claim.run_id).state == "cancelling"
            hand.store.cancelled(hand.claim.shard_id, hand.claim.token)
        continue_all(store, Queue(""))
    return sweep


WHY = "stopped early by the sweep: not among the best 1 in 4 after 1 level (successive halving)"


def test_the_weak_run_is_stopped_and_the_others_end(client: httpx.Client, store: Store, sweep: str) -> None:
    first, second, third = store.members(sweep)
    assert [each.reported for each in (first, second, third)] == [(0.8, 0.8, 0.8), (0.5,), (0.9, 0.95, 0.95)]
    assert [each.objective for each in (first, second, third)] == [0.8, None, 0.95]
    assert [each.stopped for each in (first, second, third)] == [None, WHY, None]
    items = client.get(f"/api/v1/sweeps/{sweep}/members").json()["items"]
    assert [each["stopped"] for each in items] == [None, WHY, None]
    assert client.get(f"/api/v1/runs/{second.run}").json()["stopped"] == WHY
    csv = client.get(f"/api/v1/sweeps/{sweep}/members", params={"format": "csv"}).text.splitlines()
    assert "stopped" in csv[0]
    assert WHY in csv[2]


def test_pages_say_why(client: httpx.Client, store: Store, sweep: str) -> None:
    text = re.sub(r"<[^>]*>", "", page(client, f"/sweeps/{sweep}"))
    assert "3 of 3 runs ended · 2 finished · 1 stopped early" in text
    assert "Weak runs are stopped early by successive halving." in text
    assert WHY.partition(": ")[2] in text
    assert '<span class="pill cancelled">stopped early</span>' in page(client, f"/sweeps/{sweep}")
    assert "Best: 95.0 % with lr 0.1, run 3 of 3." in text
    assert "n = 2 runs; 1 stopped early" in text
    second = store.members(sweep)[1].run
    assert WHY in re.sub(r"<[^>]*>", "", page(client, f"/runs/{second}"))
    short = f"stopped early: {WHY.partition(': ')[2]}"
    assert f'title="{short}">{short}</span>' in page(client, "/")
    assert WHY in re.sub(r"<[^>]*>", "", page(client, f"/runs/{second}?tab=log"))


@pytest.mark.parametrize(
    ("body", "path", "words"),
    [
        ({"axes": {"pruning.rate": {"values": [0.1, 0.2]}}}, "pruner.kind", "do not vary pruning.rate"),
        (
            {"axes": {"levels": {"values": [1, 2]}}},
            "pruner.kind",
            "only where all have the same levels: do not vary levels",
        ),
        ({"axes": {"steps": {"values": [300, 400]}}, "objective": "dense_validation_accuracy"}, "pruner.kind", "steps"),
        ({"preset": "erasure-digits", "spec": None, "axes": {"seed": {"values": [1, 2]}}}, "pruner.kind", "has none"),
        ({"pruner": {"kind": "best"}}, "pruner.kind", "must be"),
        ({"pruner": {"kind": "hyperband", "reduction": 1}}, "pruner.reduction", "at least 2"),
    ],
)
def test_a_pruner_that_cannot_compare_is_refused(
    client: httpx.Client, store: Store, body: dict[str, Any], path: str, words: str
) -> None:
    asked = {"spec": SPEC, "axes": {"seed": {"values": [1, 2]}}, "pruner": {"kind": "median"}, **body}
    answer = client.post("/api/v1/sweeps", json={name: each for name, each in asked.items() if each is not None})
    assert answer.status_code == 422
    errors = answer.json()["errors"]
    assert (errors[0]["path"], words in errors[0]["message"]) == (path, True), errors
    assert store.count_runs() == {}


def test_the_form_takes_a_pruner_and_says_at_it_what_is_wrong(client: httpx.Client, store: Store) -> None:
    assert "loses more than the others later is stopped late or never" in client.get("/new?kind=lottery").text
    answer = sent(client, "/new", form(**{"seed": "1..9", "sweep.pruner": "median"}))
    assert answer.status_code == 303, answer.text
    sweep = store.sweep(answer.headers["location"].rpartition("/")[2])
    assert (sweep.pruner.kind, sweep.started) == ("median", 4)
    refused = sent(client, "/new", form(**{"levels": "1, 2", "sweep.pruner": "median"}))
    assert refused.status_code == 422
    assert 'href="#f-sweep-pruner"' in refused.text
    assert "do not vary levels" in refused.text
    assert 'value="median" checked' in refused.text


def test_reports_are_means_over_replicates_up_to_the_first_that_is_missing(store: Store, hand: Hand) -> None:
    spec = LotterySpec.model_validate({**SPEC, "replicates": 2})
    run = store.create_run(spec, name="two")
    for accuracies in ((0.5, 0.6), (0.7, 0.8, 0.9)):
        hand.begin()
        for level, accuracy in enumerate(accuracies):
            hand.outcome(level, 0.8**level, accuracy)
            hand.measure("evaluation", LotteryKey(level=level), step=[0.0, 100.0], validation_accuracy=[0.1, accuracy])
    of_accuracy, of_loss, of_dense = (objective.reports for objective in KIND.objectives)
    assert of_accuracy is not None
    assert of_loss is not None
    assert of_dense is not None
    series = {name: store.series(run.id, name) for name in ("outcome", "evaluation")}
    assert of_accuracy.values(run, series) == pytest.approx([0.6, 0.7])
    assert of_loss.values(run, series) == pytest.approx([0.3, 0.3])
    assert of_dense.values(run, series) == pytest.approx([0.1, 0.6])
    assert (of_accuracy.most(spec), of_dense.most(spec)) == (3, 1 + -(-spec.steps // spec.eval_every))
    assert of_accuracy.values(run, {**series, "outcome": series["outcome"].where(np.zeros(5, bool))}) == []
