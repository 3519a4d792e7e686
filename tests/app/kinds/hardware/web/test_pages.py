"""The page Hardware: an invitation while nothing was measured, then the newest run that has something to show."""

import re
from html import unescape
from typing import Any

import httpx

from app.contract.events import ArtifactSaved, Measured, Started
from app.kinds.hardware.spec import HardwareKey, HardwareSpec
from app.kinds.presets import PRESETS
from app.store import Store
from tests.app.conftest import Hand
from tests.app.hardware_rows import hardware_run, row, whole
from tests.app.reading import unmarked
from tests.app.web.sound import HTML, sound


def page(client: httpx.Client, path: str) -> str:
    answer = client.get(path, headers=HTML)
    assert answer.status_code == 200, answer.text
    sound(answer.text)
    return unescape(answer.text)


def written(
    store: Store, name: str = "x", *, start: bool = True, compacted: dict[str, str] | None = None, **spec: Any
) -> str:
    """A run of one replicate in the store, with all its rows unless it has not started.

    `compacted` is what it has saved with the artifact of that name, if it has saved one.
    """
    made = HardwareSpec.model_validate(hardware_run(**{"replicates": 1, **spec}).spec.model_dump())
    run = store.create_run(made, name=name)
    if start:
        claim = store.claim("cpu", "hand")
        assert claim is not None
        named = {"device_name": "A Processor"}
        store.start(claim.shard_id, claim.token, Started(replicate=0, attempt=1, worker="w", plan={}, provenance=named))
        series = whole(hardware_run(**{"replicates": 1, **spec}))
        names = row("csr").keys() - {"replicate", *HardwareKey.model_fields}
        for i in range(len(series)):
            event = Measured(
                series="hardware",
                key=HardwareKey(storage_format=str(series["storage_format"][i])),
                columns={name: [float(series[name][i])] for name in sorted(names)},
            )
            store.append(claim.shard_id, claim.token, [event], i)
        if compacted is not None:
            sha256 = store.artifacts_store.put(b"compacted")
            saved = ArtifactSaved(
                key=HardwareKey(storage_format="compacted"),
                name="compacted",
                sha256=sha256,
                size_bytes=9,
                media_type="application/octet-stream",
                meta=compacted,
            )
            store.append(claim.shard_id, claim.token, [saved], len(series))
        store.finish(claim.shard_id, claim.token)
    return run.id


def test_an_empty_lab_is_invited_to_measure(client: httpx.Client, store: Store) -> None:
    text = page(client, "/hardware")
    assert "No measurements yet" in text
    assert 'action="/presets/hardware-lenet/run"' in text
    assert 'aria-current="page">Hardware' in text
    answer = client.post("/presets/hardware-lenet/run", headers=HTML, follow_redirects=False)
    assert answer.status_code == 303
    assert store.run(answer.headers["location"].rsplit("/", 1)[1]).kind == "hardware"


def test_the_newest_run_with_something_to_show_is_shown(client: httpx.Client, store: Store) -> None:
    older, newer = written(store, "older"), written(store, "newer")
    written(store, "not begun", start=False)
    text = page(client, "/hardware")
    assert f'data-run="{newer}"' in text
    assert "On <strong>A Processor</strong>" in text
    assert re.findall(r'data-figure="(\w+)"', text) == ["ticket_speedup", "speedup_vs_density", "memory_vs_density"]
    assert "This ticket (7.0\xa0% of the weights), inference, batch 60: " in unmarked(text)
    assert "CSR breaks even at" in unmarked(text)
    assert re.search(r">not begun</a>.*, queued<", text)
    assert f'data-run="{older}"' in page(client, f"/hardware?run={older}")


def test_a_ticket_whose_run_was_purged_is_not_passed_off_as_whole(client: httpx.Client, store: Store) -> None:
    unknown = "whether the ticket has collapsed is not known"
    trained = store.create_run(PRESETS["digits-tickets"].spec, name="tickets").id
    store.cancel_run(trained)
    timed = written(store, ticket=f"{trained}:0:1")
    assert unknown not in unmarked(page(client, f"/hardware?run={timed}"))
    store.bin_run(trained)
    store.purge_run(trained)
    again = written(store, ticket=f"{trained}:0:1")
    text = unmarked(page(client, f"/hardware?run={again}"))
    assert f"The run of this ticket was deleted, so {unknown}" in text


def test_a_collapse_that_was_saved_with_the_timing_stays_known(client: httpx.Client, store: Store, hand: Hand) -> None:
    trained = hand.run(start=False).id
    store.cancel_run(trained)
    saved = '{"empty": ["fc1", "fc2"], "cut": "fc1", "since": 1}'
    cut = written(store, ticket=f"{trained}:0:2", compacted={"collapsed": saved})
    whole_one = written(store, ticket=f"{trained}:0:1", compacted={"collapsed": "null"})
    store.bin_run(trained)
    store.purge_run(trained)
    text = unmarked(page(client, f"/hardware?run={cut}"))
    assert (
        "No speed-up is claimed for this ticket. Layer collapse at level 2 in fc1 and fc2 (first collapse: level 1)."
        in text
    )
    text = unmarked(page(client, f"/hardware?run={whole_one}"))
    assert "This ticket (7.0\xa0% of the weights), inference, batch 60: " in text
    assert "was deleted" not in text
    text = unmarked(page(client, f"/compare?runs={cut},{whole_one}")).replace("\xa0", " ")
    assert "Layer collapse: " in text
    assert "these measurements are not counted, as layer collapse leaves a constant output" in text
    csv = client.get(f"/api/v1/compare/figures/compared_ticket?runs={cut},{whole_one}&format=csv").text.splitlines()
    assert {line.split(",")[2] for line in csv[1:]} == {f"{trained}:0:1"}


def test_the_page_of_a_run_leads_to_the_page_hardware(client: httpx.Client, store: Store, hand: Hand) -> None:
    run = written(store)
    text = page(client, f"/runs/{run}")
    assert f'<a class="btn" href="/hardware?run={run}">Show on Hardware</a>' in text
    assert f'data-run="{run}"' in page(client, f"/hardware?run={run}")
    assert "/hardware?run=" not in page(client, f"/runs/{hand.run().id}")


def test_only_kinds_that_save_tickets_speak_of_them(client: httpx.Client, store: Store, hand: Hand) -> None:
    assert "None saved" not in page(client, f"/runs/{written(store)}?tab=spec")
    waiting = hand.run(start=False).id
    assert "None saved yet: the first is saved when" in page(client, f"/runs/{waiting}?tab=spec")
    store.cancel_run(waiting)
    assert "None saved: no dense network was trained to its end." in page(client, f"/runs/{waiting}?tab=spec")


def test_an_address_of_another_run_shows_none(client: httpx.Client, store: Store, hand: Hand) -> None:
    written(store, "measured")
    for other in ("0000000000", hand.run().id):
        assert client.get(f"/hardware?run={other}", headers=HTML).status_code == 404


def test_what_a_run_does_not_time_has_no_figure(client: httpx.Client, store: Store) -> None:
    of_ticket, of_layers = written(store, layers=[]), written(store, ticket="")
    assert re.findall(r'data-figure="(\w+)"', page(client, f"/runs/{of_ticket}")) == ["ticket_speedup"]
    assert re.findall(r'data-figure="(\w+)"', page(client, f"/runs/{of_layers}")) == [
        "speedup_vs_density", "memory_vs_density",
    ]  # fmt: skip
    assert re.findall(r'data-tab="(\w+)"', page(client, f"/runs/{of_layers}")) == ["hardware", "spec", "log"]


def test_layer_mode_and_batch_are_chosen_where_there_is_a_choice(client: httpx.Client, store: Store) -> None:
    text = page(client, f"/runs/{written(store)}?tab=hardware&layer=300x100&mode=training")
    card = text.split('id="figure-speedup_vs_density"')[1].split("</form>")[0]
    assert re.findall(r'<option value="([^"]*)"( selected)?', card) == [
        ("inference", ""), ("training", " selected"), ("784x300", ""), ("300x100", " selected"),
    ]  # fmt: skip
    assert '<input type="hidden" name="batch" value="">' in card
    assert "Training of 300×100, batch 60, on A Processor" in card
    # An address that names what is not there counts as not chosen.
    assert "Inference of 784×300" in page(client, f"/runs/{written(store)}?tab=hardware&layer=1x1")


def test_rows_are_served_by_series(client: httpx.Client, store: Store) -> None:
    run = written(store)
    columns = client.get(f"/api/v1/runs/{run}/series?name=hardware&storage_format=csr").json()["columns"]
    assert set(columns["storage_format"]) == {"csr"}
    assert client.get(f"/api/v1/runs/{run}/series?name=speedup").status_code == 200


def test_a_ticket_leads_to_its_own_measurement(client: httpx.Client, hand: Hand) -> None:
    run = hand.run()
    for level, accuracy in ((0, 0.9), (1, 0.9), (2, 0.5)):
        hand.outcome(level, 0.5**level, accuracy)
    link = f"/new?kind=hardware&ticket={run.id}%3A0%3A2"
    assert f'<a href="{link}">Is this ticket faster?</a>' in page(client, f"/runs/{run.id}?tab=curves")
    form = page(client, link)
    assert re.search(rf'name="ticket" value="{run.id}:0:2"', form)
    assert re.search(r'name="layers" value=""', form)
    assert "1 ticket × 2 modes × 1 batch size × 5 formats" in form
