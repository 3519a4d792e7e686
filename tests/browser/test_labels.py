"""Labels at the ends of lines, measured where they are drawn: none covers another, all keep their lines' order."""

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Watched

MEASURE = """() => [...document.querySelectorAll('.figure')].flatMap(card => {
  const plot = card.querySelector('.plot');
  const layout = plot._fullLayout;
  if (!layout?.annotations) return [];
  const box = plot.getBoundingClientRect();
  const notes = [...plot.querySelectorAll('.infolayer .annotation')].map(node => {
    const note = layout.annotations[Number(node.dataset.index)];
    const {left, right, top, bottom} = node.querySelector('text').getBoundingClientRect();
    return {text: note.text, role: note.name, xref: note.xref, left, right, top, bottom};
  }).filter(note => note.text);
  const ends = (plot._fullData ?? []).filter(t => t.meta?.part === 'mean' && (t.yaxis ?? 'y') === 'y').flatMap(t => {
    const [x, y] = [(i) => layout.xaxis.d2p(t.x[i]), (i) => layout.yaxis.d2p(t.y[i])];
    const k = [...t.y].findLastIndex((_, i) => Number.isFinite(x(i)) && Number.isFinite(y(i)));
    return k < 0 ? [] : [{role: t.meta.role, name: t.name, x: box.left + layout.xaxis._offset + x(k),
      y: box.top + layout.yaxis._offset + y(k)}];
  });
  return [{figure: card.dataset.figure, notes, ends, right: box.right, left: box.left}];
})"""
# Boxes of text have air above and below their letters.
AIR = 4.0


def measured(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate(MEASURE)
    return found


def overlaps(notes: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [
        (one["text"], other["text"])
        for i, one in enumerate(notes)
        for other in notes[i + 1 :]
        if one["left"] < other["right"] - 1 and other["left"] < one["right"] - 1
        and one["top"] < other["bottom"] - AIR and other["top"] < one["bottom"] - AIR
    ]  # fmt: skip


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("tab", ["curves", "training", "masks", "movement"])
def test_no_label_covers_another_or_leaves_its_figure(watched: Watched, finished: str, tab: str, width: int) -> None:
    page = watched(width, 5200)
    page.goto(f"/runs/{finished}?tab={tab}&level=2")
    page.wait_for_selector(".figure .main-svg")
    page.wait_for_timeout(1500)
    figures = measured(page)
    assert figures
    for each in figures:
        assert overlaps(each["notes"]) == [], each["figure"]
        for note in each["notes"]:
            assert note["right"] <= each["right"] + 1, (each["figure"], note)


@pytest.mark.parametrize("width", [1280, 390])
def test_labels_come_in_the_order_of_their_lines_and_near_their_ends(
    watched: Watched, finished: str, width: int
) -> None:
    page = watched(width, 5200)
    page.goto(f"/runs/{finished}")
    page.wait_for_selector(".figure .main-svg")
    page.wait_for_timeout(1500)
    for each in measured(page):
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
