"""The form of a new run: it submits what it shows, names every mistake, estimates, and fills itself in."""

import re

import httpx
import pytest

from app.kinds.lottery.spec import LotterySpec
from app.kinds.presets import PRESETS
from app.store import Store
from app.web.form import form as forms
from tests.app.conftest import Hand
from tests.app.web.sound import HOSTILE, HTML, sound


def test_the_form_submits_what_it_shows(client: httpx.Client, store: Store) -> None:
    data = forms.values(PRESETS["lenet-quick"].spec) | {
        "kind": "lottery", "name": "Mine", "tags": "a, b,,a", "notes": "x\r\ny", "branches.shuffled": "on",
        "branches.shuffled.draws": "2",
    }  # fmt: skip
    answer = client.post("/new", data=data)
    assert answer.status_code == 303
    run = store.run(answer.headers["location"].rsplit("/", 1)[-1])
    assert (run.name, run.tags, run.notes) == ("Mine", ("a", "b"), "x\ny")
    assert isinstance(run.spec, LotterySpec)
    assert [control.kind for control in run.spec.branches] == ["reinit", "shuffled"]


def test_a_mistake_comes_back_at_its_field_with_nothing_lost_and_nothing_stored(
    client: httpx.Client, store: Store
) -> None:
    data = forms.values(PRESETS["digits-tickets"].spec) | {
        "kind": "lottery", "name": HOSTILE, "optimizer.adam.lr": '"><b>fast', "levels": "99", "optimizer.sgd.lr": "0.7",
    }  # fmt: skip
    answer = client.post("/new", data=data)
    assert answer.status_code == 422
    assert "2 fields need to be corrected" in answer.text
    assert 'id="f-levels-error"' in answer.text
    assert 'value="&#34;&gt;&lt;b&gt;fast"' in answer.text
    assert re.search(r'name="optimizer\.sgd\.lr" value="0\.7"', answer.text)
    assert answer.text.index('href="#f-optimizer-adam-lr"') < answer.text.index('href="#f-levels"')
    sound(answer.text)
    assert store.runs().items == ()


@pytest.mark.parametrize(("field", "value"), [("name", "x" * 10_000), ("tags", "t" * 41), ("notes", "n" * 10_001)])
def test_what_people_write_is_checked_too(client: httpx.Client, store: Store, field: str, value: str) -> None:
    data = forms.values(PRESETS["digits-tickets"].spec) | {"kind": "lottery", field: value}
    answer = client.post("/new", data=data)
    assert answer.status_code == 422
    assert f'id="f-{field}-error"' in answer.text
    assert store.runs().items == ()


def test_the_estimate_counts_trainings_as_the_spec_does(client: httpx.Client) -> None:
    data = forms.values(PRESETS["digits-tickets"].spec) | {"kind": "lottery"}
    text = client.post("/new/estimate", data=data).text
    assert "<b>102</b> trainings" in text
    assert "= 3 replicates × (1 dense + 11 levels × (1 ticket + 2 controls))" in text
    assert "11 levels end at 0.94 % density." in text
    assert "Pick an experiment" in client.post("/new/estimate", data={"kind": "astrology"}).text


def test_every_problem_is_named_by_its_label_while_the_form_is_filled_in(client: httpx.Client) -> None:
    data = forms.values(PRESETS["digits-tickets"].spec) | {"kind": "lottery"}
    wrong = {"levels": "0", "optimizer.adam.lr": "fast", "tags": "t" * 41}
    text = client.post("/new/estimate", data=data | wrong).text
    problems = re.findall(r'<li><a href="#([^"]+)">([^<]+)</a> ([^<]+)</li>', text)
    assert problems == [
        ("f-tags", "Tags", "has 41 characters; at most 40 are allowed"),
        ("f-optimizer-adam-lr", "Learning rate", "must be a number"),
        ("f-levels", "Levels", "must be at least 1"),
    ]
    ticket = forms.values(PRESETS["hardware-lenet"].spec) | {"kind": "hardware", "ticket": "06f3k2m9qa:0:5"}
    text = client.post("/new/estimate", data=ticket).text
    assert '<a href="#f-ticket">Ticket</a> there is no run 06f3k2m9qa' in text


def test_rare_fields_fold_away_until_one_is_changed(client: httpx.Client) -> None:
    data = forms.values(PRESETS["digits-tickets"].spec) | {"kind": "lottery", "levels": "0"}
    folded = re.compile(r'<details class="rare full"( open)?>\s*<summary>([^<]+)<span class="faint">: ([^<]+)</span>')
    plain = {names: opened for opened, _, names in folded.findall(client.post("/new", data=data).text)}
    assert plain["sparse training, precision"] == ""
    changed = client.post("/new", data=data | {"precision": "bfloat16"}).text
    assert " open" in [opened for opened, _, names in folded.findall(changed) if names == "sparse training, precision"]
    wrong = client.post("/new", data=data | {"optimizer.adam.betas": "2"}).text
    assert " open" in [opened for opened, _, names in folded.findall(wrong) if names == "betas, weight decay"]


def test_clone_fills_the_form_in(client: httpx.Client, hand: Hand) -> None:
    run = hand.run(start=False, steps=777)
    text = client.get("/new", params={"clone": run.id}, headers=HTML).text
    assert 'name="steps" value="777"' in text
    assert 'value="by hand (copy)"' in text


def test_extend_asks_for_more_of_the_same_run(client: httpx.Client, hand: Hand, store: Store) -> None:
    run = hand.run(start=False)
    text = client.get("/new", params={"extend": run.id}, headers=HTML).text
    assert 'name="steps"' not in text
    data = {key: value for key, value in forms.values(run.experiment).items() if key.split(".")[0] in LotterySpec.grows}
    asked = data | {"kind": "lottery", "extend": run.id, "replicates": "2"}
    more = run.experiment.work[0]
    estimate = client.post("/new/estimate", data=asked).text
    assert f"<b>{2 * more}</b> trainings in all" in estimate
    assert f"= 2 replicates × (1 dense + {run.levels} levels × " in estimate
    assert f"; {more} kept, {more} more</span>" in estimate
    answer = client.post("/new", data=asked)
    assert answer.headers["location"] == f"/runs/{run.id}"
    assert store.run(run.id).spec == run.spec.model_copy(update={"replicates": 2})
    fewer = client.post("/new", data=data | {"kind": "lottery", "extend": run.id, "levels": "1"})
    assert fewer.status_code == 422
    assert "can only be extended" in fewer.text
