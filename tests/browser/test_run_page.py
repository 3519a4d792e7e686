"""A run from the form to its end in a real browser: points arrive, a zoom stays, actions answer in place."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import Scope, Watched, becomes

BIG = "#figure-accuracy_vs_density"
POINTS = """() => {
  const plot = document.querySelector('#figure-accuracy_vs_density .plot');
  const mean = (plot._fullData ?? []).find(t => t.meta?.role === 'winning_ticket' && t.meta?.part === 'mean');
  return mean ? mean.x.length : 0;
}"""
RANGES = f"""() => {{
  const layout = document.querySelector('{BIG} .plot').layout;
  return [...layout.xaxis.range, ...layout.yaxis.range];
}}"""


def drawn(page: Page, figure: str = BIG) -> None:
    page.wait_for_selector(f"{figure} .plot .main-svg")


def drag(page: Page, figure: str = BIG) -> None:
    """Zoom into the middle of a plot."""
    box = page.locator(f"{figure} .plot .nsewdrag").first.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.6, steps=5)
    page.mouse.up()


def test_the_chosen_tab_is_in_sight_on_a_phone(watched: Watched, finished: str) -> None:
    page = watched(390, 844)
    page.goto(f"/runs/{finished}?tab=log")
    expect(page.locator(".tabs [aria-current]")).to_be_in_viewport(ratio=0.9)
    page.goto(f"/runs/{finished}?tab=curves")
    expect(page.locator(".tabs [aria-current]")).to_be_in_viewport(ratio=0.9)


def test_submit_by_the_form_and_watch_points_arrive(page: Page, scope: Scope) -> None:
    page.goto("/new?preset=digits-tickets")
    page.fill("#f-name", "Watched by a browser")
    for path, value in (("steps", "150"), ("eval_every", "50"), ("levels", "4"), ("replicates", "1")):
        page.fill(f"#f-{path}", value)
    page.locator('label:has-text("Shuffled mask")').click()
    expect(page.locator("#estimate")).to_contain_text("9 trainings")
    expect(page.locator("#estimate")).to_contain_text("= 1 replicate × (1 dense + 4 levels × (1 ticket + 1 control))")
    page.click("text=Start the run")
    page.wait_for_url("**/runs/*")
    page.evaluate("() => { window.here = true; }")
    drawn(page)
    becomes(page, f"({POINTS})() >= 1")
    becomes(page, f"({POINTS})() >= 5")
    expect(page.locator("#state")).to_contain_text("finished", timeout=60_000)
    expect(page.locator("#progress")).to_contain_text("9 of 9 trainings")
    expect(page.locator(f"{BIG} .find")).to_contain_text("the ticket reaches")
    assert page.evaluate("window.here"), "the page was loaded again"
    assert scope.state(page.url.rsplit("/", 1)[-1]) == "finished"


def test_a_zoom_survives_an_update_and_can_be_undone(page: Page, scope: Scope) -> None:
    run_id = scope.submit(steps=300, levels=8, name="Zoomed")
    page.goto(f"/runs/{run_id}")
    drawn(page)
    becomes(page, f"({POINTS})() >= 2")
    before = page.evaluate(RANGES)
    drag(page)
    zoomed = page.evaluate(RANGES)
    assert zoomed != before
    count = page.evaluate(POINTS)
    becomes(page, f"({POINTS})() > {count}")
    assert page.evaluate(RANGES) == zoomed
    page.click(f"{BIG} .reset")
    expect(page.locator(f"{BIG} .reset")).not_to_be_visible()
    assert page.evaluate(RANGES)[:2] == before[:2]
    scope.client.post(f"/api/v1/runs/{run_id}/cancel")


def test_cancel_resume_and_delete(page: Page, scope: Scope, until: Callable[[Callable[[], bool]], None]) -> None:
    run_id = scope.submit(steps=20_000, eval_every=1_000, levels=20, name="Too long")
    page.goto(f"/runs/{run_id}")
    expect(page.locator("#state")).to_contain_text("running", timeout=60_000)
    page.evaluate("() => { window.here = true; }")
    page.click("text=Cancel")
    expect(page.locator("#state")).to_contain_text("cancelled")
    expect(page.locator("#progress")).to_contain_text("Resume continues from the last checkpoint")
    page.click("text=Resume")
    expect(page.locator("#state")).to_contain_text("running", timeout=60_000)
    assert page.evaluate("window.here"), "the page was loaded again"
    page.click("text=Delete")
    page.wait_for_url("**/?binned=*")
    expect(page.locator(".notice")).to_contain_text("“Too long” is in the bin.")
    until(lambda: scope.state(run_id) == "cancelled")
    page.click(".notice >> text=Restore")
    page.wait_for_url(f"**/runs/{run_id}")


def test_the_level_slider_obeys_the_keyboard_and_the_link_restores_the_view(page: Page, finished: str) -> None:
    page.goto(f"/runs/{finished}?tab=training")
    drawn(page, "#figure-training_curves")
    page.focus('input[type="range"]')
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#figure-training_curves .find")).to_contain_text("Level 2")
    page.select_option('select[name="metric"]', "test_loss")
    expect(page.locator("#figure-training_curves h2")).to_contain_text("Test loss")
    assert "level=2" in page.url
    assert "metric=test_loss" in page.url
    page.reload()
    expect(page.locator("output")).to_have_text("2 of 2")
    expect(page.locator("#figure-training_curves .find")).to_contain_text("Level 2")
    page.click("text=Movement")
    assert "level=2" in page.url
    drawn(page, "#figure-weight_movement")


def test_a_logarithmic_axis_is_in_the_link(page: Page, finished: str) -> None:
    kind = "document.querySelector('#figure-training_curves .plot').layout.yaxis.type"
    page.goto(f"/runs/{finished}?tab=training&metric=test_loss")
    drawn(page, "#figure-training_curves")
    page.check("text=log y")
    becomes(page, f"{kind} === 'log'")
    assert "log_training=true" in page.url
    page.reload()
    drawn(page, "#figure-training_curves")
    assert page.evaluate(kind) == "log"


def test_a_logarithmic_axis_is_of_one_figure_only(page: Page, finished: str) -> None:
    page.goto(f"/runs/{finished}?log_early_stop=true")
    expect(page.get_by_label("log y")).to_be_checked()
    page.click(".tabs >> text=Training")
    expect(page.get_by_label("log y")).not_to_be_checked()


def test_a_refused_edit_leaves_the_reader_at_the_run(watched: Watched, finished: str) -> None:
    watched.expected = "422"
    page = watched()
    page.goto(f"/runs/{finished}")
    page.click("text=Edit name, tags and notes")
    page.fill("input[name=name]", " ")
    page.click("text=Save")
    expect(page.locator(".edit .error")).to_contain_text("must not be empty")
    becomes(page, f"location.pathname === '/runs/{finished}'")


def test_the_bound_may_be_any_number_of_points(page: Page, finished: str) -> None:
    page.goto(f"/runs/{finished}")
    page.fill("input[name=bound]", "0.28")
    page.press("input[name=bound]", "Tab")
    page.wait_for_url("**bound=0.28**")


def test_the_accuracy_at_the_early_stop_is_one_press_away(page: Page, finished: str) -> None:
    page.goto(f"/runs/{finished}")
    drawn(page)
    page.click(f"{BIG} >> text=early stop")
    expect(page.locator(f"{BIG} h2")).to_contain_text("early stop")
    assert "at=early_stop" in page.url
    assert page.evaluate(f"document.querySelector('{BIG} .plot').layout.xaxis.type") == "log"


def test_the_data_of_a_figure_is_saved_as_csv(page: Page, finished: str) -> None:
    page.goto(f"/runs/{finished}")
    with page.expect_download() as waiting:
        page.click(f"{BIG} .exports >> text=CSV")
    rows = waiting.value.path().read_text().splitlines()
    assert rows[0] == "control,level,density,replicate,accuracy"
    assert len(rows) == 1 + 2 * (3 + 2 + 2)


def test_a_hidden_tab_closes_its_stream_and_catches_up(
    page: Page, scope: Scope, finished: str, until: Callable[[Callable[[], bool]], None]
) -> None:
    def hide(hidden: bool) -> None:
        page.evaluate(
            "hidden => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});"
            "document.dispatchEvent(new Event('visibilitychange')); }",
            hidden,
        )

    until(lambda: scope.viewers() == 0)
    page.goto(f"/runs/{finished}")
    until(lambda: scope.viewers() == 1)
    hide(True)
    until(lambda: scope.viewers() == 0)
    scope.client.patch(f"/api/v1/runs/{finished}", json={"name": "Renamed meanwhile"})
    hide(False)
    until(lambda: scope.viewers() == 1)
    expect(page.locator("h1")).to_have_text("Renamed meanwhile")
    scope.client.patch(f"/api/v1/runs/{finished}", json={"name": "A finished run"})


def test_nothing_jumps_while_results_stream(watched: Watched, scope: Scope) -> None:
    page = watched()
    run_id = scope.submit(steps=150, levels=5, name="Still")
    page.goto(f"/runs/{run_id}")
    drawn(page)
    places = "() => [...document.querySelectorAll('.figure .plot')].map(p => Math.round(p.getBoundingClientRect().top))"
    before = page.evaluate(places)
    expect(page.locator("#state")).to_contain_text("finished", timeout=60_000)
    after = page.evaluate(places)
    assert before[0] == after[0]


def test_run_again_says_that_the_numbers_are_the_same(
    page: Page, scope: Scope, until: Callable[[Callable[[], bool]], None]
) -> None:
    first = scope.submit(name="Once", levels=1)
    until(lambda: scope.state(first) == "finished")
    page.goto(f"/runs/{first}")
    page.click("text=Run again")
    expect(page.locator("#relations")).to_contain_text("Rerun of")
    assert first not in page.url
    # It comes by itself when the run has finished, and stands on the first one's page too.
    expect(page.locator("#relations .pill")).to_have_text("identical to the bit", timeout=60_000)
    page.click("#relations a")
    page.wait_for_url(f"**/runs/{first}")
    expect(page.locator("#relations")).to_contain_text("Rerun as")
    expect(page.locator("#relations .pill")).to_have_text("identical to the bit")
