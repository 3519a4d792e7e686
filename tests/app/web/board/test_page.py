"""Every page against a real store: what it says, what its forms do, and that nothing a person wrote becomes markup."""

import re
from html import unescape
from html.parser import HTMLParser

import httpx
import pytest

from app.kinds.lottery.spec import LotteryKey, LotterySpec
from app.kinds.presets import PRESETS
from app.kinds.specs import TITLES
from app.store import Claim, Store
from app.web.form import form as forms
from tests.app.conftest import Hand
from tests.app.reading import unmarked

PAGES = ("/", "/new", "/new?preset=lenet-quick", "/presets", "/workers", "/bin", "/protocol", "/glossary")
TABS = ("curves", "training", "movement", "spec", "log")
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)> &amp; 🎟️ {{ 7 * 7 }}"
HTML = {"Accept": "text/html"}


class Markup(HTMLParser):
    """What a page is made of: ids, inline code, outside addresses, and the names that inputs go by."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.inline: list[str] = []
        self.outside: list[str] = []
        self.open: list[str] = []
        self.labelled: set[str] = set()
        self.inputs: list[dict[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.ids += [values["id"] or ""] if "id" in values else []
        self.inline += [name for name in values if name == "style" or name.startswith("on")]
        if (tag == "script" and "src" not in values) or tag == "style":
            self.inline.append(tag)
        source = values.get("src") or (values.get("href") if tag == "link" else None) or ""
        if source and not source.startswith("/"):
            self.outside.append(source)
        if tag == "label":
            self.labelled.add(values.get("for") or "")
        if tag in ("input", "textarea", "select") and values.get("type") != "hidden":
            self.inputs.append({**values, "inside": "label" if "label" in self.open else None})
        if tag not in ("input", "link", "meta", "br", "img", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            while self.open.pop() != tag:
                pass


def sound(text: str) -> None:
    """A page holds nothing inline, nothing from elsewhere, no id twice and no input without a label."""
    page = Markup(text)
    assert page.inline == []
    assert page.outside == []
    assert sorted(page.ids) == sorted(set(page.ids))
    for field in page.inputs:
        assert field["inside"] or field.get("aria-label") or field.get("id") in page.labelled, field


def measured(hand: Hand) -> str:
    """A run with a dense network, two levels of tickets and a control; returns its id."""
    run = hand.run(branches=[{"kind": "reinit"}])
    for level, density, accuracy in ((0, 1.0, 0.91), (1, 0.64, 0.92), (2, 0.41, 0.90)):
        hand.outcome(level, density, accuracy)
        hand.measure(
            "layers", LotteryKey(level=level), layer=[0.0, 1.0], kept=[12 * density, 6 * density], total=[12.0, 6.0]
        )
        hand.measure(
            "evaluation", LotteryKey(level=level), step=[0.0, 1000.0], train_loss=[float("nan"), 0.1],
            validation_loss=[2.3, 0.3], validation_accuracy=[0.1, accuracy], test_loss=[2.3, 0.3],
            test_accuracy=[0.1, accuracy],
        )  # fmt: skip
    return run.id


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_sound_on_an_empty_store(client: httpx.Client, path: str) -> None:
    answer = client.get(path, headers=HTML)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    sound(answer.text)


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_is_sound_with_measurements_and_without(client: httpx.Client, hand: Hand, tab: str) -> None:
    for run_id in (hand.run(start=False).id, measured(hand)):
        answer = client.get(f"/runs/{run_id}?tab={tab}", headers=HTML)
        assert answer.status_code == 200
        sound(answer.text)
        assert re.search(rf'data-tab="{tab}" aria-current="page"', answer.text)


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


def test_the_verdict_is_told_under_the_curves(client: httpx.Client, hand: Hand) -> None:
    text = client.get(f"/runs/{measured(hand)}", headers=HTML).text
    assert "n = 1: no interval." in text
    assert "41.0 %" in text
    assert "+1.00" in text


@pytest.mark.parametrize(
    ("asked", "shown"), [("", "0.2"), ("1.5", "1.5"), ("much", "0.2"), ("nan", "0.2"), ("-1", "0.2")]
)
def test_the_bound_of_the_verdict_is_part_of_the_link(client: httpx.Client, hand: Hand, asked: str, shown: str) -> None:
    text = client.get(f"/runs/{measured(hand)}?at=train&bound={asked}", headers=HTML).text
    assert re.search(rf'name="bound" [^>]*value="{shown}"', text)
    assert f"comparison?format=csv&amp;bound={shown}" in text
    assert '<input type="hidden" name="at" value="train">' in text


def test_findings_are_in_the_page_before_any_script(client: httpx.Client, hand: Hand) -> None:
    run_id = measured(hand)
    text = client.get(f"/runs/{run_id}?tab=training&level=1&metric=test_loss", headers=HTML).text
    assert "Level 1 (64.0\xa0% of the weights), test loss after 1,000 of 1,000 steps" in unmarked(text)
    assert re.search(r'name="level" min="0" max="2" step="1" value="1"', text)
    assert re.search(r'<option value="test_loss" selected>', text)
    lean = client.get(f"/runs/{run_id}?tab=training&level=1", headers=HTML | {"X-Live": "1"}).text
    assert "Level 1 (64.0\xa0%" not in unmarked(lean)


def test_a_bad_option_in_a_link_counts_as_not_given(client: httpx.Client, hand: Hand) -> None:
    answer = client.get(f"/runs/{measured(hand)}?tab=training&level=nine&metric=luck", headers=HTML)
    assert answer.status_code == 200
    assert 'max="2" step="1" value="0"' in answer.text


def test_tabs_keep_the_view(client: httpx.Client, hand: Hand) -> None:
    text = client.get(f"/runs/{measured(hand)}?tab=training&level=2", headers=HTML).text
    assert re.search(r'href="/runs/\w+\?tab=movement&amp;level=2"', text)


def test_cancel_resume_bin_restore_and_purge_by_forms(client: httpx.Client, hand: Hand, store: Store) -> None:
    run = hand.run(start=False)
    for action, state in (("cancel", "cancelled"), ("resume", "queued")):
        assert client.post(f"/runs/{run.id}/{action}").headers["location"] == f"/runs/{run.id}"
        assert store.run(run.id).state == state
    binned = client.post(f"/runs/{run.id}/bin")
    board = client.get(binned.headers["location"], headers=HTML).text
    assert "“by hand” is in the bin." in board
    assert f"/runs/{run.id}/restore" in board
    assert "by hand" in client.get("/bin", headers=HTML).text
    assert "This run is in the" in client.get(f"/runs/{run.id}", headers=HTML).text
    client.post(f"/runs/{run.id}/restore")
    assert store.run(run.id).deleted_at is None
    client.post(f"/runs/{run.id}/bin")
    assert client.post(f"/runs/{run.id}/purge").headers["location"] == "/bin?purged=1"
    assert client.get(f"/runs/{run.id}", headers=HTML).status_code == 404


def test_the_bin_is_emptied(client: httpx.Client, hand: Hand, store: Store) -> None:
    for _ in range(2):
        store.bin_run(hand.run(start=False).id)
    assert client.post("/bin/empty").headers["location"] == "/bin?purged=2"
    assert "The bin is empty" in client.get("/bin?purged=2", headers=HTML).text


def test_an_action_that_cannot_be_done_says_why(client: httpx.Client, hand: Hand) -> None:
    run = hand.run(start=False)
    answer = client.post(f"/runs/{run.id}/resume", headers=HTML)
    assert answer.status_code == 409
    assert "there is nothing to resume" in answer.text
    sound(answer.text)


def test_rename_tag_and_annotate(client: httpx.Client, hand: Hand, store: Store) -> None:
    run = hand.run(start=False)
    data = {"name": "New", "tags": "one, two", "notes": "line\r\nline"}
    assert client.post(f"/runs/{run.id}/edit", data=data).status_code == 303
    run = store.run(run.id)
    assert (run.name, run.tags, run.notes) == ("New", ("one", "two"), "line\nline")
    refused = client.post(f"/runs/{run.id}/edit", data=data | {"name": " ", "notes": "kept"})
    assert refused.status_code == 422
    assert "must not be empty" in refused.text
    assert ">kept</textarea>" in refused.text
    assert "Left empty" not in refused.text
    assert client.get(f"/runs/{run.id}/edit").headers["location"] == f"/runs/{run.id}"


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


def test_a_failure_says_what_was_kept_and_the_next_step(client: httpx.Client, hand: Hand, store: Store) -> None:
    run = hand.run()
    store.fail(hand.claim.shard_id, hand.claim.token, "the disk is full", "Traceback: <here>", final=True)
    text = client.get(f"/runs/{run.id}", headers=HTML).text
    assert "Failed: replicate 0: the disk is full" in text
    assert "Resume continues from the last checkpoint" in text
    assert "Traceback: &lt;here&gt;" in text
    assert f'action="/runs/{run.id}/resume"' in text
    log = client.get(f"/runs/{run.id}?tab=log", headers=HTML).text
    assert "attempt 1: the disk is full" in log


def test_the_third_try_in_vain_shows_the_last_traceback_that_there_was(
    client: httpx.Client, hand: Hand, store: Store
) -> None:
    run = hand.run()
    claim: Claim | None = hand.claim
    for reason, traceback in (("ValueError: one", "Traceback 1"), ("ValueError: two", "Traceback 2"), ("lost", "")):
        assert claim is not None
        store.fail(claim.shard_id, claim.token, reason, traceback)
        claim = store.claim("cpu", "hand")
    assert claim is None  # no fourth try
    text = client.get(f"/runs/{run.id}", headers=HTML).text
    assert "Failed: replicate 0: lost" in text
    assert "<summary>Traceback</summary><pre>Traceback 2</pre>" in text
    assert "Traceback 1" not in text


def test_a_queued_run_says_what_it_waits_for(client: httpx.Client, hand: Hand) -> None:
    text = client.get(f"/runs/{hand.run(start=False).id}", headers=HTML).text
    assert "starts when the broker is back" in text
    assert "No worker is running" in client.get("/workers", headers=HTML).text
    assert "The broker does not answer" in client.get("/workers", headers=HTML).text


def test_the_log_is_newest_first_and_can_hold_measurements(client: httpx.Client, hand: Hand) -> None:
    run_id = measured(hand)
    quiet = client.get(f"/runs/{run_id}?tab=log", headers=HTML).text
    assert quiet.index("attempt 1, on worker hand") < quiet.index("the run is queued")
    assert "outcome, 1 row" not in quiet
    assert "outcome, 1 row · replicate 0, level 2, winning ticket" in client.get(
        f"/runs/{run_id}?tab=log&all=1", headers=HTML
    ).text  # fmt: skip


@pytest.mark.parametrize("before", ["9" * 10, "9" * 5_000, "x", "²"])
def test_a_place_beyond_the_log_is_its_end(client: httpx.Client, hand: Hand, before: str) -> None:
    answer = client.get(f"/runs/{hand.run().id}", params={"tab": "log", "before": before}, headers=HTML)
    assert answer.status_code == 200
    assert "the run is queued" in answer.text


def test_the_spec_tab_says_how_to_repeat_the_run(client: httpx.Client, hand: Hand) -> None:
    run_id = measured(hand)
    text = client.get(f"/runs/{run_id}?tab=spec", headers=HTML).text
    assert "curl -X POST http://127.0.0.1" in text
    assert "-- spec.json" in text
    assert "fc1 3×4, fc2 2×3" in text
    assert "None saved yet" in text
    hand.save("ticket", b"bytes", level=1)
    text = client.get(f"/runs/{run_id}?tab=spec", headers=HTML).text
    assert f'href="/api/v1/runs/{run_id}/tickets/0/1"' in text
    assert f'load_file("{run_id}-r0-l1.safetensors")' in unescape(text)


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
