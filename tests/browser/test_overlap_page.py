"""The overlap tab by hand: runs by name, one row of controls, and layers paired by the reader."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from safetensors.numpy import save

from tests.browser.conftest import Scope, Watched, becomes

CASES = Path(__file__).parents[3] / "shared" / "cases" / "imports"
MATRIX = "#figure-overlap_matrix"
CHANCE = "#figure-overlap_vs_chance"


def imported(scope: Scope, name: str, *contents: bytes) -> str:
    contents = contents or ((CASES / f"{name}.safetensors").read_bytes(),)
    files = [("files", (f"{place}.safetensors", content)) for place, content in enumerate(contents)]
    answer = scope.client.post("/api/v1/imports", files=files, data={"name": name})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.fixture(scope="module")
def two(scope: Scope) -> tuple[str, str]:
    return imported(scope, "names_numbered"), imported(scope, "names_words")


def pick(page: Page, label: str, words: str) -> None:
    """Choose a run by typing a part of its name, with the keyboard alone."""
    box = page.get_by_role("combobox", name=label)
    box.focus()
    box.fill(words)
    option = page.locator(".options:not([hidden]) [role=option]").first
    expect(option).to_contain_text(words)
    page.keyboard.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")


def test_layers_that_nothing_pairs_are_paired_by_the_reader(watched: Watched, two: tuple[str, str]) -> None:
    numbered, words = two
    page = watched()
    page.goto(f"/runs/{numbered}?tab=overlap")
    page.wait_for_selector(f"{MATRIX} .main-svg")
    pick(page, "Add a run by name or id", "names_words")
    asked = page.locator(f"#pairing-{words}")
    expect(asked).to_contain_text("Which layer of “names_words” corresponds to which of “names_numbered”?")
    # Until it is answered there is neither a number of another pairing nor an empty figure.
    for figure in (MATRIX, CHANCE):
        expect(page.locator(figure)).to_be_hidden()
    partners = page.get_by_role("combobox", name="Partner of fc1"), page.get_by_role("combobox", name="Partner of fc2")
    chosen = [select.evaluate("each => each.selectedOptions[0].text") for select in partners]
    assert chosen == ["input", "hidden"]
    page.get_by_role("button", name="Compare with this pairing").click()
    expect(page.locator(f"{MATRIX} .find")).to_have_text("These 2 tickets keep the same weights.")
    expect(asked).to_contain_text("are paired as chosen: fc1 = input, fc2 = hidden")
    assert f"pairing={numbered}%3A{words}%3A" in page.url
    # The link shows another reader the same.
    link = page.url
    page.goto("/")
    page.goto(link)
    expect(page.locator(f"{MATRIX} .find")).to_have_text("These 2 tickets keep the same weights.")
    becomes(page, f"document.querySelector('{MATRIX} .plot').data?.[0].text[0][1] === '1.00 ='")
    # A layer that is taken twice is swapped, and the numbers are those of the other pairing.
    page.click("summary >> text=Change the pairing")
    partners[0].select_option(label="hidden")
    assert partners[1].evaluate("each => each.selectedOptions[0].text") == "input"
    page.get_by_role("button", name="Use this pairing").click()
    becomes(page, f"document.querySelector('{MATRIX} .plot').data?.[0].text[0][1] === '0.13'")
    csv = page.locator(f"{MATRIX} a[data-export=csv]").get_attribute("href")
    assert csv is not None
    assert page.request.get(csv).text().splitlines()[2].endswith("fc1 = hidden; fc2 = input")


def test_two_tickets_in_pixels_are_paired_too(watched: Watched, two: tuple[str, str]) -> None:
    numbered, words = two
    page = watched()
    page.goto(f"/runs/{numbered}?tab=masks&layer=fc1")
    page.wait_for_selector("#matrix-a .main-svg")
    pick(page, "Compare with a ticket of any run, by name or id", "names_words")
    page.get_by_role("combobox", name="Ticket of names_words").select_option(label="replicate 0 · level 0")
    expect(page.locator(f"#pairing-{words}")).to_contain_text("Which layer of “names_words”")
    expect(page.locator("#apart")).to_have_text(
        f"Not compared. Names and shapes do not determine which layer of “names_words” ({words}) corresponds to which "
        f"of “names_numbered” ({numbered}). Confirm a pairing, such as fc1 = input, fc2 = hidden."
    )
    expect(page.locator("#legend")).to_have_text(
        "Colour: kept or pruned. Each cell is one weight. 16 of 64 weights in view kept."
    )
    expect(page.locator("#matrix-b")).to_be_hidden()
    page.get_by_role("button", name="Compare with this pairing").click()
    expect(page.locator("#matrix-b .main-svg").first).to_be_visible()
    expect(page.locator("#apart")).to_be_hidden()
    page.click(".segments >> text=difference")
    expect(page.locator("#legend")).to_contain_text("16 of 64 weights in view kept by A or B")


def test_a_link_to_an_open_pairing_asks_for_no_figure(watched: Watched, two: tuple[str, str]) -> None:
    page = watched()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/runs/{two[0]}?tab=overlap&others={two[1]}")
    expect(page.locator(f"#pairing-{two[1]}")).to_contain_text("Check the proposal and confirm it")
    expect(page.locator(MATRIX)).to_be_hidden()
    page.wait_for_timeout(1000)
    assert not [address for address in asked if "/figures/" in address]


def test_layers_that_cannot_be_paired_are_no_error_in_pixels(
    watched: Watched, scope: Scope, two: tuple[str, str]
) -> None:
    other = imported(scope, "narrow one", save({"a.weight_mask": np.eye(4, dtype=np.uint8)}))
    page = watched()
    page.goto(f"/runs/{two[0]}?tab=masks&layer=fc1&other={other}:0:0")
    expect(page.locator("#apart")).to_have_text(
        f"Not compared. The layers of “names_numbered” ({two[0]}) and “narrow one” ({other}) cannot be paired: one has "
        "2 layers, the other 1 layer."
    )
    expect(page.locator("#legend")).to_contain_text("Colour: kept or pruned.")
    expect(page.locator("#matrix-b")).to_be_hidden()


def test_a_figure_that_has_nothing_to_draw_is_a_sentence(watched: Watched, finished: str) -> None:
    page = watched()
    page.goto(f"/runs/{finished}?tab=overlap&across=levels")
    page.wait_for_selector(f"{CHANCE} .main-svg")
    expect(page.locator(f"{CHANCE} .find")).to_have_text(
        "Every pair is nested, one mask within the other: no comparison with chance."
    )
    assert page.locator(f"{CHANCE} .plot").evaluate("each => each.offsetHeight") < 80
    written = page.locator(f"{CHANCE} .plot text")
    assert [text for text in written.all_text_contents() if text] == [
        "Nothing is drawn: the sentence above gives the reason."
    ]
    # What is not nested is drawn in full.
    page.get_by_text("branches", exact=True).click()
    becomes(page, f"document.querySelector('{CHANCE} .plot').offsetHeight > 200")
    becomes(page, f"document.querySelector('{CHANCE} .plot')._fullLayout.height > 200")
    assert page.locator(f"{CHANCE} .xtick").count() > 2


def test_what_cannot_be_compared_says_why(watched: Watched, scope: Scope, two: tuple[str, str]) -> None:
    other = imported(scope, "narrow", save({"a.weight_mask": np.eye(4, dtype=np.uint8)}))
    page = watched()
    page.goto(f"/runs/{two[0]}?tab=overlap&others={other}")
    expect(page.locator(f"#pairing-{other}")).to_contain_text("Not compared. The layers of “names_numbered”")
    expect(page.locator(f"#pairing-{other}")).to_contain_text("one has 2 layers, the other 1 layer")
    expect(page.locator(MATRIX)).to_be_hidden()
    page.get_by_role("button", name="Remove narrow").click()
    expect(page.locator(f"{MATRIX} .find")).to_contain_text("a comparison needs two")
    expect(page.locator(f"#pairing-{other}")).to_have_count(0)


def test_one_row_of_controls_serves_both_figures(page: Page, finished: str) -> None:
    page.goto(f"/runs/{finished}?tab=overlap")
    page.wait_for_selector(f"{MATRIX} .main-svg")
    assert page.locator("form.controls select, form.controls input:not([type=hidden])").count() == 0
    row = page.locator("#overlap-controls")
    names = ("level", "replicate", "layer", "measure")

    def shown() -> list[str]:
        return [name for name in names if row.locator(f"select[name={name}]").is_visible()]

    assert shown() == ["level", "layer", "measure"]
    row.get_by_text("levels", exact=True).click()
    assert shown() == ["replicate", "layer", "measure"]
    for figure in (MATRIX, CHANCE):
        expect(page.locator(f"{figure} h2")).to_contain_text("Overlap between levels, replicate 0")
    row.locator("select[name=layer]").select_option("fc2")
    for figure in (MATRIX, CHANCE):
        expect(page.locator(f"{figure} h2")).to_contain_text("fc2")
    assert "across=levels" in page.url
    assert "layer=fc2" in page.url
    row.locator("select[name=measure]").select_option("uniform")
    expect(page.locator(f"{MATRIX} h2")).to_contain_text("adjusted overlap (uniform)")
    row.get_by_text("branches", exact=True).click()
    assert shown() == list(names)
    page.click("summary >> text=Choose tickets one by one")
    page.check(f'input[value="{finished}:0:1"]')
    assert shown() == ["layer", "measure"]
    page.click("text=Choose none")
    assert shown() == list(names)


def test_other_runs_are_called_by_their_names(page: Page, scope: Scope, two: tuple[str, str]) -> None:
    draw = np.random.default_rng(2)
    masks = {name: (draw.random((6, 5)) < 0.5).astype(np.uint8) for name in ("a.weight_mask", "b.weight_mask")}
    one, other = imported(scope, "Sweep, rate 0.1", save(masks)), imported(scope, "Sweep, rate 0.2", save(masks))
    page.goto(f"/runs/{one}?tab=overlap")
    # By its id too, from its beginning on.
    box = page.get_by_role("combobox", name="Add a run by name or id")
    box.fill(other[:9])
    page.get_by_role("option", name="Sweep, rate 0.2").click()
    becomes(page, f"document.querySelector('{MATRIX} .plot').data?.[0].x.length === 2")
    ticks = page.evaluate(f"document.querySelector('{MATRIX} .plot').layout.xaxis.ticktext")
    assert ticks == ["Sweep, rate 0.1", "Sweep, rate 0.2"]
    expect(page.locator(f"{MATRIX} .foot .say")).to_contain_text("n = 2 tickets, replicate 0 of 2 runs")
    assert f"others={other}" in page.url
    chip = page.locator(".chips li")
    expect(chip).to_contain_text("Sweep, rate 0.2")
    # Escape closes the list; what was typed stays.
    box.fill("names")
    expect(page.get_by_role("listbox")).to_be_visible()
    box.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(box).to_have_attribute("aria-expanded", "false")
    # One ticket of another run, named.
    page.click("summary >> text=Choose tickets one by one")
    page.check(f'input[value="{one}:0:0"]')
    pick(page, "Add a ticket of another run by name or id", "Sweep, rate 0.2")
    page.get_by_role("combobox", name="Ticket of Sweep, rate 0.2").select_option(index=1)
    expect(page.locator("#chosen-count")).to_have_text("2 chosen")
    expect(page.locator(f"{MATRIX} .find")).to_have_text("These 2 tickets keep the same weights.")


def test_a_ticket_to_time_is_chosen_by_name(page: Page, finished: str) -> None:
    page.goto("/new?kind=hardware")
    pick(page, "Ticket of a run, by name or id", "A finished run")
    page.get_by_role("combobox", name="Ticket of A finished run").select_option(label="replicate 1 · level 2")
    expect(page.locator('input[name="ticket"]')).to_have_value(f"{finished}:1:2")


@pytest.mark.parametrize("path", ["/?q=id:{run}", "/runs/{run}"])
def test_ids_are_seen_and_copied(watched: Watched, finished: str, path: str) -> None:
    page = watched(permissions=["clipboard-read", "clipboard-write"])
    page.goto(path.format(run=finished))
    button = page.locator(f'button[data-copy="{finished}"]')
    expect(page.get_by_text(finished, exact=True).first).to_be_visible()
    button.click()
    expect(button).to_have_text("copied")
    assert page.evaluate("navigator.clipboard.readText()") == finished


RENEWED = """async (id) => {
  const script = document.querySelector('script[src$="js/shell.js"]').src;
  const {morph} = await import(script.replace('shell.js', 'morph.js'));
  const button = document.querySelector(`button[data-copy="${id}"]`);
  const place = button.parentElement;
  const [same, other] = [place.cloneNode(true), place.cloneNode(true)];
  other.querySelector('button[data-copy]').dataset.copy = 'another';
  button.click();
  while (button.textContent !== 'copied') await new Promise((done) => setTimeout(done, 5));
  morph(place, same);
  const kept = button.textContent;
  morph(place, other);
  return [kept, button.textContent, button.dataset.copy];
}"""


def test_a_renewed_board_goes_on_saying_that_an_id_was_copied(watched: Watched, finished: str) -> None:
    """But not beside the id of a run that has come in its place."""
    page = watched(permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"/?q=id:{finished}")
    button = page.locator(f'button[data-copy="{finished}"]')
    words = button.text_content()
    assert page.evaluate(RENEWED, finished) == ["copied", words, "another"]


def test_two_pictures_have_one_scale(page: Page, scope: Scope) -> None:
    """The run beside it holds ten times larger weights: the same colour means the same in both."""
    draw = np.random.default_rng(4)
    weights = draw.normal(size=(12, 9)).astype(np.float32)
    one, other = (imported(scope, f"times {k}", save({"fc.weight": k * weights})) for k in (1, 10))
    page.goto(f"/runs/{one}?tab=masks&color=trained&other={other}:0:0&mode=side")
    for matrix in ("a", "b"):
        becomes(page, f"document.querySelector('#matrix-{matrix}').data?.[0].zmax > 5")
    heats = "['a', 'b'].map((each) => document.querySelector(`#matrix-${each}`).data[0])"
    ends: Any = page.evaluate(f"{heats}.map((heat) => [heat.zmin, heat.zmax])")
    assert ends[0] == ends[1]
    expect(page.locator("#legend")).to_contain_text("One scale for A and B.")
