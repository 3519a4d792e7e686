"""A layer's name of hundreds of characters leaves pages as wide as they are, and odd ones are shown as they are."""

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from safetensors.numpy import save

from tests.browser.conftest import Scope, Watched

LAYER = ("_fsdp_wrapped_module.model.layers.0._checkpoint_wrapped_module.self_attn." * 3)[:200]


@pytest.fixture(scope="module")
def run(scope: Scope) -> str:
    dice = np.random.default_rng(3)
    files = [
        ("files", (f"level_{level}.safetensors", save({f"{LAYER}.weight_mask": (dice.random((8, 12)) < kept)})))
        for level, kept in enumerate((0.9, 0.4))
    ]
    answer = scope.client.post("/api/v1/imports", files=files)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_becomes_wider(watched: Watched, run: str, width: int) -> None:
    page = watched(width)
    for tab in ("masks", "overlap", "spec", "log"):
        page.goto(f"/runs/{run}?tab={tab}")
        for card in page.locator(".figure").all():
            card.scroll_into_view_if_needed()
            expect(card.locator(".main-svg").first).to_be_visible()
        assert beyond(page) == [], tab
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, tab


ODD = ("<b>bold<b>", "a&lt;b", "<i>x")
LONG = "blocks.10.attention.qkv_projection"


@pytest.fixture(scope="module")
def odd(scope: Scope) -> str:
    return _oddly_named(scope, 1)


@pytest.fixture(scope="module")
def two_odd(scope: Scope) -> str:
    return _oddly_named(scope, 2)


def _oddly_named(scope: Scope, levels: int) -> str:
    dice = np.random.default_rng(4)
    files = []
    for level in range(levels):
        tensors = {f"{name}.weight_mask": dice.random((8, 8)) < 0.5 for name in (*ODD, LONG)}
        files.append(("files", (f"level_{level}.safetensors", save(tensors))))
    answer = scope.client.post("/api/v1/imports", files=files)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_names_are_shown_as_they_are(watched: Watched, odd: str, two_odd: str) -> None:
    page = watched(1280)
    for tab, name, run in (("masks", "layer_density", odd), ("overlap", "overlap_vs_chance", two_odd)):
        page.goto(f"/runs/{run}?tab={tab}")
        card = page.locator(f"#figure-{name}")
        card.scroll_into_view_if_needed()
        expect(card.locator(".ytick text").first).to_be_visible()
        labels = card.locator(".ytick text")
        texts = labels.all_text_contents()
        assert {*ODD, f"…{LONG[-17:]}"} <= set(texts), name
        left = card.locator(".plot").bounding_box()
        boxes = [label.bounding_box() for label in labels.all()]
        assert left
        assert all(box and box["x"] >= left["x"] for box in boxes), name


def test_the_first_of_imported_masks_is_not_called_dense(watched: Watched, odd: str) -> None:
    page = watched(1280)
    page.goto(f"/runs/{odd}?tab=masks")
    slider = page.locator("#figure-degree_histogram input[name=level]")
    slider.scroll_into_view_if_needed()
    expect(page.locator("#figure-degree_histogram .main-svg").first).to_be_visible()
    expect(page.locator("#figure-degree_histogram .slide output")).to_have_text("0 of 0")


def beyond(page: Page) -> list[str]:
    """Elements that reach beyond the page and are not in a part that scrolls."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('main *')].filter((el) => {
          if (!el.checkVisibility() || el.closest('svg, .visually-hidden')) return false;
          for (let up = el.parentElement; up; up = up.parentElement)
            if (['auto', 'scroll', 'hidden', 'clip'].includes(getComputedStyle(up).overflowX)) return false;
          return el.getBoundingClientRect().right > innerWidth + 1;
        }).map((el) => `${el.tagName}.${el.className}: ${el.textContent.slice(0, 40)}`)"""
    )
    return found
