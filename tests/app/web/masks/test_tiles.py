"""Pictures of masks over HTTP: they show the run's own weights, and a browser keeps them as long as they hold."""

import io
import json
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save

from app.atlas import palettes
from app.contract.events import Started
from app.kinds.lottery.spec import LotterySpec
from app.masks import codec
from app.store import Store
from tests.app.conftest import Hand
from tests.app.masked_run import MaskedRun, write_run

SHAPES = {"conv1": (4, 2, 3, 3), "fc1": (30, 40)}
IMMUTABLE, CHECKED = "private, max-age=604800, immutable", "private, no-cache"


def address(run: MaskedRun, layer: str = "fc1") -> str:
    return f"/api/v1/runs/{run.id}/masks/{quote(layer, safe='')}/tile"


def ask(client: httpx.Client, url: str, status: int = 200, **query: Any) -> httpx.Response:
    """A tile of the whole of fc1, unless told otherwise."""
    answer = client.get(url, params={"bottom": 30, "right": 40, **query})
    assert answer.status_code == status, answer.text
    return answer


def pixels(answer: httpx.Response) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB"))


def kept(answer: httpx.Response, theme: palettes.Theme = "light") -> np.ndarray:
    """Which pixels are not paper."""
    shown: np.ndarray = (pixels(answer) != palettes.ramp((palettes.PAPER[theme],), 1)[0]).any(axis=2)
    return shown


def told(answer: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.headers["x-tile"])
    return found


def go_on(store: Store, run: MaskedRun) -> None:
    """Something happens to a run: it is asked for another level."""
    spec = store.run(run.id).spec
    assert isinstance(spec, LotterySpec)
    store.extend_run(run.id, spec.model_copy(update={"levels": spec.levels + 1}))


def test_a_picture_is_the_viewport_and_says_what_it_shows(client: httpx.Client, store: Store) -> None:
    run = write_run(store, SHAPES)
    answer = ask(client, address(run), level=1, top=4, bottom=21, left=7, right=38)
    mask = run.masks[0][1]["fc1"][4:21, 7:38]
    assert answer.headers["content-type"] == "image/png"
    assert np.array_equal(kept(answer), mask)
    about = told(answer)
    assert (about["top"], about["bottom"], about["left"], about["right"]) == (4, 21, 7, 38)
    assert (about["high"], about["wide"], about["kept"]) == (1, 1, mask.sum())
    legend = about["legend"]
    assert (legend["kind"], legend["low"], legend["high"]) == ("share", 0, 1)
    assert legend["colors"] == {theme: list(stops) for theme, stops in palettes.SEQUENTIAL.items()}
    assert legend["paper"] == palettes.PAPER


def test_a_small_place_gets_a_small_picture_that_reaches_past_the_matrix(client: httpx.Client, store: Store) -> None:
    run = write_run(store, SHAPES)
    answer = ask(client, address(run), level=2, width=12, height=7)
    about = told(answer)
    assert (about["high"], about["wide"], about["bottom"], about["right"]) == (5, 4, 30, 40)
    assert about["kept"] == run.masks[0][2]["fc1"].sum()
    assert np.array_equal(kept(answer), run.masks[0][2]["fc1"].reshape(6, 5, 10, 4).any(axis=(1, 3)))


def test_the_dark_page_gets_dark_paper(client: httpx.Client, store: Store) -> None:
    run = write_run(store, SHAPES)
    light, dark = (ask(client, address(run), level=1, theme=theme) for theme in ("light", "dark"))
    assert np.array_equal(kept(dark, "dark"), run.masks[0][1]["fc1"])
    assert kept(dark, "light").all()
    assert light.headers["etag"] != dark.headers["etag"]


def test_controls_and_other_tickets_are_shown(client: httpx.Client, store: Store) -> None:
    run = write_run(store, SHAPES, replicates=2, controls=("shuffled",))
    control = ask(client, address(run), level=2, replicate=1, control="shuffled")
    assert np.array_equal(kept(control), run.controls[1, 2, "shuffled"]["fc1"])
    one, two = (run.masks[replicate][2]["fc1"] for replicate in (0, 1))
    both = ask(client, address(run), level=2, color="difference", other=str(run.ref(1, 2)))
    assert np.array_equal(kept(both), one | two)
    assert told(both)["legend"]["kind"] == "sides"


def test_a_convolution_is_unrolled(client: httpx.Client, store: Store) -> None:
    run = write_run(store, SHAPES)
    answer = ask(client, address(run, "conv1"), level=1, bottom=4, right=18)
    assert np.array_equal(kept(answer), run.masks[0][1]["conv1"].reshape(4, 18))


@pytest.mark.parametrize("name", ["features.0.conv", "a b", "50% of #1?&x=é", "encoder.layers.10." * 5 + "fc"])
def test_a_layer_may_have_any_name(client: httpx.Client, store: Store, name: str) -> None:
    run = write_run(store, {name: (30, 40)})
    assert np.array_equal(kept(ask(client, address(run, name), level=1)), run.masks[0][1][name])


def test_a_picture_is_not_sent_twice(client: httpx.Client, store: Store) -> None:
    run = write_run(store, SHAPES)
    first = ask(client, address(run), level=1)
    again = client.get(first.url, headers={"If-None-Match": f'"other", {first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["cache-control"] == CHECKED
    changes: list[dict[str, Any]] = [
        {"level": 2}, {"width": 500}, {"left": 1}, {"rows": "degree"}, {"color": "level"},
    ]  # fmt: skip
    for change in changes:
        assert ask(client, address(run), **{"level": 1, **change}).headers["etag"] != first.headers["etag"]


def test_a_picture_is_kept_only_under_the_seq_that_the_run_has(client: httpx.Client, store: Store) -> None:
    run = write_run(store, SHAPES)
    seq = store.run(run.id).last_seq
    caching = {v: ask(client, address(run), v=v).headers["cache-control"] for v in ("", f"{seq - 1}", f"{seq}", "x")}
    assert caching == {"": CHECKED, f"{seq - 1}": CHECKED, f"{seq}": IMMUTABLE, "x": CHECKED}
    first = ask(client, address(run), v=seq)
    again = client.get(first.url, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.headers["cache-control"]) == (304, IMMUTABLE)
    go_on(store, run)
    assert ask(client, address(run), v=seq).headers["cache-control"] == CHECKED


def test_a_picture_is_not_compressed_again(client: httpx.Client, store: Store) -> None:
    run = write_run(store, {"fc1": (200, 300)})
    answer = ask(client, address(run), level=1, bottom=200, right=300)
    assert answer.request.headers["accept-encoding"].startswith("gzip")
    assert len(answer.content) > 5_000
    assert "content-encoding" not in answer.headers


class Live:
    """A run whose replicates save their masks one by one: fc1 `[3, 4]`, of which each level prunes one more column."""

    def __init__(self, store: Store) -> None:
        self.store, first = store, Hand(store)
        self.id = first.run(replicates=2, levels=3, branches=[]).id
        second, claim = Hand(store), store.claim("cpu", "second")
        assert claim is not None
        second.claim = claim
        layers = store.run(self.id).provenance
        started = Started(replicate=1, attempt=1, worker="second", plan=layers, provenance=layers)
        store.start(claim.shard_id, claim.token, started)
        self.hands = (first, second)

    def save(self, replicate: int, level: int) -> None:
        bits = [codec.pack(np.arange(4) >= max(0, n) * np.ones((3, 1))) for n in (level - 1, level)]
        self.hands[replicate].save("mask", save({"fc1.weight": codec.encode(bits[1], bits[0])}), level)

    def ask(self, client: httpx.Client, **query: Any) -> httpx.Response:
        url = f"/api/v1/runs/{self.id}/masks/fc1/tile"
        return ask(client, url, **{"bottom": 3, "right": 4, "replicate": 0, **query})


def test_the_levels_look_otherwise_once_another_has_arrived(client: httpx.Client, store: Store) -> None:
    live = Live(store)
    live.save(0, 0)
    live.save(0, 1)
    first = live.ask(client, level=1, color="level")
    assert told(first)["legend"]["high"] == 2
    live.save(0, 2)
    again = client.get(first.url, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, told(again)["legend"]["high"]) == (200, 3)
    assert again.headers["etag"] != first.headers["etag"]
    # Columns die at level 1, and now at 2; the others live on.
    colors = [tuple(color) for color in pixels(again)[0].tolist()]
    assert len(set(colors)) == 3
    assert colors[2] == colors[3]
    assert len({tuple(color) for color in pixels(first)[0].tolist()}) == 2


def test_the_replicates_look_otherwise_once_another_has_arrived(client: httpx.Client, store: Store) -> None:
    live = Live(store)
    live.save(0, 0)
    first = live.ask(client, color="replicates")
    assert (told(first)["legend"]["high"], told(first)["legend"]["title"][-6:]) == (1, "(of 1)")
    live.save(1, 0)
    again = client.get(first.url, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 200
    assert again.headers["etag"] != first.headers["etag"]
    assert (told(again)["legend"]["high"], told(again)["legend"]["title"][-6:]) == (2, "(of 2)")


def test_a_difference_looks_otherwise_once_the_other_run_has_changed(client: httpx.Client, store: Store) -> None:
    run, other = write_run(store, SHAPES), write_run(store, SHAPES, seed=1)
    first = ask(client, address(run), level=1, color="difference", other=str(other.ref(0, 1)))
    go_on(store, other)
    assert client.get(first.url).headers["etag"] != first.headers["etag"]


@pytest.mark.parametrize(
    ("viewport", "words"),
    [
        ({"bottom": 31}, "rows 0 to 31 are not part of the 30 rows"),
        ({"top": -1}, "rows -1 to 30"),
        ({"top": 30}, "rows 30 to 30"),
        ({"bottom": 10**30}, "rows 0 to 1" + "0" * 30),
        ({"right": 41}, "columns 0 to 41 are not part of its 40 columns"),
        ({"left": 9, "right": 8}, "columns 9 to 8"),
        ({"left": -5}, "columns -5 to 40"),
        ({"width": 0}, "width and height must lie between 1 and 4096"),
        ({"height": 4097}, "width and height must lie between 1 and 4096"),
    ],
)
def test_a_viewport_that_is_not_there_is_refused(
    client: httpx.Client, store: Store, viewport: dict[str, int], words: str
) -> None:
    answer = ask(client, address(write_run(store, SHAPES)), 400, **viewport)
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"]
    assert "immutable" not in answer.headers.get("cache-control", "")


@pytest.mark.parametrize(
    "query",
    [
        *({"color": color, **place} for color in ("mask", "level", "replicates", "trained", "flips", "difference")
          for place in ({"level": 9}, {"replicate": 9}, {"level": 1, "control": "shuffled", "draw": 1},
                        {"level": 1, "control": "nobody"})),
        *({"color": color, "level": 1, "control": "shuffled"} for color in ("initial", "trained", "moved", "flips")),
        {"color": "difference", "other": "0000000000:0:0"},
        {"color": "mask", "rows": "degree", "level": 9},
    ],
)  # fmt: skip
def test_what_is_not_saved_is_not_found(client: httpx.Client, store: Store, query: dict[str, Any]) -> None:
    run = write_run(store, SHAPES, controls=("shuffled",))
    answer = ask(client, address(run), 404, **query)
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_unknown_layer_or_run_is_not_found(client: httpx.Client, store: Store) -> None:
    run = write_run(store, SHAPES)
    assert "its layers are conv1, fc1" in ask(client, address(run, "fc9"), 404).json()["detail"]
    assert ask(client, "/api/v1/runs/0000000000/masks/fc1/tile", 404).json()["status"] == 404


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ({"colour": "mask"}, "colour"),
        ({"color": "red"}, "color"),
        ({"theme": "sepia"}, "theme"),
        ({"rows": "random"}, "rows"),
        ({"bottom": "all"}, "bottom"),
        ({"level": -1}, "level"),
        ({"control": "x" * 41}, "control"),
        ({"other": "nonsense"}, "other"),
        ({"other": "06f3k2m9qa:0"}, "other"),
        ({"color": "difference", "other": "a:0:1:shuffled"}, "other"),
    ],
)
def test_a_bad_field_is_named(client: httpx.Client, store: Store, query: dict[str, Any], path: str) -> None:
    answer = ask(client, address(write_run(store, SHAPES)), 422, **query)
    assert [error["path"] for error in answer.json()["errors"]] == [path]


def test_tickets_of_other_shapes_cannot_be_compared(client: httpx.Client, store: Store) -> None:
    run, other = write_run(store, SHAPES), write_run(store, {"conv1": (4, 2, 3, 3), "fc1": (30, 41)})
    answer = ask(client, address(run), 422, color="difference", other=str(other.ref()))
    assert answer.json()["errors"] == [
        {
            "path": "other",
            "message": f"the layers of “masked” ({run.id}) and “masked” ({other.id}) cannot be paired: no layer of the "
            "other has the shape of fc1 (30×40); it has fc1 (30×41) instead",
        }
    ]
