"""Columns of the board: fields that differ come by themselves, others are chosen; each kept in the link."""

import re

import httpx
import pytest

from app.kinds.lottery.spec import LotterySpec
from app.kinds.presets import PRESETS
from app.search.facts import Fact
from app.store import Store
from app.web.board.columns import MOST, cells, chosen, column, differing, offered
from tests.app.reading import unmarked
from tests.app.web.sound import HTML


def test_fields_that_differ_come_by_themselves_components_first() -> None:
    facts = {
        "a": [Fact("kind", text="x"), Fact("steps", 10.0), Fact("optimizer", text="adam"), Fact("optimizer.lr", 0.1)],
        "b": [Fact("kind", text="y"), Fact("steps", 10.0), Fact("optimizer", text="sgd"), Fact("optimizer.lr", 0.2)],
        "c": [Fact("kind", text="y"), Fact("width", 64.0), Fact("optimizer", text="adam")],
    }
    shown = differing(facts)
    # All with a number of steps have the same; one run alone has a width; the kind has a column anyway.
    assert [each.path for each in shown] == ["optimizer", "optimizer.lr"]
    assert [cells(shown, facts[run]) for run in "abc"] == [("adam", "0.1"), ("sgd", "0.2"), ("adam", "")]
    many = {run: [Fact(f"f{i}", float(i + n)) for i in range(2 * MOST)] for n, run in enumerate("ab")}
    assert len(differing(many)) == MOST


def test_columns_are_chosen_by_path_or_by_a_name_that_is_clear() -> None:
    facts = {
        "a": [Fact("steps", 10.0), Fact("optimizer.lr", 0.1), Fact("optimizer.beta", 0.9), Fact("optimizer.beta", 0.99)]
    }
    assert [each.path for each in chosen("steps,nonsense,optimizer.beta,steps", facts)] == ["steps", "optimizer.beta"]
    assert cells([column("optimizer.beta")], facts["a"]) == ("0.9, 0.99",)
    assert [each.path for each in offered([column("steps")], facts)] == ["steps", "optimizer.lr", "optimizer.beta"]
    assert column("weight_decay").path == "optimizer.weight_decay"


def _cells(client: httpx.Client, name: str, address: str) -> list[str]:
    text = unmarked(client.get(address, headers=HTML).text)
    row = next(each for each in re.findall(r"<tr id=\"run-.*?</tr>", text, re.S) if f">{name}</a>" in each)
    return re.findall(r'<td title="[^"]*" class="field[^>]*>([^<]*)</td>', row)


def test_the_board_shows_them_sorts_by_them_and_keeps_them_in_its_links(client: httpx.Client, store: Store) -> None:
    spec = PRESETS["digits-tickets"].spec

    def lottery(name: str, lr: float, levels: int) -> None:
        changes = {"optimizer": {"kind": "adam", "lr": lr}, "levels": levels}
        store.create_run(LotterySpec.model_validate({**spec.model_dump(mode="json"), **changes}), name=name)

    lottery("small", 0.002, 4)
    lottery("large", 0.03, 4)
    lottery("middle", 0.01, 4)
    assert _cells(client, "large", "/") == ["0.03"]
    assert _cells(client, "large", "/?columns=levels&columns=optimizer.lr") == ["4", "0.03"]
    assert _cells(client, "large", "/?columns=levels,steps") == ["4", "1000"]
    for sort, order in (
        ("optimizer.lr", ["small", "middle", "large"]),
        ("-lr", ["large", "middle", "small"]),
    ):
        text = client.get("/", params={"sort": sort, "columns": "optimizer.lr"}, headers=HTML).text
        assert re.findall(r'class="name" href="[^"]*">(\w+)<', text) == order
        links = re.findall(r'href="(/\?[^"]*state=finished[^"]*)"', text)
        assert links
        assert all(f"sort={sort}" in link and "columns=optimizer.lr" in link for link in links)
    text = client.get("/?rows=comfortable", headers=HTML).text
    assert 'class="card runs wide comfortable' in text
    assert "rows=comfortable" in text
    assert "all Lottery tickets · digits · lenet_300_100" in unmarked(text)


def test_presets_stand_on_the_board_until_there_is_a_run_and_on_the_form_always(
    client: httpx.Client, store: Store
) -> None:
    assert 'class="presets"' in client.get("/", headers=HTML).text
    store.create_run(PRESETS["digits-tickets"].spec, name="first")
    assert 'class="presets"' not in client.get("/", headers=HTML).text
    for kind in ("lottery", "erasure"):
        text = client.get("/new", params={"kind": kind}, headers=HTML).text
        names = [name for name, preset in PRESETS.items() if preset.spec.kind == kind]
        assert re.findall(r'action="/presets/([^"]+)/run"', text) == names[:3]
        assert re.findall(r'class="btn" href="/new\?preset=([^"]+)"', text) == names[3:]
    assert 'class="presets"' not in client.get("/new?preset=lenet-quick", headers=HTML).text


@pytest.mark.parametrize(
    ("mean", "sd", "text"),
    [
        (1166.6667, 683.1, "1167 ± 683"),
        (0.97123, 0.0119, "0.971 ± 0.012"),
        (0.00206667, 0.00092, "0.00207 ± 0.00092"),
        (0.02, 0.0, "0.02 ± 0"),
        (3e-8, 2e-9, "3e-08 ± 2e-09"),
        (0.5, None, "0.5"),
    ],
)
def test_a_mean_ends_where_its_spread_does(mean: float, sd: float | None, text: str) -> None:
    assert column("optimizer.lr").spread(mean, sd) == text
