"""The mask atlas in a real Chromium, on a layer of 4096×4096 weights with 20 levels and 3 replicates.

`scene()` measures them in one run and keeps them; the other benchmarks of this folder each name one and its bound.
"""

import json
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import parse_qs, urlsplit

import psutil
from playwright.sync_api import Page, sync_playwright

from benchmarks.large_run import LEVELS, REPLICATES, SIDE, write
from benchmarks.live_latency import FLAGS
from benchmarks.server import Server, server
from tests.chromium import find

STEPS = 60
COLORS = ("mask", "level", "trained", "moved", "replicates")
# One step: the wheel turns, and the next picture has been decoded, drawn and painted.
STEP = """async ([x, y, turn, across, down]) => {
  const place = document.getElementById("matrix-a");
  const box = place.getBoundingClientRect();
  const at = { clientX: box.left + x * box.width, clientY: box.top + y * box.height, bubbles: true, cancelable: true };
  const before = place.dataset.drawn, began = performance.now();
  if (turn) place.dispatchEvent(new WheelEvent("wheel", { ...at, deltaY: turn, ctrlKey: true }));
  else place.dispatchEvent(new KeyboardEvent("keydown", { key: across, bubbles: true, cancelable: true }));
  while (place.dataset.drawn === before) await new Promise((done) => requestAnimationFrame(done));
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - began;
}"""
FIRST = """async () => {
  const place = document.getElementById("matrix-a");
  const times = {};
  const till = async (name, holds) => {
    while (!holds()) await new Promise((done) => requestAnimationFrame(done));
    times[name] = performance.now();
  };
  await till("pictured", () => place?.dataset.pictured || place?.dataset.drawn);
  await till("drawn", () => place.dataset.drawn);
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  times.drawn = performance.now();
  return [times.pictured, times.drawn];
}"""
TILES = """() => performance.getEntriesByType("resource").filter((each) => /[/]tile[?].*width=/.test(each.name))
  .map((each) => [each.name, each.responseStart - each.requestStart, each.encodedBodySize])"""
# What the same matrix costs as a Plotly heatmap of half its side: drawn, then zoomed by its axes.
HEATMAP = """async () => {
  await new Promise((done, fail) => {
    const script = document.createElement("script");
    const src = document.querySelector("link[rel=preload][as=script]").href;
    Object.assign(script, { src, onload: done, onerror: fail });
    document.head.append(script);
  });
  const place = document.createElement("div");
  document.body.append(place);
  const z = Array.from({ length: 2048 }, () => Float32Array.from({ length: 2048 }, Math.random));
  const painted = async (work) => {
    const began = performance.now();
    await work();
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    return performance.now() - began;
  };
  const drawn = await painted(() => Plotly.newPlot(place, [{ type: "heatmap", z }], { width: 1000, height: 640 }));
  const zooms = [];
  for (let i = 1; i <= 8; i++) {
    const range = [20 * i, 2048 - 20 * i];
    zooms.push(await painted(() => Plotly.relayout(place, { "xaxis.range": range, "yaxis.range": range })));
  }
  place.remove();
  return [drawn, zooms];
}"""


@dataclass(frozen=True)
class Scene:
    """Times in ms, sizes in bytes; `steps`, `server_ms` and `tile_bytes` are lists by colouring.

    `first_ms` is the time from opening the page until the picture is painted, `axes_ms` until its axes are.
    """

    first_ms: float
    axes_ms: float
    steps: dict[str, list[float]]
    server_ms: dict[str, list[float]]
    tile_bytes: dict[str, list[int]]
    heatmap_ms: float
    heatmap_zooms_ms: list[float]
    peak_bytes: int
    mask_bytes: int

    @property
    def all_steps(self) -> list[float]:
        """Return every step of every colouring."""
        return [step for steps in self.steps.values() for step in steps]


def p95(values: list[float]) -> float:
    """Return the 95th percentile."""
    return quantiles(values, n=20)[-1]


@cache
def scene() -> Scene:
    """Measure everything, once in a process."""
    with server(workers=0) as running:
        store = running.store()
        run = write(store)
        stored = sum(ref.size_bytes for ref in store.artifacts(run) if ref.name in ("mask", "pyramid"))
        store.close()
        web = _web(running)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find(whole=True), args=FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            # A reader comes from the run's page; of its masks nothing has been read yet.
            page.goto(f"{running.url}/runs/{run}")
            page.wait_for_selector(".plot .main-svg")
            page.wait_for_timeout(1000)
            page.goto(f"{running.url}/runs/{run}?tab=masks&level=5")
            first_ms, axes_ms = page.evaluate(FIRST)
            page.wait_for_timeout(1500)
            steps, server_ms, tile_bytes = {}, {}, {}
            for color in COLORS:
                page.goto(f"{running.url}/runs/{run}?tab=masks&level=5&color={color}")
                page.evaluate(FIRST)
                page.wait_for_timeout(1500)
                steps[color] = _walk(page)
                tiles = [tile for tile in page.evaluate(TILES) if _color(tile[0]) == color and _screen(tile[0])]
                server_ms[color] = [tile[1] for tile in tiles[1:]]
                tile_bytes[color] = [tile[2] for tile in tiles]
            heatmap_ms, zooms = page.evaluate(HEATMAP)
            browser.close()
        peak = _peak(web)
    return Scene(first_ms, axes_ms, steps, server_ms, tile_bytes, heatmap_ms, zooms, peak, stored)


def bits_per_weight_and_level(measured: Scene) -> float:
    """Return what masks and pyramids take together."""
    return 8 * measured.mask_bytes / (SIDE * SIDE * LEVELS * REPLICATES)


def _walk(page: Page) -> list[float]:
    """Zoom in, pan about and zoom out again, as a reader does; at least 20,000 weights stay in view."""
    taken = []
    for step in range(STEPS):
        part = step % 20
        if part < 6:
            move: list[object] = [0.4 + 0.03 * part, 0.5, -300, "", ""]
        elif part < 14:
            move = [0.5, 0.5, 0, ["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"][step % 4], ""]
        else:
            move = [0.5, 0.5, 300, "", ""]
        taken.append(float(page.evaluate(STEP, move)))
        page.wait_for_timeout(60)
    return taken


def _color(address: str) -> str:
    return parse_qs(urlsplit(address).query)["color"][0] if "color=" in address else ""


def _screen(address: str) -> bool:
    # The pictures in the strip of layers are small.
    return int(parse_qs(urlsplit(address).query)["width"][0]) > 300


def _web(running: Server) -> psutil.Process:
    """Return the web process of the server that listens there."""
    port = urlsplit(running.url).port
    deadline = time.time() + 10
    while time.time() < deadline:
        for process in psutil.process_iter(["cmdline"]):
            line = process.info["cmdline"] or []
            if "app.cli" in line and "web" in line and any(c.laddr.port == port for c in process.net_connections()):
                return process
        time.sleep(0.1)
    raise LookupError("the web process was not found")


def _peak(process: psutil.Process) -> int:
    """Return the most memory that a process has held at once."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def report(measured: Scene) -> str:
    """Return all numbers as JSON, for the docs."""
    return json.dumps(
        {
            "first_ms": round(measured.first_ms),
            "axes_ms": round(measured.axes_ms),
            "step_p95_ms": {color: round(p95(steps)) for color, steps in measured.steps.items()},
            "step_median_ms": {color: round(median(steps)) for color, steps in measured.steps.items()},
            "server_p95_ms": {color: round(p95(times)) for color, times in measured.server_ms.items()},
            "largest_tile_kB": {color: round(max(sizes) / 1000) for color, sizes in measured.tile_bytes.items()},
            "heatmap_ms": round(measured.heatmap_ms),
            "heatmap_zoom_median_ms": round(median(measured.heatmap_zooms_ms)),
            "peak_MB": round(measured.peak_bytes / 1e6),
            "bits_per_weight_and_level": round(bits_per_weight_and_level(measured), 3),
        },
        indent=1,
    )


if __name__ == "__main__":
    print(report(scene()))
