"""Labels at the ends of lines, measured where they are drawn: none covers another, each is at its own line's end.

Runs of all kinds whose figures have such labels are measured at two widths, and a lottery run while it trains.
"""

import time
from collections.abc import Callable
from functools import cache
from typing import Literal

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.browser.conftest import Scope, Watched, becomes
from tests.browser.label_measures import INSIDE, View, drawn, measured, overlaps, still, strangers
from tests.browser.windows import Windows

# How many labels the plots with such have in these runs.
INSIDE_NAMES = {"accuracy_vs_lr": 5, "erasure_vs_accuracy": 5, "update_sizes": 5, "degree_histogram": 2,
                "weight_movement": 2}  # fmt: skip

CONTROLS = [{"kind": kind} for kind in ("reinit", "shuffled", "random", "magnitude_at_init")]
ERASURE = {
    "kind": "erasure", "dataset": {"kind": "digits"}, "widths": [32], "steps": 40, "replicates": 2,
    "optimizers": [
        {"kind": kind, "lrs": [1.0, 0.25, 0.05]}
        for kind in ("sgd", "spectral_sgd", "frobenius_sgd", "dualised", "adam")
    ],
}  # fmt: skip
HARDWARE = {"kind": "hardware", "layers": [[64, 32]], "densities": [0.5, 0.2, 0.1], "repeats": 7, "replicates": 1}
STABLE_RANK = {"kind": "stable_rank", "dataset": {"kind": "digits"}, "widths": [32, 64], "batch_sizes": [16, 128]}
PAGES = {
    "lottery": [f"/runs/{{run}}?tab={tab}&level=2" for tab in ("curves", "training", "masks", "movement")],
    "erasure": ["/runs/{run}?tab=erasure", "/runs/{run}?tab=spectra"],
    "hardware": ["/hardware?run={run}"],
    "stable_rank": ["/runs/{run}"],
}


@pytest.fixture(scope="module")
def every_kind(scope: Scope) -> dict[str, str]:
    """Small runs of every kind whose figures label lines, finished; their ids."""
    runs = {"lottery": scope.submit(name="With every control", replicates=2, levels=3, branches=CONTROLS)}
    for spec in (ERASURE, HARDWARE, STABLE_RANK):
        answer = scope.client.post("/api/v1/runs", json={"spec": spec})
        assert answer.status_code == 201, answer.text
        runs[str(spec["kind"])] = str(answer.json()["id"])
    end = time.monotonic() + 240
    while any(scope.state(run) != "finished" for run in runs.values()):
        assert time.monotonic() < end, "they never finished"
        time.sleep(0.5)
    return runs


Look = Callable[[str, int], View]


@pytest.fixture(scope="module")
def look(browser: Browser, scope: Scope, reusable: Windows) -> Look:
    """Opens a page of a run that has ended and measures it: once, however many tests ask for it."""

    @cache
    def look(path: str, width: int) -> View:
        watched = Watched(browser, scope.url, reusable)
        page = watched(width, 5200)
        page.goto(path)
        drawn(page)
        view = View(still(page), page.evaluate(INSIDE))
        watched.close()
        return view

    return look


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("kind", PAGES)
def test_no_label_covers_another_or_leaves_its_figure(
    look: Look, every_kind: dict[str, str], kind: str, width: int
) -> None:
    labelled = 0
    for path in PAGES[kind]:
        for each in look(path.format(run=every_kind[kind]), width).figures:
            labelled += len(each["notes"])
            assert overlaps(each["notes"]) == [], each["figure"]
            for note in each["notes"]:
                assert note["right"] <= each["right"] + 1, (each["figure"], note)
            for title in each["titles"]:
                assert title["left"] >= each["left"], (each["figure"], title)
                assert title["right"] <= each["right"], (each["figure"], title)
                assert title["bottom"] <= each["bottom"] + 1, (each["figure"], title)
            assert strangers(each) == [], each["figure"]
    assert labelled >= 3


@pytest.mark.parametrize("width", [1280, 390])
def test_labels_inside_a_plot_cover_no_point_and_no_line(look: Look, every_kind: dict[str, str], width: int) -> None:
    named: dict[str, int] = {}
    for path, run in [(path, every_kind[kind]) for kind in ("erasure", "hardware", "lottery") for path in PAGES[kind]]:
        for each in look(path.format(run=run), width).inside:
            named[each["figure"]] = len(each["covered"]) + len(each["gaps"])
            assert [note for note in each["covered"] if note[1]] == [], each["figure"]
            # They, or their thin lines, are at a point of what has their colour.
            assert [note for note in each["astray"] if note[1] > 3 or note[2] == "another's"] == [], each["figure"]
            # Names of pictures stand right beside them.
            assert [note for note in each["gaps"] if not 1 < note[1] < 12] == [], each["figure"]
    assert {name: named.get(name) for name in INSIDE_NAMES} == INSIDE_NAMES


@pytest.mark.parametrize("width", [1280, 390])
def test_the_line_of_the_last_evaluation_is_named_beside_the_first_ticket(
    watched: Watched, scope: Scope, width: int
) -> None:
    """A run just begun has its label where the line has its own: at the left, near the last step."""
    run = scope.submit(name=f"Just begun {width}", levels=12, steps=400, eval_every=400, branches=[])
    page = watched(width, 5200)
    page.goto(f"/runs/{run}?tab=curves")
    name = "#figure-early_stop_vs_density"
    becomes(page, f"document.querySelector('{name}').textContent.includes('winning ticket')", 120)
    scope.client.post(f"/api/v1/runs/{run}/cancel")
    expect(page.locator("#state")).to_contain_text("cancelled", timeout=60_000)
    page.wait_for_timeout(1000)
    for log in (False, True):
        if log:
            page.locator(name).get_by_label("log y").check()
            becomes(page, f"document.querySelector('{name} .plot')._fullLayout.yaxis.type === 'log'")
            page.wait_for_timeout(500)
        (each,) = [one for one in measured(page) if one["figure"] == "early_stop_vs_density"]
        boxes = {note["text"]: note for note in each["notes"]}
        assert {"last evaluation", "winning ticket"} <= set(boxes)
        assert overlaps(each["notes"]) == []
        # Not even the air around their letters meets, as it does where the server has them.
        one, other = boxes["last evaluation"], boxes["winning ticket"]
        if one["left"] < other["right"] and other["left"] < one["right"]:
            assert one["bottom"] <= other["top"] or other["bottom"] <= one["top"]
        (found,) = [one for one in page.evaluate(INSIDE) if one["figure"] == "early_stop_vs_density"]
        assert found["covered"] == [["last evaluation", 0]]


@pytest.mark.parametrize("width", [1280, 390])
def test_labels_come_in_the_order_of_their_lines_and_near_their_ends(look: Look, finished: str, width: int) -> None:
    for each in look(f"/runs/{finished}", width).figures:
        if each["figure"] not in ("accuracy_vs_density", "early_stop_vs_density"):
            continue
        for note in each["notes"]:
            here = [end for end in each["ends"] if abs(end["x"] - note["left"]) < 24]
            own = [end for end in here if end["role"] == note["role"]]
            if not own:
                continue
            middle = (note["top"] + note["bottom"]) / 2
            for other in each["notes"]:
                # Lines that end at the same height have no order.
                ends = [end for end in here if end["role"] == other["role"] and abs(end["y"] - own[0]["y"]) > 2]
                for end in ends:
                    assert (end["y"] > own[0]["y"]) == (other["top"] > note["top"]), (each["figure"], note, other)
            assert abs(own[0]["y"] - middle) < 24, (each["figure"], note, own)


@pytest.mark.parametrize("width", [1280, 390])
def test_a_shorter_branch_of_a_live_run_is_led_to_from_its_label(watched: Watched, scope: Scope, width: int) -> None:
    run = scope.submit(name=f"Live labels {width}", levels=6, steps=400, eval_every=100, branches=CONTROLS)
    page = watched(width, 5200)
    page.goto(f"/runs/{run}?tab=curves")
    name = "#figure-accuracy_vs_density"
    becomes(page, f"document.querySelectorAll('{name} .annotation-arrow-g path').length > 0", 120)
    page.wait_for_timeout(300)
    figures = measured(page)
    (curves,) = [each for each in figures if each["figure"] == "accuracy_vs_density"]
    assert any(note["lead"] for note in curves["notes"])
    for each in figures:
        assert overlaps(each["notes"]) == [], each["figure"]
        assert strangers(each) == [], each["figure"]
    # All are in one column, clear of the lines.
    column = {round(note["left"]) for note in curves["notes"] if note["role"] != "soft"}
    assert max(column) - min(column) <= 2
    scope.client.post(f"/api/v1/runs/{run}/cancel")
    expect(page.locator("#state")).to_contain_text("cancelled", timeout=60_000)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_grounds_of_labels_have_the_colour_of_the_card(
    watched: Watched, every_kind: dict[str, str], theme: Literal["light", "dark"]
) -> None:
    """Those inside a plot have a ground until the page places them: here they stay as the server has them."""

    def as_served(route: Route) -> None:
        answer = route.fetch()
        served = answer.json()
        served["layout"]["meta"].pop("places", None)
        route.fulfill(response=answer, json=served)

    page = watched(1280, 5200, color_scheme=theme, fresh=True)
    page.route("**/figures/*", as_served)
    grounds: set[str] = set()
    for kind, path in [(kind, path) for kind, paths in PAGES.items() for path in paths]:
        page.goto(path.format(run=every_kind[kind]))
        drawn(page)
        for each in measured(page):
            grounds |= {note["ground"] for note in each["notes"] if note["filled"]}
    card = page.evaluate("getComputedStyle(document.querySelector('.figure')).backgroundColor")
    assert grounds == {card}


@pytest.mark.parametrize("width", [1280, 390])
def test_labels_on_a_logarithmic_axis_are_at_their_lines(
    watched: Watched, every_kind: dict[str, str], width: int
) -> None:
    page = watched(width, 5200)
    for path in PAGES["lottery"][:2]:
        page.goto(f"{path.format(run=every_kind['lottery'])}&metric=validation_loss")
        drawn(page)
        still(page)
        for box in page.get_by_label("log y").all():
            box.check()
        still(page)
        logs = page.evaluate(
            "[...document.querySelectorAll('.plot')].filter(p => p._fullLayout?.yaxis.type === 'log').length"
        )
        assert logs >= 1
        for each in measured(page):
            assert overlaps(each["notes"]) == [], each["figure"]
            assert strangers(each) == [], each["figure"]
