"""What of labels is measured in a page: where they and their lines are drawn, and what they cover."""

import time
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

from tests.browser.conftest import becomes

MEASURE = """() => [...document.querySelectorAll('.figure')].flatMap(card => {
  const plot = card.querySelector('.plot');
  const layout = plot._fullLayout;
  if (!layout?.annotations) return [];
  const free = (layout.meta.places ?? []).filter(place => place.image === undefined).map(place => place.note);
  const box = plot.getBoundingClientRect();
  const notes = [...plot.querySelectorAll('.infolayer .annotation')].map(node => {
    const note = layout.annotations[Number(node.dataset.index)];
    const {left, right, top, bottom} = node.querySelector('text').getBoundingClientRect();
    const head = node.querySelector('.annotation-arrow-g path');
    const lead = head ? {
      x: box.left + layout.xaxis._offset + layout.xaxis.r2p(note.x) + note.xshift,
      y: box.top + layout.yaxis._offset + layout.yaxis.r2p(note.y)} : null;
    const ground = getComputedStyle(node.querySelector('.annotation-text-g rect')).fill;
    return {text: note.text, role: note.name, free: free.includes(Number(node.dataset.index)),
      yref: note.yref, lead, ground, filled: note.bgcolor !== 'rgba(0,0,0,0)',
      left, right, top, bottom};
  }).filter(note => note.text);
  const ends = (plot._fullData ?? []).filter(t => t.meta?.part === 'mean' && (t.yaxis ?? 'y') === 'y').flatMap(t => {
    const [x, y] = [(i) => layout.xaxis.d2p(t.x[i]), (i) => layout.yaxis.d2p(t.y[i])];
    const k = [...t.y].findLastIndex((_, i) => Number.isFinite(x(i)) && Number.isFinite(y(i)));
    return k < 0 ? [] : [{role: t.meta.role, name: t.name, x: box.left + layout.xaxis._offset + x(k),
      y: box.top + layout.yaxis._offset + y(k)}];
  });
  const titles = [...plot.querySelectorAll('.xtitle')].map(node => {
    const {left, right, bottom} = node.getBoundingClientRect();
    return {text: node.textContent, left, right, bottom};
  });
  return [{figure: card.dataset.figure, titles, bottom: box.bottom, notes, ends, right: box.right, left: box.left}];
})"""
# Of labels inside a plot: markers and points of lines that their letters cover, and how far the point that they are at
# is from what has their colour; of names of pictures, the gap to these.
INSIDE = """() => [...document.querySelectorAll('.figure .plot')].filter(p => p._fullLayout?.meta?.places).map(plot => {
  const {meta, annotations, xaxis, yaxis} = plot._fullLayout;
  const frame = plot.getBoundingClientRect();
  const letters = [...plot.querySelectorAll('.infolayer .annotation')].map(node => {
    const {left, right, top, bottom} = node.querySelector('text').getBoundingClientRect();
    return {index: Number(node.dataset.index), left: left + 1, right: right - 1, top: top + 3, bottom: bottom - 3};
  });
  const touch = (a, b) => a.left < b.right && a.right > b.left && a.top < b.bottom && a.bottom > b.top;
  const color = (node, name) => getComputedStyle(node)[name].match(/\\d+/g).slice(0, 3).join();
  const drawn = [...plot.querySelectorAll('.scatterlayer path.js-line')].flatMap(path => {
    if (parseFloat(getComputedStyle(path).strokeWidth) === 0) return [];
    const matrix = path.getScreenCTM();
    return Array.from({length: Math.ceil(path.getTotalLength())}, (_, k) => {
      const {x, y} = path.getPointAtLength(k).matrixTransform(matrix);
      return {left: x, right: x, top: y, bottom: y, color: color(path, 'stroke')};
    });
  });
  drawn.push(...[...plot.querySelectorAll('.scatterlayer path.point')].map(node => {
    const {left, right, top, bottom} = node.getBoundingClientRect();
    return {left, right, top, bottom, color: color(node, getComputedStyle(node).fill === 'none' ? 'stroke' : 'fill')};
  }));
  const images = [...plot.querySelectorAll('.imagelayer image')];
  const covered = [], gaps = [], astray = [];
  for (const place of meta.places) {
    const box = letters.find(each => each.index === place.note);
    const note = annotations[place.note];
    if (place.image !== undefined) {
      const {left, right, width, height} = images[place.image].getBoundingClientRect();
      gaps.push([note.text, box.left - (left + right + Math.min(width, height * place.aspect)) / 2]);
      continue;
    }
    covered.push([note.text, drawn.filter(each => touch(each, box)).length]);
    const [x, y] = [frame.left + xaxis._offset + xaxis.r2p(note.x), frame.top + yaxis._offset + yaxis.r2p(note.y)];
    const ink = plot._fullData.find(trace => trace.meta?.role === note.name && trace.line?.width !== 0);
    if (!ink) continue;
    const own = (ink.mode.includes('lines') ? ink.line : ink.marker).color.match(/\\d+/g).slice(0, 3).join();
    const away = ({left, right, top, bottom}, to) => Math.hypot(
      Math.max(left - to.right, 0, to.left - right), Math.max(top - to.bottom, 0, to.top - bottom));
    const least = (drawn, to) => Math.min(...drawn.map(each => away(each, to)));
    const [mine, others] = [drawn.filter(each => each.color === own), drawn.filter(each => each.color !== own)];
    const whose = note.showarrow ? 'led' : least(mine, box) <= least(others, box) + 1 ? 'own' : "another's";
    astray.push([note.text, least(mine, {left: x, right: x, top: y, bottom: y}), whose]);
  }
  return {figure: plot.closest('.figure').dataset.figure, covered, gaps, astray};
})"""
FITS = """[...document.querySelectorAll('.figure .plot')].every(plot => !plot._fullLayout || plot.closest('[hidden]') ||
  Math.abs(plot._fullLayout.width - plot.getBoundingClientRect().width) <= 1)"""
# Boxes of text have air above and below their letters.
AIR = 4.0


@dataclass(frozen=True)
class View:
    """What is measured on a page, and of labels inside its plots."""

    figures: list[dict[str, Any]]
    inside: list[dict[str, Any]]


def drawn(page: Page) -> None:
    """Wait until every figure of a page is drawn."""
    page.wait_for_selector(".figure .main-svg", state="attached")
    becomes(
        page, "[...document.querySelectorAll('.figure .plot')].every(p => p._fullLayout || p.closest('[hidden]'))", 20
    )


def widened(page: Page, width: int) -> None:
    """Make the window this wide, and wait until every figure is drawn for it."""
    page.set_viewport_size({"width": width, "height": 5200})
    becomes(page, f"innerWidth === {width} && {FITS}")


def still(page: Page) -> list[dict[str, Any]]:
    """What is measured when it has been the same for a third of a second."""
    now, same, end = measured(page), 0, time.monotonic() + 20
    while same < 2:
        assert time.monotonic() < end, "labels go on moving"
        page.wait_for_timeout(170)
        before, now = now, measured(page)
        same = same + 1 if now == before else 0
    return now


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


def strangers(each: dict[str, Any]) -> list[tuple[str, str]]:
    """Labels that no line leads to, and that are nearer to the end of another line than to their own."""
    found = []
    for note in each["notes"]:
        # Those inside a plot have a test of their own.
        if note["yref"] != "y" or note["free"]:
            continue
        own = [end for end in each["ends"] if end["role"] == note["role"]]
        middle = (note["top"] + note["bottom"]) / 2
        if note["lead"]:
            ends = [
                end for end in own if abs(end["x"] - note["lead"]["x"]) < 14 and abs(end["y"] - note["lead"]["y"]) < 3
            ]
            if not ends:
                found.append((note["text"], "leads to no end of its line"))
            continue
        here = [end for end in each["ends"] if 0 < note["left"] - end["x"] < 24]
        mine = [abs(end["y"] - middle) for end in here if end["role"] == note["role"]]
        if not mine:
            continue
        others = [end for end in here if end["role"] != note["role"]]
        found += [(note["text"], end["name"]) for end in others if abs(end["y"] - middle) < min(mine) - 1]
    return found
