/** Films of several runs on one slider: every training at the same step, or at its nearest earlier frame. */
import { paced } from "../hints.js";
import { theme } from "../atlas/scales.js";
import { onTheme } from "../theme.js";
import { nearest, standing } from "./alignment.js";
import { Loader } from "./loader.js";
import { Player } from "./player.js";
import { film as ask } from "./server.js";
import { Shot } from "./shot.js";
import { whole } from "./words.js";

/** @typedef {import("./server.js").Film} Film */

const SETTLED_MS = 250;

/** @param {HTMLFormElement} form */
export function together(form) {
  const find = (/** @type {string} */ name) => /** @type {HTMLElement} */ (document.getElementById(`films-${name}`));
  const slider = /** @type {HTMLInputElement} */ (find("at"));
  const play = /** @type {HTMLButtonElement} */ (find("play"));
  const repeat = /** @type {HTMLInputElement} */ (find("repeat"));
  const speed = /** @type {HTMLSelectElement} */ (find("speed"));
  const loader = new Loader();
  const figures = [.../** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll(".shot"))];
  const shots = figures.map((figure) => new Shot(figure, figure.dataset.run ?? "", loader));
  const runs = [...new Set(shots.map((shot) => shot.run))];
  const replicate = figures[0]?.dataset.replicate ?? "0";
  /** @type {Map<string, Film>} */
  const films = new Map();
  /** The steps at which one of the films has a frame. @type {number[]} */
  let stops = [];
  // Where the slider is, as a step; none is the end, and goes on with it.
  let at = Number.NaN;

  const write = (/** @type {Record<string, string>} */ changes) => {
    const address = new URL(location.href);
    for (const [name, text] of Object.entries(changes)) {
      if (text === "") address.searchParams.delete(name);
      else address.searchParams.set(name, text);
    }
    if (address.href !== location.href) history.replaceState(null, "", address);
  };
  let settling = 0;
  /** A browser refuses an address that changes at every frame. */
  const settle = () => {
    clearTimeout(settling);
    settling = setTimeout(() => write({ at: Number.isNaN(at) ? "" : String(at) }), SETTLED_MS);
  };
  const shown = () => /** @type {RadioNodeList | null} */ (form.elements.namedItem("show"))?.value ?? "weights";
  const index = () => (Number.isNaN(at) || !stops.length ? stops.length - 1 : nearest(stops, at));

  /** @param {number} to */
  function go(to) {
    at = to >= stops.length - 1 ? Number.NaN : stops[Math.max(0, to)];
    settle();
    turn();
  }

  /** Show every film at the step of the slider. */
  function turn() {
    const to = index();
    const stop = stops[to];
    slider.max = String(Math.max(0, stops.length - 1));
    slider.value = String(Math.max(0, to));
    const words = stop === undefined ? "" : `step ${whole(stop)} of ${whole(stops[stops.length - 1])}`;
    slider.setAttribute("aria-valuetext", words);
    find("words").textContent = words;
    /** @type {HTMLButtonElement} */ (find("back")).disabled = to <= 0;
    /** @type {HTMLButtonElement} */ (find("on")).disabled = to >= stops.length - 1;
    let earlier = 0;
    for (const shot of shots) {
      if (!shot.cell) continue;
      const place = standing(shot.cell, "step", stop ?? 0);
      shot.go(place, "step");
      const step = shot.cell.frames[place.index]?.step;
      const before = step !== undefined && stop !== undefined && step < stop;
      earlier += Number(before);
      const said = before ? (place.index === shot.cell.frames.length - 1 ? `its last frame` : `no frame at ${whole(stop)}`) : "";
      const note = /** @type {HTMLElement} */ (shot.figure.querySelector(".earlier"));
      if (note.textContent !== said) note.textContent = said;
    }
    const means = stop === undefined ? "No measurements yet: every film starts with its first frame." : `Every training at step ${whole(stop)}${earlier ? `; ${earlier === 1 ? "one has" : `${earlier} have`} no frame there and ${earlier === 1 ? "shows its" : "show their"} nearest earlier one` : ""}.`;
    if (find("means").textContent !== means) find("means").textContent = means;
    find("rows").dataset.step = String(stop ?? "");
  }

  function show() {
    const moments = new Set([...films.values()].flatMap((film) => film.moments));
    stops = [...moments].sort((one, other) => one - other);
    // Frames of a screen that has more dots are made of as many.
    const look = { show: shown(), scale: "fixed", theme: theme(), size: devicePixelRatio > 1 ? 256 : 128 };
    for (const shot of shots) {
      const film = films.get(shot.run);
      const width = Number(shot.figure.dataset.width);
      const cell = film?.cells.find((each) => each.width === width && each.image === shot.image && each.optimizer === shot.optimizer && each.lr === shot.lr);
      if (!film || !cell) continue;
      const matrix = film.widths.find((each) => each.width === width);
      if (matrix) shot.figure.style.setProperty("--aspect", String(Math.min(2, Math.max(0.5, matrix.columns / matrix.rows))));
      shot.set(cell, replicate, look, film.two_level);
    }
    turn();
    for (const shot of shots) shot.fetchRest();
  }

  async function read() {
    const problems = [];
    for (const run of runs) {
      try {
        films.set(run, await ask(run, replicate));
      } catch (error) {
        problems.push(error instanceof Error ? error.message : String(error));
      }
    }
    show();
    if (problems.length) find("means").textContent = `Some films could not be loaded: ${problems[0]}. Trying again.`;
  }
  const renew = paced(read, 1000);

  /** The stop after this one, or −1 at the end. */
  const following = () => (index() + 1 < stops.length ? index() + 1 : repeat.checked && stops.length > 1 ? 0 : -1);
  const player = new Player({
    ready: () => {
      const next = stops[following()];
      return next === undefined || shots.every((shot) => !shot.cell || shot.prepare(standing(shot.cell, "step", next)));
    },
    next: () => {
      const to = following();
      if (to < 0) return false;
      go(to);
      return true;
    },
    stopped: () => said(false),
  });
  const said = (/** @type {boolean} */ playing) => {
    play.textContent = playing ? "Pause" : "Play";
    play.setAttribute("aria-pressed", String(playing));
  };
  play.addEventListener("click", () => {
    player.rate = Number(speed.value);
    if (!player.playing && index() >= stops.length - 1) go(0);
    player.toggle();
    said(player.playing);
  });
  for (const [name, by] of /** @type {[string, number][]} */ ([["back", -1], ["on", 1]]))
    find(name).addEventListener("click", () => { player.stop(); go(index() + by); });
  speed.addEventListener("change", () => { player.rate = Number(speed.value); });
  slider.addEventListener("input", () => { player.stop(); go(Number(slider.value)); });
  form.addEventListener("change", (event) => {
    const input = /** @type {HTMLInputElement} */ (event.target);
    if (input.name === "show") {
      write({ show: input.value === "weights" ? "" : input.value });
      loader.clear();
      show();
    } else if (["width", "replicate"].includes(input.name)) {
      const address = new URL(location.href);
      if (input.value === "") address.searchParams.delete(input.name);
      else address.searchParams.set(input.name, input.value);
      address.hash = "films";
      location.assign(address);
    }
  });
  form.addEventListener("submit", (event) => event.preventDefault());

  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) shots.find((shot) => shot.figure === entry.target)?.approach(entry.isIntersecting);
  }, { rootMargin: "60%" });
  for (const shot of shots) watcher.observe(shot.figure);
  onTheme(show);

  const given = new URL(location.href).searchParams.get("at") ?? "";
  if (/^\d{1,9}$/.test(given)) at = Number(given);
  find("transport").hidden = !shots.length;
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) speed.value = "1";
  if (shots.length) read();
  return { runs, renew };
}
