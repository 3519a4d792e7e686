"""Several runs side by side: on a page with a link, over the API, and what cannot be compared."""

import re
from dataclasses import replace
from typing import Any, cast

import httpx
import pytest

from app.kinds.kind import Kind
from app.kinds.presets import PRESETS
from app.kinds.registry import COMPARED, KINDS, OF_ANY_RUNS
from app.plotting.compared import LINES, MOST
from app.search.facts import facts_of
from app.store import Store
from tests.app.compared_runs import write_runs
from tests.app.conftest import Hand
from tests.app.reading import unmarked
from tests.app.web.sound import HTML


def test_runs_are_compared_on_one_page_with_a_link(client: httpx.Client, runs: list[str]) -> None:
    text = unmarked(client.get(f"/compare?runs={','.join(runs)}", headers=HTML).text)
    assert "<h1>3 runs compared</h1>" in text
    assert "At 25.0 % of the weights: a " in text.replace("\u00a0", " ")
    assert text.count('<tr id="run-') == 3
    assert '<th scope="col">optimizer</th>' in text
    ticked = client.get("/compare", params=[("run", run) for run in runs], headers=HTML)
    assert f'name="runs" value="{",".join(runs)}"' in ticked.text
    grouped = unmarked(client.get("/compare?q=levels:2&group=optimizer", headers=HTML).text)
    assert "At 25.0 % of the weights: adam " in grouped.replace("\u00a0", " ")
    assert "(n = 4 replicates of 2 runs), sgd" in grouped.replace("\u00a0", " ")


@pytest.mark.parametrize("field", ["optimizer.lr", "lr", "levels", "dataset", "seed", "width"])
def test_runs_are_grouped_by_any_field(client: httpx.Client, runs: list[str], store: Store, field: str) -> None:
    """Each group has the runs that the spec puts there, whether the field is a number, a word or a list."""
    items = client.get("/api/v1/compare", params={"runs": ",".join(runs), "group": field}).json()["items"]
    path = {"lr": "optimizer.lr", "width": "model.width"}.get(field, field)
    for item in items:
        values = [fact for fact in facts_of(item["run"]["spec"]) if fact.path == path]
        wanted = ", ".join(f"{fact.number:g}" if fact.number is not None else fact.text or "" for fact in values)
        assert item["group"] == (wanted or "none")


def test_ticked_runs_are_meant_whatever_they_were_found_by(client: httpx.Client, runs: list[str]) -> None:
    ticked = {"q": "levels:2", "run": [runs[0], runs[2]]}
    text = client.get("/compare", params=ticked, headers=HTML).text
    assert "<h1>2 runs compared</h1>" in text
    # What the figure fetches, and its CSV, are the same two.
    assert f'name="runs" value="{runs[0]},{runs[2]}"' in text
    assert 'name="q"' not in text
    assert f"runs={runs[0]}%2C{runs[2]}" in text


def test_a_line_has_the_colour_of_its_name_in_the_table(client: httpx.Client, runs: list[str], store: Store) -> None:
    other = store.create_run(PRESETS["erasure-digits"].spec, name="e").id
    chosen = f"{other},{runs[1]},{runs[0]}"
    figure = client.get("/api/v1/compare/figures/compared_accuracy", params={"runs": chosen}).json()
    drawn = {trace["name"]: trace["meta"]["role"] for trace in figure["data"] if trace["meta"]["part"] == "mean"}
    text = client.get(f"/compare?runs={chosen}", headers=HTML).text
    named = {name: role for role, name in re.findall(r'class="name b-(compared_\d)" href="[^"]*">(\w+)<', text)}
    assert drawn == {"b": "compared_2", "a": "compared_3"}
    assert named == {"e": "compared_1", **drawn}


def test_the_api_says_what_differs_and_draws_the_figures(client: httpx.Client, runs: list[str]) -> None:
    chosen = ",".join(runs)
    answer: dict[str, Any] = client.get("/api/v1/compare", params={"runs": chosen, "group": "optimizer"}).json()
    assert [each["run"]["id"] for each in answer["items"]] == runs
    assert [each["group"] for each in answer["items"]] == ["adam", "adam", "sgd"]
    assert answer["items"][2]["fields"]["optimizer"] == {"values": ["sgd"], "n": None}
    assert answer["notes"] == []
    assert {"optimizer", "levels"} <= set(answer["columns"])
    own = ["compared_accuracy", "compared_difference", "compared_training", "compared_overlap"]
    assert answer["figures"] == [*own, "compared_columns", "compared_scatter"]
    address = "/api/v1/compare/figures/compared_accuracy"
    figure = client.get(address, params={"runs": chosen})
    assert len([trace for trace in figure.json()["data"] if trace["meta"]["part"] == "mean"]) == 3
    again = client.get(address, params={"runs": chosen}, headers={"If-None-Match": figure.headers["ETag"]})
    assert again.status_code == 304
    csv = client.get(address, params={"runs": chosen, "format": "csv"}).text.splitlines()
    assert csv[0] == "group,runs,density,replicate,accuracy"
    assert len(csv) == 1 + 3 * 3 * 2


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ({"runs": "nothing"}, 404, "nothing"),
        ({"runs": ",".join(f"r{i}" for i in range(MOST + 1))}, 422, f"at most {MOST}"),
        ({"q": "lr>fast"}, 422, "lr is a number"),
        ({"q": "levels:2", "group": "speed_of_light"}, 422, "must be a field"),
        ({"q": "levels:2", "group": "optimiser"}, 422, "such as optimizer"),
        ({"q": "levels:2", "baseline": "1abc"}, 422, "none of the runs that are compared"),
        ({"q": "levels:2", "intervals": "narrow"}, 422, "intervals: must be"),
    ],
)
def test_what_cannot_be_compared_is_told_in_words(
    client: httpx.Client, runs: list[str], query: dict[str, str], status: int, words: str
) -> None:
    option = not {"baseline", "intervals"}.isdisjoint(query)
    figure = f"/api/v1/compare/figures/compared_{'difference' if option else 'accuracy'}"
    for address in (figure, "/compare", *(() if option else ("/api/v1/compare",))):
        answer = client.get(address, params=query)
        assert answer.status_code == status, address
        assert words in answer.text


def test_nothing_chosen_says_how_to_choose(client: httpx.Client) -> None:
    assert "Tick runs on the" in client.get("/compare", headers=HTML).text
    assert client.get("/api/v1/compare").json()["items"] == []
    assert client.get("/api/v1/compare/figures/none").status_code == 404


def test_a_kind_without_figures_says_so(client: httpx.Client, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every kind has some today: a kind to come may have none."""
    other = store.create_run(PRESETS["stable-rank-vs-width"].spec, name="e")
    monkeypatch.setitem(cast("dict[str, Kind]", KINDS), other.kind, replace(KINDS[other.kind], compared=()))
    text = client.get(f"/compare?runs={other.id}", headers=HTML).text
    assert "Nothing of this kind of run is drawn together" in text
    assert "This is one run: tick others on the board" in text


def test_every_kind_has_something_of_its_own_to_compare() -> None:
    assert [name for name, kind in KINDS.items() if not kind.compared and kind.compared_part is None] == []


def test_more_runs_than_looks_say_that_lines_share_colours(client: httpx.Client, store: Store) -> None:
    spec = PRESETS["digits-tickets"].spec
    ids = [store.create_run(spec, name=f"n{i}").id for i in range(LINES + 1)]
    text = client.get(f"/compare?runs={','.join(ids)}", headers=HTML).text
    assert f"More than {LINES} lines share colours" in text


def test_every_comparison_belongs_to_a_kind_or_to_any_runs() -> None:
    of_kinds = {entry.name: entry for kind in KINDS.values() for entry in kind.compared}
    assert of_kinds | {entry.name: entry for entry in OF_ANY_RUNS} == COMPARED


def test_lines_are_compared_with_a_baseline(client: httpx.Client, runs: list[str]) -> None:
    member = {"runs": ",".join(runs), "group": "optimizer", "baseline": runs[1]}
    text = client.get("/compare", params=member, headers=HTML).text
    assert f'<option value="{runs[0]}" selected>adam</option>' in text
    chosen = {"runs": ",".join(runs), "group": "optimizer", "baseline": runs[2]}
    text = unmarked(client.get("/compare", params=chosen, headers=HTML).text).replace("\u00a0", " ")
    assert " is not shown to differ at any of 3 densities (n = 2 pairs by seed of 2 runs)." in text
    assert (
        'Against <span class="b num b-compared_2">sgd</span>: <span class="b num b-compared_1">adam</span> is' in text
    )
    assert f'<option value="{runs[2]}" selected>sgd</option>' in text
    assert "<caption>Minus sgd, in points</caption>" in text
    assert text.count("<span>+1.50</span>") == 3
    address = "/api/v1/compare/figures/compared_difference"
    assert f'href="{address}?runs=' in text
    csv = client.get(address, params={**chosen, "format": "csv"}).text.splitlines()
    assert csv[0] == "group,baseline,density,paired,n,n_baseline,difference,low,high,verdict,intervals,bound"
    assert [line.split(",")[:6] for line in csv[1:]] == [
        ["adam", "sgd", d, "true", "2", "2"] for d in ("1.0", "0.5", "0.25")
    ]
    assert client.get(address, params={**chosen, "colour": "red"}).status_code == 422


def test_training_curves_are_read_at_one_level_with_their_times(client: httpx.Client, store: Store) -> None:
    ids = ",".join(run.id for run in write_runs(store, 2, replicates=2, levels=2, points=5))
    chosen = {"runs": ids, "level": "2", "smoothing": "40", "by": "wall-clock"}
    text = client.get("/compare", params=chosen, headers=HTML).text
    assert '<input type="range" name="smoothing" min="0" max="99" step="1" value="40"' in text
    assert '<input type="range" name="level" min="0" max="2"' in text
    assert "Test accuracy while training, level 2" in text
    address = "/api/v1/compare/figures/compared_training"
    csv = client.get(address, params={**chosen, "format": "csv"}).text.splitlines()
    assert csv[0] == "group,runs,n,level,step,seconds,test_accuracy,low,high,smoothed"
    assert len(csv) == 1 + 2 * 5
    assert client.get(address, params={**chosen, "smoothing": "100"}).status_code == 422


def test_columns_are_chosen_for_table_axes_and_scatter(client: httpx.Client, runs: list[str]) -> None:
    chosen = {"runs": ",".join(runs), "columns": ["optimizer", "levels"], "x": "optimizer", "y": "lr"}
    text = unmarked(client.get("/compare", params=chosen, headers=HTML).text)
    assert re.findall(r'<th scope="col">(optimizer|levels|lr)</th>', text) == ["optimizer", "levels"]
    assert '<input type="checkbox" name="columns" value="levels" checked>' in text
    assert "3 runs, 2 columns." in text
    assert "lr against optimizer of 3 runs." in text
    address = "/api/v1/compare/figures/compared_"
    axes = {"runs": ",".join(runs), "columns": "optimizer,levels,nonsense", "format": "csv"}
    csv = client.get(f"{address}columns", params=axes).text.splitlines()
    rows = zip(runs, "abc", ("adam", "adam", "sgd"), strict=True)
    assert csv == ["run,name,group,optimizer,levels", *(f"{run},{name},{name},{kind},2.0" for run, name, kind in rows)]
    wrong = client.get(f"{address}scatter", params={"runs": ",".join(runs), "x": "speed_of_light"})
    assert wrong.status_code == 422
    assert "no field or measure" in wrong.text


def test_a_run_in_the_bin_is_compared_and_a_purged_one_is_unknown(
    client: httpx.Client, runs: list[str], hand: Hand
) -> None:
    gone = hand.run(start=False).id
    client.delete(f"/api/v1/runs/{runs[0]}")
    text = client.get(f"/compare?runs={','.join(runs)}", headers=HTML).text
    assert "One of these runs is in the bin: a." in text
    hand.store.bin_run(gone)
    hand.store.purge_run(gone)
    named = ",".join([gone, *runs])
    answer = client.get("/api/v1/compare", params={"runs": named})
    assert answer.status_code == 404
    assert f"there is no run {gone}" in answer.text
    # A link that a colleague has sent shows what is left of it.
    page = client.get(f"/compare?runs={named}", headers=HTML)
    assert page.status_code == 200
    assert "<h1>3 runs compared</h1>" in page.text
    assert (
        f"There is no run {gone}: it was deleted for good, or its id is mistyped. The others are compared." in page.text
    )
    assert f'name="runs" value="{",".join(runs)}"' in page.text
    nothing = client.get(f"/compare?runs={gone}", headers=HTML)
    assert nothing.status_code == 404
    assert f"There is no run {gone}" in nothing.text


def test_runs_named_twice_count_once_and_a_search_that_finds_none_says_so(
    client: httpx.Client, runs: list[str]
) -> None:
    text = client.get(f"/compare?runs={','.join([*runs, *runs[:2]])}", headers=HTML).text
    assert "<h1>3 runs compared</h1>" in text
    assert "2 runs were named more than once: each counts once." in text
    none = client.get("/compare", params={"q": "name:nobody"}, headers=HTML).text
    assert "No run is found by “name:nobody”." in none
    assert 'href="/?q=name%3Anobody"' in none


def test_more_than_a_hundred_are_refused_or_said_to_be_left_out(client: httpx.Client, store: Store) -> None:
    spec = PRESETS["digits-tickets"].spec.model_copy(update={"replicates": 1, "levels": 1})
    ids = [store.create_run(spec, name="many").id for _ in range(MOST + 1)]
    ticked = client.get("/compare", params=[("run", run) for run in ids], headers=HTML)
    assert ticked.status_code == 422
    assert "names 101 runs; at most 100 are compared at once" in ticked.text
    found = client.get("/compare?q=name:many", headers=HTML).text
    assert "<h1>100 runs compared</h1>" in found
    assert "The search finds more runs than the newest 100, which are compared here." in found
