"""Measures of compared runs as columns, axes and groups, also those that hold at a share of kept weights."""

import re

import httpx
import pytest

from app.atlas.reader import Reader
from app.kinds.presets import PRESETS
from app.measuring import Measuring
from app.store import Store
from tests.app.reading import unmarked
from tests.app.web.sound import HTML


@pytest.fixture
def measured(store: Store, runs: list[str]) -> list[str]:
    """The same runs with what they are judged by and what they cost."""
    Measuring(store, Reader(store)).measure()
    return runs


def test_a_measure_at_a_density_is_a_column_and_an_axis(client: httpx.Client, measured: list[str]) -> None:
    """Accuracies at the level of 25 % and 50 %, as `hand` wrote them, by every name that a query takes."""
    chosen = {"runs": ",".join(measured), "columns": "accuracy@25%,optimizer", "x": "accuracy@50", "y": "accuracy@25%"}
    text = unmarked(client.get("/compare", params=chosen, headers=HTML).text)
    assert re.findall(r'<th scope="col">(accuracy@25%|optimizer)</th>', text) == ["accuracy@25%", "optimizer"]
    assert '<td title="0.68" class="field num">0.68</td>' in text
    assert "accuracy@25% against accuracy@50%: rank correlation 1.00 over 3 runs" in text
    assert '<option value="result.accuracy@50%" selected>accuracy@50%</option>' in text
    assert '<input type="checkbox" name="columns" value="result.accuracy@25%" checked>' in text
    # What the form at the top sends keeps the axes of the scatter.
    assert '<input type="hidden" name="x" value="accuracy@50">' in text[: text.index("data-compared")]
    figures = "/api/v1/compare/figures/compared_"
    axes = {name: value for name, value in chosen.items() if name != "columns"}
    csv = client.get(f"{figures}scatter", params={**axes, "format": "csv"}).text.splitlines()
    assert csv[0] == "run,name,group,result.accuracy@50%,result.accuracy@25%"
    numbers = [[float(cell) for cell in line.split(",")[3:]] for line in csv[1:]]
    assert numbers == [pytest.approx([0.8 - i / 100, 0.7 - i / 100]) for i in range(3)]
    member = {"runs": chosen["runs"], "columns": "accuracy@25%,result.accuracy@50%,best_accuracy", "format": "csv"}
    rows = client.get(f"{figures}columns", params=member).text.splitlines()
    assert rows[0] == "run,name,group,result.accuracy@25%,result.accuracy@50%,result.best_accuracy"
    assert [float(cell) for cell in rows[3].split(",")[3:]] == pytest.approx([0.68, 0.78, 0.88])


def test_runs_are_grouped_by_a_measure_at_a_density(client: httpx.Client, measured: list[str]) -> None:
    answer = client.get("/api/v1/compare", params={"runs": ",".join(measured), "group": "accuracy@25%"}).json()
    assert [item["group"] for item in answer["items"]] == ["0.7", "0.69", "0.68"]


def test_measures_at_usual_densities_are_offered_and_any_other_can_be_written(
    client: httpx.Client, measured: list[str]
) -> None:
    text = client.get(f"/compare?runs={','.join(measured)}", headers=HTML).text
    for share in ("50%", "5%", "1%"):
        assert f'<input type="checkbox" name="columns" value="result.accuracy@{share}"> accuracy@{share}' in text
        assert text.count(f'<option value="result.accuracy@{share}">accuracy@{share}</option>') == 2
    assert 'placeholder="accuracy@3%"' in text
    nowhere = client.get("/compare", params={"runs": measured[0], "y": "accuracy@1%", "x": "levels"}, headers=HTML)
    assert "No run has both levels and accuracy@1%." in unmarked(nowhere.text)
    never = client.get("/api/v1/compare/figures/compared_scatter", params={"runs": measured[0], "x": "levels@5%"})
    assert never.status_code == 422


def test_measures_that_come_after_the_last_event_are_drawn(client: httpx.Client, store: Store, runs: list[str]) -> None:
    query = {"runs": ",".join(runs), "columns": "accuracy", "format": "csv"}
    address = "/api/v1/compare/figures/compared_columns"
    assert client.get(address, params=query).text.splitlines()[0] == "run,name,group"
    Measuring(store, Reader(store)).measure()
    assert client.get(address, params=query).text.splitlines()[0] == "run,name,group,result.accuracy"


def test_figures_that_have_measures_are_fetched_again_when_those_come(client: httpx.Client, runs: list[str]) -> None:
    text = client.get(f"/compare?runs={','.join(runs)}", headers=HTML).text
    touches = dict(re.findall(r'data-figure="(\w+)" [^>]*data-touches="([^"]*)"', text))
    with_measures = {name for name, topics in touches.items() if "measures" in topics.split()}
    assert with_measures == {"compared_columns", "compared_scatter"}
    assert len(touches) > len(with_measures)


def test_a_phone_names_each_value_by_its_own_column(client: httpx.Client, measured: list[str], store: Store) -> None:
    """A run without a value of the first column must not give that name to its second."""
    other = store.create_run(PRESETS["digits-tickets"].spec, name="waiting").id
    query = {"runs": f"{measured[2]},{other}", "columns": "accuracy@25%,optimizer,optimizer.lr"}
    text = unmarked(client.get("/compare", params=query, headers=HTML).text)
    cells = [re.sub("<[^>]*>", "", each) for each in re.findall(r'<td class="fields">(.*?)</td>', text)]
    assert cells == ["accuracy@25% 0.68 · optimizer sgd · lr 0.01", "optimizer adam · lr 0.0012"]
    board = unmarked(client.get("/", params={"columns": query["columns"], "q": "name:waiting"}, headers=HTML).text)
    found = re.findall(r'<td class="fields">(.*?)</td>', board)
    assert [re.sub("<[^>]*>", "", each) for each in found] == ["optimizer adam · lr 0.0012"]
