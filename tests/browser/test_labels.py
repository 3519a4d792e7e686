"""Labels at the ends of lines, measured where they are drawn: none covers another, each is at its own line's end.

Runs of all kinds whose figures have such labels are measured at two widths, and a lottery run while it trains.
"""

import time
from collections.abc import Callable
from functools import cache

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Scope, Watched, becomes
from tests.browser.label_measures import INSIDE, View, drawn, measured, overlaps, still, strangers, widened
from tests.browser.visits import READY
from tests.browser.windows import Windows

WIDTHS = (1280, 390)
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
    """Measures a page of a run that has ended: opened once for all tests, and drawn again for the other width."""

    @cache
    def opened(path: str) -> dict[int, View]:
        watched = Watched(browser, scope.url, reusable)
        page = watched(WIDTHS[0], 5200)
        page.goto(path)
        drawn(page)
        views = {}
        for width in WIDTHS:
            widened(page, width)
            views[width] = View(still(page), page.evaluate(INSIDE))
        watched.close()
        return views

    return lambda path, width: opened(path)[width]


@pytest.mark.parametrize("width", WIDTHS)
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


@pytest.mark.parametrize("width", WIDTHS)
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


def test_the_line_of_the_last_evaluation_is_named_beside_the_first_ticket(watched: Watched, scope: Scope) -> None:
    """A run just begun has its label where the line has its own: at the left, near the last step."""
    run = scope.submit(name="Just begun", levels=12, steps=400, eval_every=400, branches=[])
    page = watched(WIDTHS[0], 5200)
    page.goto(f"/runs/{run}?tab=curves")
    name = "#figure-early_stop_vs_density"
    becomes(page, f"document.querySelector('{name}').textContent.includes('winning ticket')", 120)
    scope.client.post(f"/api/v1/runs/{run}/cancel")
    expect(page.locator("#state")).to_contain_text("cancelled", timeout=60_000)
    log = page.locator(name).get_by_label("log y")
    for width in WIDTHS:
        for kind in ("linear", "log"):
            log.set_checked(kind == "log")
            becomes(page, f"document.querySelector('{name} .plot')._fullLayout.yaxis.type === '{kind}'")
            widened(page, width)
            (each,) = [one for one in still(page) if one["figure"] == "early_stop_vs_density"]
            boxes = {note["text"]: note for note in each["notes"]}
            assert {"last evaluation", "winning ticket"} <= set(boxes)
            assert overlaps(each["notes"]) == []
            # Not even the air around their letters meets, as it does where the server has them.
            one, other = boxes["last evaluation"], boxes["winning ticket"]
            if one["left"] < other["right"] and other["left"] < one["right"]:
                assert one["bottom"] <= other["top"] or other["bottom"] <= one["top"]
            (found,) = [one for one in page.evaluate(INSIDE) if one["figure"] == "early_stop_vs_density"]
            assert found["covered"] == [["last evaluation", 0]]


@pytest.mark.parametrize("width", WIDTHS)
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


def test_a_shorter_branch_of_a_live_run_is_led_to_from_its_label(watched: Watched, scope: Scope) -> None:
    run = scope.submit(name="Live labels", levels=6, steps=400, eval_every=100, branches=CONTROLS)
    page = watched(WIDTHS[0], 5200)
    page.goto(f"/runs/{run}?tab=curves")
    name = "#figure-accuracy_vs_density"
    led = f"document.querySelectorAll('{name} .annotation-arrow-g path').length > 0"
    for width in WIDTHS:
        widened(page, width)
        becomes(page, led, 120)
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


AS_SERVED = """() => {
  const ask = window.fetch;
  window.fetch = async (...question) => {
    const answer = await ask(...question);
    if (!answer.ok || !answer.url.includes('/figures/')) return answer;
    const figure = await answer.json();
    delete figure.layout?.meta.places;
    return new Response(JSON.stringify(figure), {status: answer.status, headers: answer.headers});
  };
}"""


def test_grounds_of_labels_have_the_colour_of_the_card(watched: Watched, every_kind: dict[str, str]) -> None:
    """Those inside a plot have a ground until the page places them: here they stay as the server has them."""
    page = watched(1280, 5200, fresh=True)
    page.add_init_script(f"({AS_SERVED})()")
    grounds: dict[str, set[str]] = {"light": set(), "dark": set()}
    cards = {}
    for kind, path in [(kind, path) for kind, paths in PAGES.items() for path in paths]:
        page.emulate_media(color_scheme="light")
        page.goto(path.format(run=every_kind[kind]))
        drawn(page)
        for theme in grounds:
            page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            becomes(page, READY)
            grounds[theme] |= {note["ground"] for each in measured(page) for note in each["notes"] if note["filled"]}
            cards[theme] = page.evaluate("getComputedStyle(document.querySelector('.figure')).backgroundColor")
    assert grounds == {theme: {card} for theme, card in cards.items()}
    assert cards["light"] != cards["dark"]


def test_labels_on_a_logarithmic_axis_are_at_their_lines(watched: Watched, every_kind: dict[str, str]) -> None:
    page = watched(WIDTHS[0], 5200)
    logs = "[...document.querySelectorAll('.plot')].filter(p => p._fullLayout?.yaxis.type === 'log').length"
    for path in PAGES["lottery"][:2]:
        widened(page, WIDTHS[0])
        page.goto(f"{path.format(run=every_kind['lottery'])}&metric=validation_loss")
        drawn(page)
        for box in page.get_by_label("log y").all():
            box.check()
        becomes(page, f"{logs} >= 1")
        for width in WIDTHS:
            widened(page, width)
            for each in still(page):
                assert overlaps(each["notes"]) == [], each["figure"]
                assert strangers(each) == [], each["figure"]
