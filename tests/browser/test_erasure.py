"""The erasure study whole: from the form through a real worker to films and figures that fill while it trains."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from app.kinds.erasure.spec import ErasureSpec
from tests.browser.conftest import Scope, Watched
from tests.browser.visits import Visits, schemes

SMALL = ErasureSpec.model_validate(
    {
        "kind": "erasure",
        "dataset": {"kind": "digits"},
        "widths": (32,),
        "optimizers": [{"kind": "sgd", "lrs": (1.0,)}, {"kind": "dualised", "lrs": (1.0, 0.25)}],
        "steps": 40,
        "replicates": 2,
    }
)
TABS = {"erasure": ("accuracy_vs_lr", "erasure_vs_accuracy", "erasure_over_steps"),
        "spectra": ("singular_values", "update_sizes")}  # fmt: skip


@pytest.fixture(scope="module")
def erased(scope: Scope) -> str:
    """A finished run, made by a worker."""
    answer = scope.client.post("/api/v1/runs", json={"name": "erased", "spec": SMALL.model_dump(mode="json")})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _seen(page: Page, name: str) -> None:
    page.locator(f"#figure-{name}").scroll_into_view_if_needed()
    page.wait_for_selector(f"#figure-{name} .main-svg")


def test_from_the_form_to_frames_that_arrive(watched: Watched) -> None:
    page = watched()
    page.goto("/erasure")
    page.fill("#f-picture-text-text", "R")
    page.fill("#f-widths", "32")
    page.fill("#f-steps", "100")
    page.fill("#f-replicates", "1")
    page.fill("#f-optimizers-dualised-lrs", "1")
    for kind in ("spectral_sgd", "frobenius_sgd", "adam"):
        page.uncheck(f'input[type=checkbox][name="optimizers.{kind}"]')
    expect(page.locator("#estimate")).to_contain_text("8 trainings")
    page.click("text=Start the run")
    page.wait_for_url("**/runs/*")
    # The page was opened before the worker began, and is not loaded again.
    expect(page.locator(".optimizer")).to_have_count(2)
    expect(page.locator("#state")).to_contain_text("finished", timeout=60_000)
    expect(page.locator(".shot:not(.twin) .step").last).to_contain_text("100")
    expect(page.locator(".optimizer").last).to_contain_text("AUC")


def test_its_figures_are_drawn_from_what_was_measured(
    watched: Watched, scope: Scope, erased: str, until: Callable[[Callable[[], bool]], None]
) -> None:
    until(lambda: scope.state(erased) == "finished")
    page = watched(color_scheme="dark")
    for tab, figures in TABS.items():
        page.emulate_media(color_scheme="dark")
        page.goto(f"/runs/{erased}?tab={tab}")
        for theme in schemes(page):
            for name in figures:
                _seen(page, name)
                expect(page.locator(f"#find-{name}")).to_contain_text(
                    "ualised" if name != "singular_values" else "replicates"
                )
                expect(page.locator(f"#figure-{name} .foot")).to_contain_text("n = 2 replicates")
            pictures = page.locator(".plot image")
            expect(pictures).to_have_count(3 if tab == "erasure" else 0)
            for picture in pictures.all():
                expect(picture).to_have_attribute("href", re.compile(f"theme={theme}"))
    page.goto(f"/runs/{erased}?tab=spec")
    expect(page.locator("main")).to_contain_text("multiplicative")


def test_no_view_of_it_is_wider_than_a_phone(
    visits: Visits, scope: Scope, erased: str, until: Callable[[Callable[[], bool]], None]
) -> None:
    until(lambda: scope.state(erased) == "finished")
    tabs = (f"/runs/{erased}?tab={tab}" for tab in ("film", *TABS, "spec"))
    for path, page in visits.phone(["/erasure", "/new?kind=stable_rank", *tabs]).items():
        assert page.over <= 0, f"{path} is {page.over} px too wide"


def test_the_rank_of_updates_is_an_experiment_of_its_own(
    watched: Watched, scope: Scope, until: Callable[[Callable[[], bool]], None]
) -> None:
    spec = {"kind": "stable_rank", "dataset": {"kind": "digits"}, "widths": [32, 64], "batch_sizes": [16, 128]}
    run_id = scope.client.post("/api/v1/runs", json={"spec": spec}).json()["id"]
    until(lambda: scope.state(run_id) == "finished")
    page = watched()
    page.goto(f"/runs/{run_id}")
    _seen(page, "stable_rank_vs_width")
    expect(page.locator("#find-stable_rank_vs_width")).to_contain_text("width")
    rows = scope.client.get(f"/api/v1/runs/{run_id}/series", params={"name": "stable_rank"}).json()["columns"]
    for gradient, dualised, cap in zip(rows["gradient"], rows["dualised"], rows["cap"], strict=True):
        assert 1 <= gradient < 2 < dualised <= cap
