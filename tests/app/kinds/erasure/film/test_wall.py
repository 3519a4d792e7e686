"""The film wall as HTML: what the address asks for, the words of every training, pictures that are there."""

import re
from html import unescape
from typing import Any

import httpx
import numpy as np
import pytest

from app.kinds.erasure.key import IMAGES, Image
from app.kinds.erasure.spec import Cell
from app.store import Store
from tests.app.conftest import Hand
from tests.app.erased_run import ErasedRun, erasure_spec, write_run
from tests.app.reading import unmarked
from tests.app.web.sound import HTML, sound


def ask(client: httpx.Client, run: str, **query: Any) -> str:
    answer = client.get(f"/runs/{run}", params={"tab": "film", **query}, headers=HTML)
    assert answer.status_code == 200
    sound(answer.text)
    return answer.text


def shots(page: str) -> dict[tuple[str, str, str], str]:
    """The HTML of every training by optimizer, learning rate and image."""
    matches = re.findall(
        r'<figure class="shot[^"]*" data-optimizer="(\w+)" data-lr="([\d.]+)" data-image="(\w+)"(.*?)</figure>',
        page,
        re.DOTALL,
    )
    return {(optimizer, lr, image): html for optimizer, lr, image, html in matches}


def text(html: str) -> str:
    return " ".join(unescape(re.sub("<[^>]*>", " ", unmarked(html))).split())


def pictures(page: str) -> list[str]:
    return [unescape(address) for address in re.findall(r'<img src="(/api/v1/[^"]*)"', page)]


def standing(page: str) -> dict[str, str]:
    """What the controls say."""
    ticked = dict(re.findall(r'<input type="radio" name="(\w+)" value="(\w+)" checked', page))
    boxes = dict.fromkeys(re.findall(r'<input type="checkbox" name="(\w+)" value="1" checked', page), "1")
    selects = re.findall(r'<select name="(\w+)">(.*?)</select>', page, re.DOTALL)
    chosen = {name: re.findall(r'value="(\d+)" selected', options)[0] for name, options in selects}
    return {**ticked, **boxes, **chosen}


def test_it_is_the_first_tab_of_an_erasure_run_and_of_no_other(client: httpx.Client, store: Store, hand: Hand) -> None:
    (run,) = write_run(store)
    page = client.get(f"/runs/{run.id}", headers=HTML).text
    assert re.findall('data-tab="([a-z]+)"', page)[0] == "film"
    assert 'id="film"' in page
    other = client.get(f"/runs/{hand.run().id}?tab=film", headers=HTML).text
    assert 'data-tab="film"' not in other
    assert 'id="film"' not in other


def test_every_training_says_how_it_ended(client: httpx.Client, store: Store) -> None:
    (run,) = write_run(store, diverge={("sgd", 1): 40})
    page = ask(client, run.id)
    found = shots(page)
    assert list(found) == [(cell.optimizer, str(cell.lr), cell.image) for cell in run.cells]
    ends = []
    for cell in run.cells:
        said = text(found[cell.optimizer, str(cell.lr), cell.image])
        if cell == (16, "picture", "sgd", 1.0):
            assert said.endswith("diverged at step 40")
            assert "step 32" not in said
            continue
        row = run.rows[cell, 100]
        assert f"step 100 {100 * row['test_accuracy']:.1f} %" in said
        if not cell.marked:
            assert said.endswith("twin")
        else:
            fate = " · erased" if 0.45 <= row["visibility"] <= 0.55 else ""
            assert said.endswith(f"AUC {row['visibility']:.2f}{fate}")
            ends.append(bool(fate))
    assert f"Replicate 0: {sum(ends)} of {len(ends)} finished trainings erased the picture" in text(page)
    assert "1 diverged." in text(page)


def test_every_picture_is_that_of_the_last_frame_and_is_there(client: httpx.Client, store: Store) -> None:
    (run,) = write_run(store, diverge={("sgd", 1): 40})
    page = ask(client, run.id, show="movement", scale="frame")
    assert len(pictures(page)) == len(run.cells) - 1
    for address in pictures(page):
        assert "step=100&show=movement&scale=frame" in address
        assert client.get(address).headers["content-type"] == "image/png"


def test_the_address_chooses_what_is_shown(client: httpx.Client, store: Store) -> None:
    runs = write_run(store, {"sgd": (0.1,)}, widths=(8, 16), replicates=2, steps=10)
    first = ask(client, runs[0].id)
    assert standing(first) == {"show": "weights", "scale": "fixed", "align": "step", "replicate": "0", "width": "8"}
    query = {
        "show": "movement", "scale": "frame", "align": "loss", "replicate": "1", "width": "16", "twins": "1",
        "large": "1",
    }  # fmt: skip
    page = ask(client, runs[0].id, **query)
    assert standing(page) == query
    assert "16 × 16 entries" in text(page)
    assert "Replicate 1:" in text(page)
    shown = {re.findall(r"width=(\d+)&image=(\w+)", address)[0] for address in pictures(page)}
    assert shown == {("16", "picture"), ("16", "none")}
    assert all("replicate=1" in address for address in pictures(page))


@pytest.mark.parametrize(
    "query",
    [
        {"replicate": "9", "width": "17", "show": "gradient", "scale": "log", "align": "time"},
        {"replicate": "-1", "width": "x", "at": "NaN", "cell": "sgd"},
        {"replicate": "9" * 5_000, "width": "１６", "twins": "yes", "large": "on"},
        {"show": '"><script>alert(1)</script>', "cell": '"><script>alert(1)</script>', "at": "<b>"},
    ],
)
def test_nonsense_counts_as_not_given(client: httpx.Client, store: Store, query: dict[str, str]) -> None:
    (run,) = write_run(store, {"sgd": (0.1,)}, steps=10)
    page = ask(client, run.id, **query)
    assert standing(page) == {"show": "weights", "scale": "fixed", "align": "step"}
    assert "<script>alert" not in page


def test_before_the_first_frame_every_training_waits(client: httpx.Client, store: Store) -> None:
    run = store.create_run(erasure_spec(), name="queued")
    page = ask(client, run.id)
    assert {text(html).rpartition(" ")[2] for html in shots(page).values()} == {"waiting"}
    assert "Replicate 0: 3 trainings remaining." in text(page)
    assert pictures(page) == []


def test_rates_rise_from_left_to_right_however_they_came(client: httpx.Client, store: Store) -> None:
    run = store.create_run(erasure_spec({"sgd": (1.0, 0.25, 0.5), "adam": (0.1, 0.01)}), name="extended")
    found = shots(ask(client, run.id))
    assert [(optimizer, lr) for optimizer, lr, image in found if image == "picture"] == [
        ("sgd", "0.25"), ("sgd", "0.5"), ("sgd", "1.0"), ("adam", "0.01"), ("adam", "0.1"),
    ]  # fmt: skip


def test_a_stopped_run_does_not_promise_anything(client: httpx.Client, store: Store) -> None:
    run = ErasedRun(store, erasure_spec(twins=False))
    run.train(run.cells[0])
    run.frame(run.cells[1], 0)
    store.cancel_run(run.id)
    run.stop()
    page = ask(client, run.id)
    assert text(shots(page)["adam", "0.01", "picture"]).endswith("never trained")
    assert "2 stopped before their end." in text(page)


def test_pairs_are_told_from_their_twins(client: httpx.Client, store: Store) -> None:
    run = ErasedRun(store, erasure_spec({"sgd": (0.1, 0.2, 0.3)}))
    ends: dict[tuple[Image, float], float] = {
        ("picture", 0.1): 0.95, ("none", 0.1): 0.96, ("picture", 0.2): 0.90, ("none", 0.2): 0.88,
        ("picture", 0.3): 0.97,
    }  # fmt: skip
    for (image, lr), accuracy in ends.items():
        cell = Cell(16, image, "sgd", lr)
        run.frame(cell, 100, test_accuracy=accuracy)
        run.end(cell)
    said = text(ask(client, run.id))
    assert (
        "the final test accuracy is 0.50 points above that of the twin without it (mean of 2 pairs, from −1.00 to "
        "+2.00)." in said
    )


@pytest.mark.parametrize(
    ("accuracy", "expected"),
    [
        (0.8448, "3.52 points below that of the twin without it (1 pair)."),
        (0.88, "equal to that of the twin without it (1 pair)."),
    ],
)
def test_the_difference_of_a_pair_has_no_sign(
    client: httpx.Client, store: Store, accuracy: float, expected: str
) -> None:
    run = ErasedRun(store, erasure_spec({"sgd": (0.1,)}))
    for image, end in zip(IMAGES, (accuracy, 0.88), strict=True):
        cell = Cell(16, image, "sgd", 0.1)
        run.frame(cell, 100, test_accuracy=end)
        run.end(cell)
    assert expected in text(ask(client, run.id))


def test_a_grey_picture_has_a_rank_correlation(client: httpx.Client, store: Store) -> None:
    run = ErasedRun(store, erasure_spec({"sgd": (0.1, 0.2)}, twins=False), two_level=False)
    for lr, seen in ((0.1, 0.031), (0.2, 0.41)):
        cell = Cell(16, "picture", "sgd", lr)
        run.frame(cell, 0, visibility=seen, null_low=-0.04, null_high=0.04)
        run.end(cell)
    page = ask(client, run.id)
    found = shots(page)
    assert text(found["sgd", "0.1", "picture"]).endswith("ρ 0.03 · not detectable")
    assert text(found["sgd", "0.2", "picture"]).endswith("ρ 0.41")
    assert "1 of 2 finished trainings left no picture to detect (rank correlation within chance)" in text(page)


def test_a_flat_matrix_is_stretched(client: httpx.Client, store: Store) -> None:
    run = ErasedRun(store, erasure_spec({"sgd": (0.1,)}, layer="last", twins=False))
    weights = np.ones((10, 16), np.float32)
    run.save("init", run.cells[0].key.start, {"weight": weights})
    page = ask(client, run.id)
    assert "10 × 16 entries" in text(page)
    (size,) = re.findall(r'<canvas width="(\d+)" height="(\d+)" role="img"', page)
    assert size == ("256", "160")
