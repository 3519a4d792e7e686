"""What each kind has to compare: masks, machines, films; and what unlike kinds cannot share, in words."""

import re
from typing import Any

import httpx
import numpy as np
import pytest
from safetensors.numpy import save

from app.kinds.hardware.figures import compared_speedup
from app.kinds.hardware.figures.compared_layer import LayerChoice
from app.plotting.compared import ComparedSource, Group, Measured
from app.store import Store
from tests.app import hardware_rows
from tests.app.erased_run import write_run as write_erased
from tests.app.masked_run import write_run as write_masked
from tests.app.ranked_run import write_run as write_ranked
from tests.app.reading import unmarked
from tests.app.web.sound import HTML

OVERLAP = "/api/v1/compare/figures/compared_overlap"


def words(figure: Any) -> str:
    return "".join(part["text"] for part in figure["layout"]["meta"]["finding"]).replace("\u00a0", " ")


def test_masks_of_several_runs_are_compared_against_chance(client: httpx.Client, store: Store) -> None:
    runs = [write_masked(store, {"fc1": (8, 48), "fc2": (4, 8)}, seed=seed) for seed in range(3)]
    ids = ",".join(run.id for run in runs)
    csv = client.get(OVERLAP, params={"runs": ids, "format": "csv"}).text.splitlines()
    head = csv[0].split(",")
    rows = [dict(zip(head, line.split(","), strict=True)) for line in csv[1:]]
    assert len(rows) == 6
    tickets = {str(run.ref(level=2)): run for run in runs}
    for row in rows:
        a, b = (np.concatenate([each.ravel() for each in tickets[row[side]].masks[0][2].values()]) for side in "ab")
        assert int(row["intersection"]) == (a & b).sum()
        assert float(row["iou"]) == pytest.approx((a & b).sum() / (a | b).sum())
        if row["a"] != row["b"]:
            expected = sum(
                tickets[row["a"]].masks[0][2][name].sum() * tickets[row["b"]].masks[0][2][name].sum() / size
                for name, size in (("fc1", 8 * 48), ("fc2", 32))
            )
            assert float(row["expected"]) == pytest.approx(expected)
    figure = client.get(OVERLAP, params={"runs": ids, "measure": "unit_permuted"}).json()
    assert "Of different runs, other initial weights: 3 pairs of tickets have a mean IoU of" in words(figure)
    assert "hidden units permuted" in words(figure)
    shallow = client.get(OVERLAP, params={"runs": ids, "pruned_to": "1", "format": "csv"}).text
    assert str(runs[0].ref(level=1)) in shallow


def test_masks_of_other_layers_are_named_and_left_out(client: httpx.Client, store: Store) -> None:
    runs = [write_masked(store, shapes) for shapes in ({"fc1": (8, 48)}, {"fc1": (8, 48)}, {"fc1": (5, 20)})]
    ids = [run.id for run in runs]
    figure = client.get(OVERLAP, params={"runs": ",".join(ids)}).json()
    assert "Not compared: " in words(figure)
    assert ids[2] in words(figure)
    assert len(figure["data"][0]["x"]) == 2
    alone = client.get(OVERLAP, params={"runs": f"{ids[0]},{ids[2]}"}).json()
    assert "fewer than two of these runs have masks of the same layers" in words(alone)
    assert alone["layout"]["meta"]["blank"]


def machine(place: int, device: str, gain: float) -> Group:
    run = hardware_rows.hardware_run(device=device).model_copy(update={"id": f"r{place}", "name": device})
    rows = hardware_rows.whole(run)
    columns = {**rows.columns, "speedup": rows["speedup"] * gain}
    series = type(rows)(columns, rows.coordinates)
    return Group(f"compared_{place}", f"run {place}", (Measured(run, {"hardware": series}),))


def test_machines_are_side_by_side() -> None:
    groups = [machine(1, "CPU A", 1.0), machine(2, "CPU B", 2.0)]
    info = compared_speedup.info(ComparedSource(groups, LayerChoice()))
    # csr at density 0.1: 0.7 + 0.1 / 0.1 in replicate 0 and 0.7 + 1.1 in replicate 1.
    assert [line.values[-1].tolist() for line in info.lines] == [pytest.approx([1.7, 1.8]), pytest.approx([3.4, 3.6])]
    said = "".join(part.text for part in compared_speedup.said(info).finding).replace("\u00a0", " ")
    assert said == "run 2 on CPU B 3.5× at 10.0 % (n = 2); run 1 on CPU A 1.8× at 10.0 % (n = 2)."
    table = compared_speedup.table(info)
    assert table["speedup"][:2] == pytest.approx([0.7 + 0.1 / 0.5, 0.7 + 0.11 / 0.5])
    figure = compared_speedup.draw(info)
    assert [trace.name for trace in figure.data if trace.meta["part"] == "mean"] == ["run 2", "run 1"]
    sheet = compared_speedup.sheet(info)
    assert sheet is not None
    assert sheet.head[:2] == ("device", "50.0 %")
    assert [(name, cells[0].text) for _, name, cells in sheet.rows] == [("run 1", "CPU A"), ("run 2", "CPU B")]
    # At density 0.1, as above; in bold where every replicate is faster than dense.
    last = [cells[-1] for _, _, cells in sheet.rows]
    assert [(cell.text, cell.more, cell.clear) for cell in last] == [
        ("1.8×", "1.70 to 1.80, n = 2", True), ("3.5×", "3.40 to 3.60, n = 2", True)
    ]  # fmt: skip
    assert not sheet.rows[0][2][1].clear
    none = compared_speedup.info(ComparedSource(groups, LayerChoice(storage="semi_structured")))
    assert compared_speedup.sheet(none) is None
    assert none.others == ("run 1", "run 2")
    assert compared_speedup.said(none).blank
    assert compared_speedup.table(none)["speedup"] == []


def films_of(client: httpx.Client, **query: str) -> str:
    text = client.get("/compare", params=query, headers=HTML).text
    return text[text.index('id="films"') :]


def test_films_have_an_optimizer_in_each_row(client: httpx.Client, store: Store) -> None:
    (one,) = write_erased(store, {"sgd": (0.1,), "adam": (0.03, 0.01)})
    (two,) = write_erased(store, {"adam": (0.02,)})
    films = unmarked(films_of(client, runs=f"{one.id},{two.id}"))
    # The optimizer that both runs have comes first, with the strips of both in one row, by learning rate.
    assert films.index("<h3>Adam</h3>") < films.index("<h3>SGD</h3>")
    row = films[films.index("<h3>Adam</h3>") : films.index("<h3>SGD</h3>")]
    assert re.findall(r'data-run="(\w+)".*?data-lr="([\d.]+)"', row) == [
        (one.id, "0.01"), (two.id, "0.02"), (one.id, "0.03")
    ]  # fmt: skip
    stills = [each.replace("&amp;", "&") for each in re.findall(r'<img src="([^"]*)"', row)]
    assert len(stills) == 3
    assert all(client.get(each).headers["content-type"] == "image/png" for each in stills)
    strips = [each.replace("&amp;", "&") for each in re.findall(r'href="([^"]*format=[^"]*)"', row)]
    assert [client.get(each).headers["content-type"] for each in strips[:2]] == ["image/png", "text/csv; charset=utf-8"]
    assert "test accuracy" in row


def test_width_and_replicate_of_films_are_chosen_in_the_link(client: httpx.Client, store: Store) -> None:
    (one, _) = write_erased(store, {"adam": (0.01,)}, widths=(16, 32), replicates=2)
    (two,) = write_erased(store, {"adam": (0.01,)}, widths=(32,))
    chosen = {"runs": f"{one.id},{two.id}", "group": "steps", "show": "movement"}
    first = unmarked(films_of(client, **chosen))
    assert re.findall(r'data-replicate="(\d)" data-width="(\d+)"', first) == [("0", "16"), ("0", "32")]
    assert "replicate 0, the first width of each run." in first
    assert '<option value="32">32</option>' in first
    # The form sends on what the page shows besides.
    assert '<input type="hidden" name="group" value="steps">' in first
    assert 'name="show" value="movement" checked' in first
    wide = unmarked(films_of(client, **chosen, width="32"))
    assert re.findall(r'data-replicate="(\d)" data-width="(\d+)"', wide) == [("0", "32"), ("0", "32")]
    second = unmarked(films_of(client, **chosen, width="16", replicate="1"))
    assert re.findall(r'data-run="(\w+)" data-replicate="(\d)" data-width="(\d+)"', second) == [(one.id, "1", "16")]
    assert "Without such a training: erased." in second
    for bad in ({"width": "17"}, {"width": "x"}, {"replicate": "9"}, {"show": "nonsense"}):
        assert re.findall(r'data-replicate="(\d)" data-width="(\d+)"', films_of(client, **{**chosen, **bad})) == [
            ("0", "16"), ("0", "32")
        ]  # fmt: skip


def test_unlike_kinds_say_what_each_can_compare(client: httpx.Client, store: Store) -> None:
    masked = write_masked(store, {"fc1": (8, 48)})
    (erased,) = write_erased(store)
    text = unmarked(client.get(f"/compare?runs={masked.id},{erased.id}", headers=HTML).text)
    assert "These runs are of 2 kinds. All are compared by their fields and measures." in text
    assert "only Lottery tickets (1 run); the other kinds do not measure that." in text
    assert "Films: only Weight erasure (1 run)" in text
    figures = client.get(f"/api/v1/compare?runs={masked.id},{erased.id}").json()["figures"]
    assert {"compared_accuracy", "compared_columns", "compared_scatter"} < set(figures)


def test_stable_ranks_are_grouped_with_the_batch_sizes_of_these_runs(client: httpx.Client, store: Store) -> None:
    asked: list[dict[str, Any]] = [{"seed": 0}, {"seed": 1}, {"seed": 0, "loss": "cross_entropy"}]
    runs = [write_ranked(store, **each) for each in asked]
    chosen = {"runs": ",".join(run.id for run in runs), "group": "loss"}
    text = unmarked(client.get("/compare", params=chosen, headers=HTML).text).replace("\u00a0", " ")
    said = re.sub("<[^>]*>", "", text)
    # 16, 17, 26 and 27; half of 16 and 17.
    assert "At width 64, with batches of 32: mse 21.5 ± 5.8 (n = 4), cross_entropy 8.2 ± 0.4 (n = 2)" in said
    assert '<option value="16">16</option>' in text
    figure = "/api/v1/compare/figures/compared_stable_rank"
    csv = client.get(figure, params={**chosen, "batch_size": "16", "format": "csv"}).text.splitlines()
    assert csv[0] == "group,runs,update,batch_size,width,replicate,stable_rank,cap"
    assert len(csv) == 1 + 2 * (4 + 2)
    wrong = client.get(figure, params={**chosen, "batch_size": "7"})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["path"] == "batch_size"


def test_kinds_that_share_a_figure_are_named_together(client: httpx.Client, store: Store) -> None:
    """Of three kinds two share figures: neither is said to be the only one that has them."""
    given = np.random.default_rng(0).random((4, 6)).astype(np.float32)
    answer = client.post("/api/v1/imports", files={"files": ("a.safetensors", save({"fc1.weight": given}))})
    ids = [write_masked(store, {"fc1": (8, 48)}).id, answer.json()["id"], write_ranked(store).id]
    notes = client.get("/api/v1/compare", params={"runs": ",".join(ids)}).json()["notes"]
    assert notes[0] == "These runs are of 3 kinds. All are compared by their fields and measures."
    (both,) = [note for note in notes if "Imported masks (1 run)" in note]
    assert both.startswith("Accuracy of winning tickets against density, difference in accuracy to a baseline and ")
    assert both.endswith(
        ": only Lottery tickets (1 run) and Imported masks (1 run); the other kinds do not measure that."
    )
    assert sum("Accuracy of winning tickets" in note for note in notes) == 1
