/** The film wall: the address holds what is seen, controls change the address, and every strip follows one slider. */
import { paced } from "../hints.js";
import { renewParts } from "../parts.js";
import { theme } from "../atlas/scales.js";
import { onTheme } from "../theme.js";
import { nearest, positions, standing } from "./alignment.js";
import { Enlarged } from "./enlarged.js";
import { Loader } from "./loader.js";
import { Player } from "./player.js";
import { ramp } from "./ramp.js";
import { film as ask } from "./server.js";
import { Shot } from "./shot.js";
import { legend, meaning, position, short } from "./words.js";

/** @typedef {import("./server.js").Film} Film */
/** @typedef {import("./server.js").Cell} Cell */

const SETTLED_MS = 250;
// Pixels of a picture: never more than the screen has there, or the browser would leave some out.
const SIZES = [64, 86, 128, 172, 256];

/** @param {HTMLFormElement} form */
export function film(form) {
  const run = form.dataset.run ?? "";
  const widths = (form.dataset.widths ?? "").split(",");
  const find = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
  const value = (/** @type {string} */ name) => /** @type {HTMLInputElement | RadioNodeList | null} */ (form.elements.namedItem(name))?.value ?? "";
  const ticked = (/** @type {string} */ name) => Boolean(/** @type {HTMLInputElement | null} */ (form.elements.namedItem(name))?.checked);
  const wall = find("wall");
  const slider = /** @type {HTMLInputElement} */ (find("film-at"));
  const play = /** @type {HTMLButtonElement} */ (find("film-play"));
  const repeat = /** @type {HTMLInputElement} */ (find("film-repeat"));
  const speed = /** @type {HTMLSelectElement} */ (find("film-speed"));
  const loader = new Loader();
  const shots = [.../** @type {NodeListOf<HTMLElement>} */ (wall.querySelectorAll(".shot"))].map((figure) => new Shot(figure, run, loader));
  /** @type {Film | null} */
  let made = null;
  /** @type {number[]} */
  let stops = [];
  // Where the slider stands, as a value; none is the end, and goes on with it.
  let at = Number.NaN;
  let drawn = 0;

  const here = () => new URL(location.href);
  const write = (/** @type {Record<string, string>} */ changes) => {
    const address = here();
    address.searchParams.set("tab", "film");
    for (const [name, text] of Object.entries(changes)) {
      if (text === "") address.searchParams.delete(name);
      else address.searchParams.set(name, text);
    }
    if (address.href === location.href) return;
    history.replaceState(null, "", address);
    document.dispatchEvent(new CustomEvent("chosen"));
  };
  let settling = 0;
  /** A browser refuses an address that changes at every frame. */
  const settle = () => {
    clearTimeout(settling);
    settling = setTimeout(() => write({ at: Number.isNaN(at) ? "" : `${Number(at.toPrecision(5))}` }), SETTLED_MS);
  };

  const width = () => Math.max(0, widths.indexOf(value("width")));
  const look = () => {
    const there = (wall.querySelector(".screen")?.clientWidth ?? 0) * devicePixelRatio;
    return { show: value("show"), scale: value("scale"), theme: theme(), size: SIZES.findLast((size) => size <= there + 1) ?? SIZES[0] };
  };
  const twins = () => ticked("twins");
  /** @param {Shot} shot @returns {Cell | undefined} */
  const cellOf = (shot) => made?.cells.find((cell) => cell.width === Number(value("width")) && cell.image === shot.image && cell.optimizer === shot.optimizer && cell.lr === shot.lr);
  const cells = () => made?.cells.filter((cell) => cell.width === Number(value("width")) && (twins() || cell.image === "picture")) ?? [];
  const index = () => (Number.isNaN(at) || !stops.length ? stops.length - 1 : nearest(stops, at));

  const enlarged = new Enlarged(/** @type {HTMLDialogElement} */ (find("enlarged")), run, {
    moved: (to) => go(to),
    closed: () => write({ cell: "" }),
  });

  /** Take the slider to a stop. @param {number} to */
  function go(to) {
    at = to >= stops.length - 1 ? Number.NaN : stops[Math.max(0, to)];
    settle();
    turn();
  }

  /** Show every strip where the slider stands. */
  function turn() {
    const align = value("align");
    const to = index();
    const stop = stops[to];
    const total = made?.moments.at(-1) ?? 0;
    slider.max = String(Math.max(0, stops.length - 1));
    slider.value = String(Math.max(0, to));
    const words = position(align, stop, total);
    slider.setAttribute("aria-valuetext", words);
    find("film-words").textContent = words;
    const means = meaning(align, stop, to === stops.length - 1);
    if (find("film-means").textContent !== means) find("film-means").textContent = means;
    for (const shot of shots) if (shot.cell && (twins() || shot.image === "picture")) shot.go(standing(shot.cell, align, stop ?? 0), align);
    enlarged.turn({ words, to, most: stops.length - 1, at: (cell) => standing(cell, align, stop ?? 0), align });
    wall.dataset.drawn = String(++drawn);
  }

  /** Show what is known in the way that the controls say. */
  function show() {
    if (!made) return;
    const chosen = look();
    stops = positions(cells(), value("align"), made.moments);
    for (const shot of shots) {
      const cell = cellOf(shot);
      if (cell) shot.set(cell, value("replicate"), chosen, made.two_level);
    }
    const matrix = made.widths[width()];
    const c = matrix.reach;
    // A flat matrix is stretched, or nothing could be seen of it.
    wall.style.setProperty("--aspect", String(Math.min(2, Math.max(0.5, matrix.columns / matrix.rows))));
    ramp(/** @type {HTMLCanvasElement} */ (find("film-ramp")), made.colors[theme()]);
    find("film-ends").textContent = chosen.scale === "fixed" && c !== null ? `−${short(c, 2)} … 0 … +${short(c, 2)}` : "− end of the frame … 0 … + end";
    find("film-legend").textContent = legend(chosen.show, chosen.scale, matrix.rows, matrix.columns, chosen.size, made.two_level);
    enlarged.set({ film: made, replicate: value("replicate"), look: chosen, matrix });
    turn();
    for (const shot of shots) shot.fetchRest();
    wall.dataset.seq = String(made.seq);
  }

  async function read() {
    try {
      made = await ask(run, value("replicate"));
    } catch (error) {
      find("film-means").textContent = `The films could not be loaded: ${error instanceof Error ? error.message : error}. Trying again.`;
      return;
    }
    show();
  }
  const renew = paced(read, 500);

  const player = new Player({
    ready: () => {
      const next = stops[following()];
      const align = value("align");
      return next === undefined || shots.every((shot) => !shot.cell || (!twins() && shot.image === "none") || shot.prepare(standing(shot.cell, align, next)));
    },
    next: () => {
      const to = following();
      if (to < 0) return false;
      go(to);
      return true;
    },
    stopped: () => said(false),
  });
  /** The stop after this one, or −1 at the end. */
  const following = () => (index() + 1 < stops.length ? index() + 1 : repeat.checked && stops.length > 1 ? 0 : -1);
  const said = (/** @type {boolean} */ playing) => {
    for (const button of [play, find("enlarged-play")]) {
      button.textContent = playing ? "Pause" : "Play";
      button.setAttribute("aria-pressed", String(playing));
    }
  };
  function toggle() {
    player.rate = Number(speed.value);
    if (!player.playing && index() >= stops.length - 1) go(0);
    player.toggle();
    said(player.playing);
  }
  play.addEventListener("click", toggle);
  find("enlarged-play").addEventListener("click", toggle);
  speed.addEventListener("change", () => { player.rate = Number(speed.value); });

  form.addEventListener("submit", (event) => event.preventDefault());
  slider.addEventListener("input", () => { player.stop(); go(Number(slider.value)); });
  form.addEventListener("change", (event) => {
    const input = /** @type {HTMLInputElement} */ (event.target);
    if (["twins", "large"].includes(input.name)) {
      wall.classList.toggle(input.name, input.checked);
      write({ [input.name]: input.checked ? "1" : "" });
    } else if (["show", "scale", "align", "replicate", "width"].includes(input.name)) {
      if (input.name === "align") {
        // A step says nothing about a loss.
        at = Number.NaN;
        write({ at: "" });
      }
      write({ [input.name]: input.value });
      if (["replicate", "width"].includes(input.name)) renewParts();
      if (input.name === "replicate") {
        renew();
        return;
      }
    } else return;
    loader.clear();
    for (const shot of shots) shot.asked.clear();
    show();
  });
  wall.addEventListener("click", (event) => {
    const button = /** @type {HTMLElement} */ (event.target).closest(".enlarge");
    const shot = shots.find((each) => each.figure.contains(button));
    if (button && shot) open(shot);
  });
  /** @param {Shot} shot */
  function open(shot) {
    const cell = cellOf(shot);
    if (!cell) return;
    write({ cell: `${shot.optimizer}:${shot.lr}:${shot.image}` });
    enlarged.open(cell);
    turn();
  }

  /** What names a training in the address; links of before hold the number of its rate and, of a twin, that word. @param {string} text */
  function named(text) {
    const [optimizer, rate, image] = text.split(":");
    if (image && image !== "twin") return [optimizer, rate, image];
    const rates = new Set(made?.cells.filter((cell) => cell.optimizer === optimizer).map((cell) => cell.lr));
    return [optimizer, String([...rates][Number(rate)]), image ? "none" : "picture"];
  }

  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) shots.find((shot) => shot.figure === entry.target)?.approach(entry.isIntersecting);
  }, { rootMargin: "60%" });
  for (const shot of shots) watcher.observe(shot.figure);
  onTheme(show);
  new ResizeObserver(() => { if (made && look().size !== shots[0]?.look.size) show(); }).observe(wall);

  const given = here().searchParams;
  const asked = Number(given.get("at") ?? "");
  if (given.get("at") && Number.isFinite(asked) && asked >= 0) at = asked;
  find("transport").hidden = false;
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) speed.value = "2";
  read().then(() => {
    const [optimizer, lr, image] = named(given.get("cell") ?? "");
    const shot = shots.find((each) => each.optimizer === optimizer && String(each.lr) === lr && each.image === image);
    if (shot) open(shot);
  });
  return { renew };
}
