"""The form of a new run in a real browser: errors while typing, what is kept, what is shown."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from tests.browser.conftest import Scope, Watched


def test_an_error_stands_at_its_field_while_typing_and_goes_when_it_is_right(page: Page) -> None:
    page.goto("/new")
    rate = page.locator("#f-optimizer-adam-lr")
    rate.fill("fast")
    error = page.locator("#f-optimizer-adam-lr-error")
    expect(error).to_have_text("Learning rate must be a number")
    expect(rate).to_have_attribute("aria-invalid", "true")
    assert "f-optimizer-adam-lr-error" in str(rate.get_attribute("aria-describedby"))
    expect(page.locator("#estimate .problems")).to_have_text("Learning rate must be a number")
    page.fill("#f-levels", "99")
    expect(page.locator("#f-levels-error")).to_have_text("Levels must be at most 60")
    rate.fill("0.01")
    expect(error).to_have_count(0)
    assert rate.get_attribute("aria-invalid") is None
    assert "error" not in str(rate.get_attribute("aria-describedby"))
    page.fill("#f-levels", "7")
    expect(page.locator("#f-levels-error")).to_have_count(0)
    expect(page.locator("#estimate")).to_contain_text("7 levels end at 4.8 % density")


def test_a_contradiction_is_said_at_the_field_that_must_change(page: Page) -> None:
    page.goto("/new")
    page.fill("#f-steps", "20")
    expect(page.locator("#f-eval_every-error")).to_have_text("Evaluate every must not exceed steps, 20")
    page.fill("#f-eval_every", "20")
    expect(page.locator("#f-eval_every-error")).to_have_count(0)


def test_after_a_refusal_the_list_shrinks_as_fields_are_put_right(watched: "Watched") -> None:
    watched.expected = "422"
    page = watched()
    page.goto("/new")
    page.fill("#f-steps", "0")
    page.fill("#f-levels", "0")
    page.click("text=Start the run")
    expect(page.locator("#refused li")).to_have_count(2)
    page.fill("#f-steps", "1000")
    expect(page.locator("#refused li:visible")).to_have_count(1)
    page.fill("#f-levels", "3")
    expect(page.locator("#refused")).to_be_hidden()


@pytest.mark.parametrize("way", ["reload", "back"])
def test_what_was_typed_stays(page: Page, way: str) -> None:
    page.goto("/new")
    page.fill("#f-name", "Typed")
    page.fill("#f-steps", "77")
    page.click('label:has-text("SGD with momentum")')
    page.check('input[type="checkbox"][name="branches.random"]')
    page.uncheck('input[type="checkbox"][name="branches.reinit"]')
    if way == "reload":
        page.reload()
    else:
        page.goto("/protocol")
        page.go_back()
    expect(page.locator("#f-name")).to_have_value("Typed")
    expect(page.locator("#f-steps")).to_have_value("77")
    expect(page.locator("#f-optimizer-momentum_sgd-lr")).to_be_visible()
    assert page.is_checked('input[type="checkbox"][name="branches.random"]')
    assert not page.is_checked('input[type="checkbox"][name="branches.reinit"]')
    expect(page.locator("#estimate")).to_contain_text("1 ticket + 2 controls")
    # A new visit begins anew.
    page.click("nav >> text=New run")
    expect(page.locator("#f-name")).to_have_value("")


def test_only_fields_that_apply_are_shown(page: Page) -> None:
    page.goto("/new")
    convolutions = page.locator("#f-pruning-layerwise_magnitude-conv_rate")
    expect(convolutions).to_be_hidden()
    page.click('label:has-text("Conv-2")')
    expect(convolutions).to_be_visible()
    page.click('label:has-text("LeNet-300-100")')
    expect(convolutions).to_be_hidden()
    page.fill("#f-rewind_step", "5")
    page.click('#f-rewind label:has-text("none")')
    expect(page.locator("#f-rewind_step")).to_be_hidden()
    # What is out of sight is not sent: else the step would be refused.
    expect(page.locator("#estimate b")).to_have_text("102")
    expect(page.locator(".error:visible")).to_have_count(0)


def test_without_a_script_every_field_can_be_reached(watched: "Watched") -> None:
    page = watched(java_script_enabled=False)
    page.goto("/new")
    expect(page.locator("#f-pruning-layerwise_magnitude-conv_rate")).to_be_visible()


def test_rare_fields_open_when_one_of_them_is_wrong(page: Page) -> None:
    page.goto("/new")
    betas = page.locator("#f-optimizer-adam-betas")
    expect(betas).to_be_hidden()
    page.locator(".option", has=betas).locator("summary").click()
    betas.fill("2, 3")
    expect(page.locator("#f-optimizer-adam-betas-error")).to_be_visible()
    page.locator(".option", has=betas).locator("summary").click()
    expect(betas).to_be_hidden()
    page.fill("#f-levels", "4")
    expect(betas).to_be_visible()


def test_with_a_queue_the_form_says_when_the_run_would_start(page: Page, scope: "Scope") -> None:
    ids = [scope.submit(name=name, steps=20_000, eval_every=20_000) for name in ("works", "waits")]
    try:
        page.goto("/new")
        page.fill("#f-name", "third")
        expect(page.locator("#estimate")).to_contain_text("behind 2 runs")
    finally:
        for run_id in ids:
            scope.client.post(f"/api/v1/runs/{run_id}/cancel")
