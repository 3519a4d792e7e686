/** One training at full resolution: zoomed and panned, its entries read one by one, its frames turned by the wall's slider. */
import { fingers } from "./fingers.js";
import { exportAddress, picture, values } from "./server.js";
import { caption, short, title, whole } from "./words.js";

/** @typedef {import("./server.js").Cell} Cell */
/** @typedef {import("./server.js").Film} Film */
/** @typedef {import("./server.js").Look} Look */
/** @typedef {import("./server.js").Width} Width */
/** @typedef {import("./server.js").Values} Values */
/** @typedef {import("./alignment.js").Standing} Standing */

const BLOCK = 32;
const FULL = 4096;
const LEAST = 4;

export class Enlarged {
  /** @param {HTMLDialogElement} dialog @param {string} run @param {{moved: (to: number) => void, closed: () => void}} listener */
  constructor(dialog, run, listener) {
    const part = (/** @type {string} */ id) => /** @type {HTMLElement} */ (dialog.querySelector(`#${id}`));
    this.dialog = dialog;
    this.run = run;
    this.listener = listener;
    this.title = part("enlarged-title");
    this.find = part("enlarged-find");
    this.stage = part("stage");
    this.canvas = /** @type {HTMLCanvasElement} */ (part("stage-canvas"));
    this.over = part("stage-over");
    this.readout = part("enlarged-readout");
    this.slider = /** @type {HTMLInputElement} */ (part("enlarged-at"));
    this.words = part("enlarged-words");
    this.row = /** @type {HTMLInputElement} */ (part("goto-row"));
    this.column = /** @type {HTMLInputElement} */ (part("goto-column"));
    /** @type {Cell | null} */
    this.cell = null;
    /** @type {{film: Film, replicate: string, look: Look, matrix: Width} | null} */
    this.shown = null;
    this.step = -1;
    /** @type {ImageBitmap | null} */
    this.bitmap = null;
    this.key = "";
    this.asking = new AbortController();
    this.reading = new AbortController();
    /** @type {Map<string, Values>} */
    this.blocks = new Map();
    this.view = { top: 0, left: 0, high: 1, wide: 1 };
    this.bind();
  }

  /** @param {{film: Film, replicate: string, look: Look, matrix: Width}} shown */
  set(shown) {
    const { rows, columns } = shown.matrix;
    if (!this.shown || this.shown.matrix.rows !== rows || this.shown.matrix.columns !== columns) this.view = { top: 0, left: 0, high: rows, wide: columns };
    this.shown = shown;
    this.row.max = String(rows - 1);
    this.column.max = String(columns - 1);
    const { cell } = this;
    if (cell) this.cell = shown.film.cells.find((each) => each.width === cell.width && each.image === cell.image && each.optimizer === cell.optimizer && each.lr === cell.lr) ?? cell;
  }

  /** @param {Cell} cell */
  open(cell) {
    this.cell = cell;
    this.key = "";
    this.bitmap = null;
    this.readout.textContent = "Point at an entry, or tap it, to read it. Scroll or pinch to zoom, drag to pan.";
    if (this.shown) this.view = { top: 0, left: 0, high: this.shown.matrix.rows, wide: this.shown.matrix.columns };
    if (!this.dialog.open) this.dialog.showModal();
    this.stage.focus();
  }

  get training() {
    return { replicate: this.shown?.replicate ?? "0", width: this.cell?.width ?? 0, image: this.cell?.image ?? "", optimizer: this.cell?.optimizer ?? "", lr: this.cell?.lr ?? 0 };
  }

  /** Follow the slider. @param {{words: string, to: number, most: number, at: (cell: Cell) => Standing, align: string}} to */
  turn({ words, to, most, at, align }) {
    const { cell, shown } = this;
    if (!cell || !shown || !this.dialog.open) return;
    this.slider.max = String(Math.max(0, most));
    this.slider.value = String(Math.max(0, to));
    this.slider.setAttribute("aria-valuetext", words);
    this.words.textContent = words;
    const standing = at(cell);
    const said = caption(cell, standing, shown.film.two_level, align);
    this.title.textContent = title(cell);
    const fate = said.fate && said.fate !== "visible" ? `, ${said.fate}` : "";
    this.find.textContent = said.over ? `Replicate ${shown.replicate}: ${said.over}.` : `Replicate ${shown.replicate}, ${said.step}${said.note ? ` (${said.note})` : ""}: test accuracy ${said.accuracy || "not measured"}${said.seen ? `, ${said.measure}${said.seen}${fate}` : ""}.`;
    this.over.textContent = said.over;
    this.stage.classList.toggle("blank", Boolean(said.over));
    this.stage.classList.toggle("diverged", standing.diverged);
    this.step = said.over ? -1 : cell.frames[standing.index].step;
    for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (this.dialog.querySelectorAll("a[data-form]"))) link.href = exportAddress(this.run, this.training, { show: shown.look.show, scale: shown.look.scale, theme: shown.look.theme }, link.dataset.form ?? "");
    this.fetch();
  }

  async fetch() {
    const { shown, step } = this;
    if (!shown || step < 0) return;
    const look = { ...shown.look, size: FULL };
    const key = JSON.stringify([this.training, step, look]);
    if (key === this.key) return this.draw();
    this.key = key;
    this.asking.abort();
    const { signal } = (this.asking = new AbortController());
    try {
      const made = await picture(this.run, this.training, step, look, signal);
      if (key !== this.key) return made.bitmap.close();
      this.bitmap?.close();
      this.bitmap = made.bitmap;
      this.stage.dataset.step = String(step);
      this.draw();
    } catch (error) {
      if (!signal.aborted) this.find.textContent = `The frame could not be loaded: ${error instanceof Error ? error.message : error}`;
    }
  }

  draw() {
    const { bitmap, canvas, shown } = this;
    const { width, height } = this.stage.getBoundingClientRect();
    if (!bitmap || !shown || !width) return;
    const [w, h] = [Math.round(width * devicePixelRatio), Math.round(height * devicePixelRatio)];
    if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.clearRect(0, 0, w, h);
    context.imageSmoothingEnabled = false;
    const { x, y, scale } = this.fit(w, h);
    const { rows, columns } = shown.matrix;
    const [across, down] = [scale.x, scale.y];
    context.drawImage(bitmap, 0, 0, bitmap.width, bitmap.height, x, y, columns * across, rows * down);
  }

  /** Where the matrix lies on a stage of that size: its corner, and pixels an entry. @param {number} w @param {number} h */
  fit(w, h) {
    const { top, left, high, wide } = this.view;
    const { rows, columns } = /** @type {{matrix: Width}} */ (this.shown).matrix;
    // A flat matrix is stretched, as on the wall: the longer side at most twice the shorter.
    const stretch = { x: Math.max(1, rows / 2 / columns), y: Math.max(1, columns / 2 / rows) };
    const unit = Math.min(w / (wide * stretch.x), h / (high * stretch.y));
    const scale = { x: unit * stretch.x, y: unit * stretch.y };
    return { x: (w - wide * scale.x) / 2 - left * scale.x, y: (h - high * scale.y) / 2 - top * scale.y, scale };
  }

  /** The entry under a pointer. @param {{clientX: number, clientY: number}} event */
  at(event) {
    const box = this.stage.getBoundingClientRect();
    if (!this.shown) return null;
    const { x, y, scale } = this.fit(box.width, box.height);
    const [column, row] = [Math.floor((event.clientX - box.left - x) / scale.x), Math.floor((event.clientY - box.top - y) / scale.y)];
    const { rows, columns } = this.shown.matrix;
    return row >= 0 && row < rows && column >= 0 && column < columns ? { row, column } : null;
  }

  /** @param {number} factor below 1 to come nearer @param {{row: number, column: number} | null} [about] */
  zoom(factor, about = null) {
    if (!this.shown) return;
    const { rows, columns } = this.shown.matrix;
    const { top, left, high, wide } = this.view;
    const [h, w] = [Math.min(rows, Math.max(LEAST, high * factor)), Math.min(columns, Math.max(LEAST, wide * factor))];
    const [y, x] = about ? [(about.row + 0.5 - top) / high, (about.column + 0.5 - left) / wide] : [0.5, 0.5];
    this.go({ top: top + (high - h) * y, left: left + (wide - w) * x, high: h, wide: w });
  }

  /** @param {{top: number, left: number, high: number, wide: number}} view */
  go({ top, left, high, wide }) {
    if (!this.shown) return;
    const { rows, columns } = this.shown.matrix;
    this.view = { top: Math.min(Math.max(0, top), rows - high), left: Math.min(Math.max(0, left), columns - wide), high, wide };
    this.draw();
  }

  /** @param {number} down @param {number} across in shares of the view */
  pan(down, across) {
    const { top, left, high, wide } = this.view;
    this.go({ top: top + down * high, left: left + across * wide, high, wide });
  }

  /** Say what an entry is. @param {number} row @param {number} column */
  async read(row, column) {
    const { shown, step } = this;
    if (!shown || step < 0) return;
    this.reading.abort();
    const { signal } = (this.reading = new AbortController());
    const [top, left] = [row - (row % BLOCK), column - (column % BLOCK)];
    const key = JSON.stringify([this.training, step, top, left]);
    try {
      let block = this.blocks.get(key);
      if (!block) {
        await new Promise((done) => setTimeout(done, 40));
        if (signal.aborted) return;
        const { rows, columns } = shown.matrix;
        block = await values(this.run, this.training, step, { top, left, bottom: Math.min(rows, top + BLOCK), right: Math.min(columns, left + BLOCK) }, signal);
        if (this.blocks.size > 200) this.blocks.clear();
        this.blocks.set(key, block);
      }
      if (signal.aborted) return;
      const k = (row - block.top) * block.columns + column - block.left;
      const about = block.resolution ? ` ± ${short(block.resolution, 2)}` : "";
      this.readout.textContent = `row ${whole(row)}, column ${whole(column)} · step ${whole(step)} · W ${short(block.weight[k], 4)} · W₀ ${short(block.initial[k], 4)} · ΔW ${short(block.movement[k], 4)}${about}`;
    } catch (error) {
      if (!signal.aborted) this.readout.textContent = `The entry could not be read: ${error instanceof Error ? error.message : error}`;
    }
  }

  bind() {
    const { dialog, stage } = this;
    dialog.addEventListener("close", () => {
      this.asking.abort();
      this.key = "";
      this.cell = null;
      this.listener.closed();
    });
    dialog.addEventListener("click", (event) => {
      const target = /** @type {HTMLElement} */ (event.target);
      if (target === dialog || target.id === "enlarged-close") dialog.close();
      const zoom = target.dataset.zoom;
      if (zoom === "in") this.zoom(0.5);
      else if (zoom === "out") this.zoom(2);
      else if (zoom === "all") this.zoom(Number.POSITIVE_INFINITY);
      if (target.id !== "goto-entry" || !this.shown) return;
      const { rows, columns } = this.shown.matrix;
      const [row, column] = [Math.min(rows - 1, Math.max(0, Math.floor(Number(this.row.value)))), Math.min(columns - 1, Math.max(0, Math.floor(Number(this.column.value))))];
      const [high, wide] = [Math.min(rows, 16), Math.min(columns, 16)];
      this.go({ top: row + 0.5 - high / 2, left: column + 0.5 - wide / 2, high, wide });
      this.read(row, column);
    });
    this.slider.addEventListener("input", () => this.listener.moved(Number(this.slider.value)));
    stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.min(2, Math.max(0.5, Math.exp(event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.0016)))), this.at(event));
    }, { passive: false });
    const read = (/** @type {import("./fingers.js").Point} */ point) => {
      const at = this.at(point);
      if (at) this.read(at.row, at.column);
    };
    fingers(stage, {
      drag: (across, down) => {
        if (!this.shown) return;
        const box = stage.getBoundingClientRect();
        const { scale } = this.fit(box.width, box.height);
        this.go({ ...this.view, top: this.view.top - down / scale.y, left: this.view.left - across / scale.x });
      },
      pinch: (factor, about) => this.zoom(factor, this.at(about)),
      tap: read,
      hover: read,
    });
    stage.addEventListener("keydown", (event) => {
      const { top, left, high, wide } = this.view;
      /** @type {Record<string, () => unknown>} */
      const keys = {
        ArrowLeft: () => this.pan(0, -0.125), ArrowRight: () => this.pan(0, 0.125), ArrowUp: () => this.pan(-0.125, 0), ArrowDown: () => this.pan(0.125, 0),
        "+": () => this.zoom(0.7), "=": () => this.zoom(0.7), "-": () => this.zoom(1 / 0.7), 0: () => this.zoom(Number.POSITIVE_INFINITY),
        Enter: () => this.read(Math.floor(top + high / 2), Math.floor(left + wide / 2)),
      };
      if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      keys[event.key]();
    });
    new ResizeObserver(() => this.draw()).observe(stage);
  }
}
