/** One training on the wall: its canvas, the frames of it that are decoded, and the words under it. */
import { picture } from "./server.js";
import { caption, short, spoken } from "./words.js";

/** @typedef {import("./server.js").Cell} Cell */
/** @typedef {import("./server.js").Look} Look */
/** @typedef {import("./server.js").Picture} Picture */
/** @typedef {import("./alignment.js").Standing} Standing */

const MOST_BYTES = 2_000_000;

export class Shot {
  /** @param {HTMLElement} figure @param {string} run @param {import("./loader.js").Loader} loader */
  constructor(figure, run, loader) {
    const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (figure.querySelector(name));
    this.figure = figure;
    this.run = run;
    this.loader = loader;
    this.optimizer = figure.dataset.optimizer ?? "";
    this.lr = Number(figure.dataset.lr);
    this.image = figure.dataset.image ?? "";
    this.canvas = /** @type {HTMLCanvasElement} */ (part("canvas"));
    this.context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    this.screen = part(".screen");
    this.over = part(".over");
    this.note = part(".note");
    this.words = { step: part(".step"), accuracy: part(".accuracy"), seen: part(".seen"), measure: part(".measure"), value: part(".value"), reach: part(".reach") };
    /** @type {Map<number, Picture>} frames by step */
    this.frames = new Map();
    /** @type {Map<number, "later" | "now" | "going">} those that are on their way */
    this.asked = new Map();
    /** What was fetched of this film in the look it has now. */
    this.bytes = 0;
    /** @type {Cell | null} */
    this.cell = null;
    this.replicate = "0";
    /** @type {Look} */
    this.look = { show: "weights", scale: "fixed", size: 256, theme: "light" };
    /** @type {Standing} */
    this.at = { index: -1, reached: true, diverged: false };
    this.align = "step";
    this.twoLevel = true;
    this.near = false;
    this.wanted = -1;
    this.drawn = "";
    this.said = "";
    this.abort = new AbortController();
  }

  /** What names the training. */
  get training() {
    return { replicate: this.replicate, width: this.cell?.width ?? 0, image: this.image, optimizer: this.optimizer, lr: this.lr };
  }

  /** Show a training in some way; what is on the canvas stays until the first frame has come. @param {Cell} cell @param {string} replicate @param {Look} look @param {boolean} twoLevel */
  set(cell, replicate, look, twoLevel) {
    const same = this.cell?.width === cell.width && this.replicate === replicate && JSON.stringify(look) === JSON.stringify(this.look);
    this.cell = cell;
    this.twoLevel = twoLevel;
    if (same) return;
    this.replicate = replicate;
    this.look = look;
    this.drop();
    this.bytes = 0;
  }

  /** Forget what is decoded: it can be fetched again from the browser's own store. */
  drop() {
    this.abort.abort();
    this.abort = new AbortController();
    for (const frame of this.frames.values()) frame.bitmap.close();
    this.frames.clear();
    this.asked.clear();
    this.drawn = "";
  }

  /** Whether this place can be shown at once; what it lacks is fetched. @param {Standing} at */
  prepare(at) {
    const step = this.cell?.frames[at.index]?.step;
    if (!this.near || step === undefined || this.frames.has(step)) return true;
    this.fetch(step, true);
    return false;
  }

  /** Go to a frame. @param {Standing} at @param {string} align */
  go(at, align) {
    this.at = at;
    this.align = align;
    this.wanted = this.cell?.frames[at.index]?.step ?? -1;
    if (this.near) this.fetch(this.wanted, true);
    this.paint();
  }

  /** The reader comes near, or leaves. @param {boolean} near */
  approach(near) {
    if (near === this.near) return;
    this.near = near;
    if (!near) return this.drop();
    this.fetch(this.wanted, true);
    this.paint();
    this.fetchRest();
  }

  /** Fetch the other frames in the order of the film, as long as they are not too many. */
  fetchRest() {
    if (!this.near) return;
    for (const frame of this.cell?.frames ?? []) this.fetch(frame.step, false);
  }

  /** @param {number} step @param {boolean} urgent */
  fetch(step, urgent) {
    const asked = this.asked.get(step);
    if (step < 0 || this.frames.has(step) || (asked && !(urgent && asked === "later"))) return;
    this.asked.set(step, urgent ? "now" : "later");
    const { signal } = this.abort;
    this.loader.add(async () => {
      if (signal.aborted || this.frames.has(step) || this.asked.get(step) === "going") return;
      // Asked for again meanwhile, and more urgently; or too much already.
      if (!urgent && this.asked.get(step) === "now") return;
      if (!urgent && this.bytes > MOST_BYTES) return void this.asked.delete(step);
      this.asked.set(step, "going");
      try {
        const made = await picture(this.run, this.training, step, this.look, signal);
        if (signal.aborted) return made.bitmap.close();
        this.frames.set(step, made);
        this.bytes += made.bytes;
        this.asked.delete(step);
        if (step === this.wanted) this.paint();
      } catch (error) {
        if (signal.aborted) return;
        this.asked.delete(step);
        if (step === this.wanted) this.screen.title = `The frame could not be loaded: ${error instanceof Error ? error.message : error}`;
      }
    }, urgent);
  }

  /** Put the wanted frame on the canvas, if it is there, and say what it is. */
  paint() {
    const { cell } = this;
    if (!cell) return;
    const frame = this.frames.get(this.wanted);
    const said = caption(cell, this.at, this.twoLevel, this.align);
    this.screen.classList.toggle("blank", Boolean(said.over));
    this.screen.classList.toggle("diverged", this.at.diverged);
    const { width, height } = this.canvas;
    const key = said.over ? said.over : frame ? `${this.wanted}` : this.drawn;
    if (key !== this.drawn) {
      this.drawn = key;
      if (frame && !said.over) {
        const { bitmap } = frame;
        if (width !== bitmap.width || height !== bitmap.height) Object.assign(this.canvas, { width: bitmap.width, height: bitmap.height });
        this.context.drawImage(bitmap, 0, 0);
        // Entries that are seen one by one have edges.
        this.canvas.classList.toggle("crisp", this.screen.clientWidth * devicePixelRatio >= 2 * bitmap.width);
        this.screen.removeAttribute("title");
      }
    }
    const reach = frame && this.look.scale === "frame" && !said.over ? `±${short(frame.reach, 2)}` : "";
    const now = JSON.stringify([said, reach]);
    if (now === this.said) return;
    this.said = now;
    const { step, accuracy, seen, measure, value } = this.words;
    this.over.textContent = said.over;
    this.note.textContent = said.note;
    step.textContent = said.step;
    accuracy.textContent = said.accuracy;
    this.words.reach.textContent = reach;
    seen.className = `seen ${said.fate}`;
    measure.textContent = said.measure;
    value.textContent = said.over ? "" : cell.image === "picture" ? [said.seen, said.fate === "visible" ? "" : said.fate].filter(Boolean).join(" · ") : "twin";
    this.canvas.setAttribute("aria-label", spoken(cell, said));
  }
}
