"""The page of a run's masks, as it is without any script: its words and numbers are the run's own."""

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import numpy as np
import pytest
from safetensors.numpy import save

from app.masks import codec
from app.plotting import words
from app.store import Store
from tests.app.conftest import Hand
from tests.app.masked_run import MaskedRun, write_run
from tests.app.reading import unmarked
from tests.app.web.sound import HTML, sound

SHAPES = {"conv1": (4, 2, 3, 3), "fc1": (30, 40), "fc2": (5, 30)}


def ask(client: httpx.Client, run_id: str, **query: Any) -> str:
    answer = client.get(f"/runs/{run_id}", params={"tab": "masks", **query}, headers=HTML)
    assert answer.status_code == 200
    sound(answer.text)
    return answer.text


def text(markup: str) -> str:
    return " ".join(unescape(re.sub("<[^>]*>", " ", unmarked(markup))).split())


def cards(page: str) -> dict[str, str]:
    """The cards of the strip, by layer."""
    found = re.findall(r'<a class="layer"[^>]*data-layer="([^"]*)".*?</a>', page, re.DOTALL)
    whole = re.findall(r'<a class="layer".*?</a>', page, re.DOTALL)
    return dict(zip(map(unescape, found), whole, strict=True))


def form(page: str) -> str:
    """The form around the matrix; the figures below it have controls of their own."""
    (found,) = re.findall(r'<form class="atlas".*?</form>', page, re.DOTALL)
    return str(found)


def chosen(page: str, name: str) -> str:
    """What a select of the form stands at."""
    (options,) = re.findall(rf'<select name="{name}">(.*?)</select>', form(page), re.DOTALL)
    (value,) = re.findall(r'<option value="([^"]*)"[^>]* selected', options)
    return unescape(value)


def standing(page: str) -> tuple[str, str, str]:
    """The replicate, level and layer that are shown."""
    (level,) = re.findall(r'<input type="range" name="level"[^>]* value="(\d+)"', form(page))
    (layer,) = re.findall(r'<input type="hidden" name="layer" value="([^"]*)"', form(page))
    return chosen(page, "replicate"), level, unescape(layer)


def sparse(seed: int = 4) -> list[dict[str, np.ndarray]]:
    """Levels of which the last cuts off inputs and units."""
    random = np.random.default_rng(seed)
    return [{name: random.random(shape) < share for name, shape in SHAPES.items()} for share in (2, 0.3, 0.05)]


def dead(mask: np.ndarray) -> list[str]:
    """Dead inputs and units in words, counted one by one."""
    inputs = sum(not mask[:, channel].any() for channel in range(mask.shape[1]))
    units = sum(not unit.any() for unit in mask)
    return [f"{n} {noun}{'' if n == 1 else 's'}" for n, noun in ((inputs, "dead input"), (units, "dead unit")) if n]


@pytest.mark.parametrize("level", [0, 1, 2])
def test_the_strip_has_the_counts_of_every_layer(client: httpx.Client, store: Store, level: int) -> None:
    masks = [sparse(), sparse(5)]
    run = write_run(store, SHAPES, replicates=2, masks=masks)
    page = ask(client, run.id, replicate=1, level=level)
    strip = cards(page)
    assert list(strip) == list(SHAPES)
    for name, card in strip.items():
        mask = masks[1][level][name]
        assert f"{mask.sum():,} of {mask.size:,}" in text(card)
        assert " × ".join(map(str, mask.shape)) in text(card)
        assert words.density(mask.mean()) in text(card)
        assert (dead(mask) or ["no dead inputs or units"]) == re.findall(r'"dead">(.*?)<', card)[0].split(" · ")
        (share,) = re.findall(r'<progress class="bar" max="1" value="([^"]*)"', card)
        assert float(share) == mask.mean()
    assert any(dead(mask) for mask in masks[1][2].values())
    kept = sum(mask.sum() for mask in masks[1][level].values()) / sum(mask.size for mask in masks[1][level].values())
    assert f"{level} of 2 · {words.density(kept)} kept" in text(page)
    assert f"At level {level} the ticket keeps {words.density(kept)} of the weights" in text(page)


def test_a_layer_that_lost_everything_says_so(client: httpx.Client, store: Store) -> None:
    full = {name: np.ones(shape, bool) for name, shape in SHAPES.items()}
    run = write_run(store, SHAPES, levels=1, masks=[[full, {**full, "fc2": np.zeros((5, 30), bool)}]])
    page = ask(client, run.id)
    assert "nothing kept 0 of 150 30 dead inputs · 5 dead units" in text(cards(page)["fc2"])
    assert "Counted layer by layer, 30 inputs and 5 units have no weights left." in text(page)


def test_the_address_chooses_what_is_shown(client: httpx.Client, store: Store) -> None:
    run = write_run(store, SHAPES, replicates=2)
    assert standing(ask(client, run.id)) == ("0", "2", "conv1")
    page = ask(client, run.id, replicate=1, level=1, layer="fc1", color="moved", rows="degree", columns="cluster")
    assert standing(page) == ("1", "1", "fc1")
    assert [chosen(page, name) for name in ("color", "rows", "columns")] == ["moved", "degree", "cluster"]
    assert 'data-rows="30" data-columns="40" data-kernel="1"' in page
    assert re.findall(r'data-layer="([^"]*)" aria-current="true"', page) == ["fc1"]
    assert f'href="/api/v1/runs/{run.id}/tickets/1/1"' in page
    # The links of the strip choose another layer and keep the rest.
    for name, card in cards(page).items():
        (href,) = re.findall(r'href="([^"]*)"', card)
        other = client.get(unescape(href), headers=HTML).text
        assert standing(other) == ("1", "1", name)
        assert chosen(other, "color") == "moved"


@pytest.mark.parametrize(
    "query",
    [
        {"replicate": "9", "level": "9", "layer": "fc9"},
        {"replicate": "-1", "level": "-1", "unit": "-1"},
        {"replicate": "x", "level": "1.5", "layer": "", "unit": "999"},
        {"replicate": "9" * 5_000, "level": "9" * 20, "unit": "9" * 7},
        {"level": "²", "replicate": "１", "color": "red", "rows": "up", "columns": "down", "mode": "nothing"},
        {"color": "difference", "other": "no address"},
        {"color": '"><script>alert(1)</script>', "layer": '"><script>alert(1)</script>', "other": '"><script>'},
    ],
)
def test_nonsense_counts_as_not_given(client: httpx.Client, store: Store, query: dict[str, str]) -> None:
    run = write_run(store, {"conv1": (4, 2, 3, 3)})
    page = ask(client, run.id, **query)
    assert standing(page) == ("0", "2", "conv1")
    assert [chosen(page, name) for name in ("color", "rows", "columns")] == ["mask", "natural", "natural"]
    assert "selected" not in re.findall(r'<select name="other">(.*?)</select>', page, re.DOTALL)[0]
    assert "<script>alert" not in page


def test_a_level_that_the_other_replicate_has_counts_as_not_given(client: httpx.Client, store: Store) -> None:
    run = write_run(store, SHAPES, replicates=2, masks=[sparse(), sparse()[:2]])
    assert standing(ask(client, run.id, replicate=1, level=2))[:2] == ("1", "1")


def test_other_tickets_can_be_chosen_of_this_run_and_of_any(client: httpx.Client, store: Store) -> None:
    run, other = write_run(store, SHAPES, controls=("shuffled",)), write_run(store, SHAPES)
    page = ask(client, run.id, level=1)
    (options,) = re.findall(r'<select name="other">(.*?)</select>', page, re.DOTALL)
    addresses = [f"{run.id}:0:{rest}" for rest in ("0", "1:shuffled:0", "2:shuffled:0", "2")]
    assert sorted(re.findall('value="([^"]*)"', options)) == sorted(["", *addresses])
    for address in (addresses[1], str(other.ref(0, 2))):
        assert chosen(ask(client, run.id, level=1, other=address), "other") == address


def test_a_control_is_chosen_by_name_in_links_of_before_too(client: httpx.Client, store: Store) -> None:
    run = write_run(store, SHAPES, controls=("shuffled",))
    pages = [ask(client, run.id, level=1, **{name: "shuffled:0"}) for name in ("control", "branch")]
    for page in pages:
        assert chosen(page, "control") == "shuffled:0"
    assert chosen(ask(client, run.id, level=1, control="", branch="reinit:0"), "control") == ""


def pictures(page: str) -> list[str]:
    """Addresses of all pictures of the page, those for readers without scripts too."""
    found = re.findall(r'(?:src|srcset)="(/api/v1/[^"]*/tile[^"]*)"', page)
    return [unescape(address) for address in found]


@pytest.mark.parametrize("names", [("conv1", "fc1"), ("features.0.conv", "50% of #1?&x=é")])
def test_every_picture_of_the_page_is_there(client: httpx.Client, store: Store, names: tuple[str, str]) -> None:
    run = write_run(store, {names[0]: (4, 2, 3, 3), names[1]: (30, 40)})
    page = ask(client, run.id, layer=names[1])
    assert len(pictures(page)) == 6  # the matrix and two layers, in two themes each
    for address in pictures(page):
        answer = client.get(address)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
        assert answer.headers["cache-control"].endswith("immutable")
    assert list(cards(page)) == list(names)


def first_picture(page: str) -> tuple[dict[str, list[str]], bool]:
    """What the picture of the matrix is asked by, and whether it is for readers without scripts only."""
    (before, address) = re.findall(r'(<noscript>)?<picture>(?:<source[^>]*>)?<img class="first" src="([^"]*)"', page)[0]
    return parse_qs(urlsplit(unescape(address)).query, keep_blank_values=True), bool(before)


def test_the_picture_of_the_whole_layer_comes_with_the_page(client: httpx.Client, store: Store) -> None:
    run = write_run(store, SHAPES, controls=("shuffled",))
    query = {"layer": "fc1", "level": 1, "control": "shuffled:0", "color": "level", "rows": "degree"}
    shown, without_script = first_picture(ask(client, run.id, **query))
    assert not without_script
    wanted = {
        "control": "shuffled",
        "draw": "0",
        "level": "1",
        "color": "level",
        "rows": "degree",
        "columns": "natural",
    }
    assert {name: value for name, (value,) in shown.items() if name in wanted} == wanted
    assert (shown["bottom"], shown["right"]) == (["30"], ["40"])
    assert "control" not in first_picture(ask(client, run.id))[0]
    # Of two tickets, or a part of one, the script shows the first picture.
    for more in ({"other": f"{run.id}:0:2"}, {"view": "0,3,0,3"}):
        assert first_picture(ask(client, run.id, **more))[1]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_of_the_page_has_the_theme_that_is_chosen(client: httpx.Client, store: Store, theme: str) -> None:
    run = write_run(store, SHAPES)
    cookie = {**HTML, "cookie": f"theme={theme}"}
    page = client.get(f"/runs/{run.id}", params={"tab": "masks"}, headers=cookie).text
    assert first_picture(page)[0]["theme"] == [theme]
    assert "prefers-color-scheme" not in page


def masked(store: Store) -> MaskedRun:
    return write_run(store, SHAPES, masks=[sparse()])


def test_the_unit_is_the_busiest_unless_chosen(client: httpx.Client, store: Store) -> None:
    run = masked(store)

    def unit(**query: Any) -> int:
        (value,) = re.findall(r'name="unit" value="(\d+)"', ask(client, run.id, layer="fc1", **query))
        return int(value)

    assert unit() == run.masks[0][2]["fc1"].sum(axis=1).argmax()
    assert unit(unit=29) == 29
    assert unit(unit=30) == unit()


def test_masks_whose_sums_have_not_come_yet_are_shown(client: httpx.Client, hand: Hand) -> None:
    run = hand.run()
    full = {"fc1.weight": codec.full(3, 4), "fc2.weight": codec.full(2, 3)}
    hand.save("mask", save({key: codec.encode(bits, bits) for key, bits in full.items()}))
    page = ask(client, run.id, layer="fc2")
    assert standing(page) == ("0", "0", "fc2")
    assert all(client.get(address).status_code == 200 for address in pictures(page))


def test_a_run_without_masks_says_what_will_happen(client: httpx.Client, store: Store, hand: Hand) -> None:
    run = hand.run()
    page = ask(client, run.id, level=1, layer="fc1")
    assert "Masks appear here as soon as the first network trains." in text(page)
    assert 'id="matrix-a"' not in page
    store.cancel_run(run.id)
    store.cancelled(hand.claim.shard_id, hand.claim.token)
    assert "This run has saved no masks." in text(ask(client, run.id))


def test_the_shape_is_said_in_words(client: httpx.Client, store: Store) -> None:
    run = masked(store)
    assert "30 output units down, 40 inputs across." in text(ask(client, run.id, layer="fc1"))
    assert (
        "4 output channels down, 2 input channels across, each unrolled into the 9 positions of its 3×3 kernel"
    ) in text(ask(client, run.id, layer="conv1"))
