"""Tabs of erasure and stable-rank runs: which there are, which figures they hold, and what can be chosen there."""

import re
from html import unescape

import httpx
import pytest

from app.kinds.presets import PRESETS
from app.kinds.registry import KINDS
from app.store import Store
from tests.app.erased_run import write_run
from tests.app.reading import unmarked
from tests.app.web.sound import HTML, sound

GRIDS = {"sgd": (0.25, 1.0), "adam": (0.01,)}


def page(client: httpx.Client, run: str, query: str = "") -> str:
    answer = client.get(f"/runs/{run}{query}", headers=HTML)
    assert answer.status_code == 200
    sound(answer.text)
    return answer.text


def tabs(text: str) -> list[str]:
    return re.findall(r'data-tab="(\w+)"', text)


def options(text: str, figure: str, name: str) -> list[str]:
    """Values of a select of a figure's card; none where there is no such select."""
    card = text.split(f'id="figure-{figure}"')[1].split("</section>")[0]
    hit = re.search(rf'<select name="{name}">(.*?)</select>', card)
    return re.findall(r'<option value="([^"]*)"', hit[1]) if hit else []


def test_each_kind_has_its_tabs_and_no_other(client: httpx.Client, store: Store) -> None:
    runs = {kind: store.create_run(PRESETS[preset].spec, name=kind).id for kind, preset in (
        ("erasure", "erasure-digits"), ("stable_rank", "stable-rank-vs-width"), ("lottery", "digits-tickets")
    )}  # fmt: skip
    assert tabs(page(client, runs["erasure"])) == ["film", "erasure", "spectra", "spec", "log"]
    assert tabs(page(client, runs["stable_rank"])) == ["rank", "spec", "log"]
    assert {"erasure", "spectra", "rank", "film"}.isdisjoint(tabs(page(client, runs["lottery"])))


@pytest.mark.parametrize("tab", ["erasure", "spectra"])
def test_a_tab_tells_its_findings_before_any_script(client: httpx.Client, store: Store, tab: str) -> None:
    run = write_run(store, GRIDS, replicates=2, diverge={("sgd", 1): 40})[0]
    text = page(client, run.id, f"?tab={tab}")
    shown = next(item for item in KINDS["erasure"].tabs if item.key == tab).figures
    assert re.findall(r'data-figure="(\w+)"', text) == [placed.entry.name for placed in shown]
    if tab == "erasure":
        assert "after 100 steps at each optimizer's best learning rate: " in unmarked(unescape(text))
        assert 'class="b num b-adam"' in text
        assert "diverged; not in the mean: SGD lr 1 (2 of 2, first at step 40)" in unmarked(text)


def test_what_can_be_chosen_is_what_the_run_has(client: httpx.Client, store: Store) -> None:
    run = write_run(store, GRIDS, widths=(16, 8))[0]
    text = page(client, run.id, "?tab=erasure")
    assert options(text, "erasure_over_steps", "optimizer") == ["", "sgd", "adam"]
    assert options(text, "accuracy_vs_lr", "width") == ["16", "8"]
    assert len(options(text, "erasure_over_steps", "measure")) == 11
    spectra = page(client, run.id, "?tab=spectra")
    assert options(spectra, "singular_values", "optimizer") == ["sgd", "adam"]
    assert options(spectra, "singular_values", "lr") == ["", "0.01", "0.25", "1.0"]
    assert options(spectra, "update_sizes", "step") == ["", "1", "2", "3", "6", "10", "18", "32", "56", "100"]


def test_of_one_width_there_is_nothing_to_choose(client: httpx.Client, store: Store) -> None:
    text = page(client, write_run(store, GRIDS)[0].id, "?tab=erasure")
    assert options(text, "accuracy_vs_lr", "width") == []
    assert '<input type="hidden" name="width" value="">' in text


def test_what_the_run_does_not_have_counts_as_not_chosen(client: httpx.Client, store: Store) -> None:
    run = write_run(store, GRIDS)[0]
    page(client, run.id, "?tab=erasure&width=999&optimizer=lion&measure=luck")
    answer = client.get(f"/api/v1/runs/{run.id}/figures/accuracy_vs_lr?width=999")
    assert (answer.status_code, "must be one of 16" in answer.text) == (422, True)


@pytest.mark.parametrize("name", [entry.name for entry in KINDS["erasure"].figures])
@pytest.mark.parametrize("form", ["json", "csv"])
def test_figures_over_http(client: httpx.Client, store: Store, name: str, form: str) -> None:
    run = write_run(store, GRIDS, replicates=2, diverge={("sgd", 1): 40})[0]
    answer = client.get(f"/api/v1/runs/{run.id}/figures/{name}?format={form}")
    assert answer.status_code == 200


def test_pictures_under_the_curve_are_there_to_be_seen(client: httpx.Client, store: Store) -> None:
    run = write_run(store, GRIDS, diverge={("sgd", 1): 40})[0]
    images = client.get(f"/api/v1/runs/{run.id}/figures/accuracy_vs_lr").json()["layout"]["images"]
    assert len(images) == 2
    for image in images:
        picture = client.get(image["source"])
        assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
