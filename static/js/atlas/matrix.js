/**
 * One layer as a matrix on Plotly's axes. Far away it is a picture of the viewport, fetched anew as the reader moves; near,
 * a true heatmap whose cells each have their own hover. Until the next picture is decoded the last one stays.
 */
import { plotly } from "../plotly.js";
import { color } from "../theme.js";
import { dropFirst, firstOfPage, showFirst } from "./first_picture.js";
import { axisTitle, separators, ticks } from "./matrix_axes.js";
import { bind } from "./matrix_gestures.js";
import { colorbar, colorscale, ofOne, theme } from "./scales.js";
import { cells, sameButSize, tile, tileAddress } from "./server.js";
import { describe } from "./words.js";

/** @typedef {import("./server.js").View} View */
/** @typedef {import("./server.js").Ticket} Ticket */
/** @typedef {import("./server.js").Look} Look */
/** @typedef {import("./server.js").Tile} Tile */
/** @typedef {{rows: number, columns: number, kernel: number, wide: number, many: number, last: number}} Shape */

// Below this many weights each is a cell of its own.
const CELLS = 20_000;
const MARGIN = { l: 52, r: 28, t: 58, b: 40 };
// A finger scrolls the page; a mouse drags the matrix.
const COARSE = matchMedia("(pointer: coarse)").matches;
const CONFIG = { displayModeBar: false, doubleClick: false, scrollZoom: false, responsive: false, showTips: false };

export class Matrix {
  /**
   * @param {HTMLElement} place
   * @param {Shape} shape
   * @param {{moved: (view: View) => void, told: (words: string[]) => void, picked: (unit: number) => void, drawn: (matrix: Matrix) => void, failed: (words: string) => void}} listener
   */
  constructor(place, shape, listener) {
    this.place = place;
    this.shape = shape;
    this.listener = listener;
    this.margin = MARGIN;
    /** @type {Ticket | null} */
    this.ticket = null;
    /** @type {Look} */
    this.look = { layer: "", color: "mask", rows: "natural", columns: "natural", other: "", order_of: "", pairing: "" };
    this.v = "";
    /** @type {View} */
    this.view = this.whole;
    /** @type {Tile | null} the whole layer, under every viewport, so that panning shows no hole */
    this.base = null;
    /** @type {Tile | null} */
    this.tile = null;
    /** @type {import("./server.js").Cells | null} */
    this.cells = null;
    /** @type {Tile | null} the same viewport of another ticket, to the right of a divider */
    this.over = null;
    /** Whether single cells may be drawn. */
    this.fine = true;
    /** @type {AbortController | null} */
    this.asking = null;
    this.title = "";
    bind(this);
  }

  /** The viewport that shows everything. @returns {View} */
  get whole() {
    return { top: 0, bottom: this.shape.rows, left: 0, right: this.shape.columns };
  }

  get size() {
    const { width, height } = this.place.getBoundingClientRect();
    return { width: Math.max(40, Math.round(width - MARGIN.l - MARGIN.r)), height: Math.max(40, Math.round(height - MARGIN.t - MARGIN.b)) };
  }

  /**
   * Show a ticket, or the same one in another way, in the viewport that is set.
   * @param {Ticket} ticket @param {Look} look @param {string} v
   */
  async show(ticket, look, v) {
    this.ticket = ticket;
    this.look = look;
    this.v = v;
    this.base = null;
    this.cells = null;
    await this.fetch();
  }

  /** Move the viewport, within the layer. @param {View} view @param {boolean} [quiet] whether to keep it from the others */
  async go(view, quiet = false) {
    this.view = fitted(view, this.shape);
    if (!quiet) this.listener.moved(this.view);
    if (this.place.classList.contains("js-plotly-plot")) (await plotly()).relayout(this.place, this.ranges);
    await this.fetch();
  }

  /** Zoom about a point given in shares of the viewport. @param {number} factor below 1 to come nearer @param {number} [x] @param {number} [y] */
  zoom(factor, x = 0.5, y = 0.5) {
    const { top, bottom, left, right } = this.view;
    const wide = Math.max(4, (right - left) * factor);
    const high = Math.max(4, (bottom - top) * factor);
    const [l, t] = [left + (right - left - wide) * x, top + (bottom - top - high) * y];
    return this.go({ left: l, right: l + wide, top: t, bottom: t + high });
  }

  /** Move by shares of the viewport. @param {number} down @param {number} across */
  pan(down, across) {
    const { top, bottom, left, right } = this.view;
    const [y, x] = [(bottom - top) * down, (right - left) * across];
    return this.go({ top: top + y, bottom: bottom + y, left: left + x, right: right + x });
  }

  get ranges() {
    return { "xaxis.range": [this.view.left, this.view.right], "yaxis.range": [this.view.bottom, this.view.top] };
  }

  /** The whole cells that the viewport touches. @returns {View} */
  get touched() {
    const { rows, columns } = this.shape;
    const top = Math.min(Math.max(0, Math.floor(this.view.top)), rows - 1);
    const left = Math.min(Math.max(0, Math.floor(this.view.left)), columns - 1);
    return { top, bottom: Math.min(rows, Math.max(top + 1, Math.ceil(this.view.bottom))), left, right: Math.min(columns, Math.max(left + 1, Math.ceil(this.view.right))) };
  }

  /** How many weights the viewport touches. */
  get weights() {
    const { top, bottom, left, right } = this.touched;
    return (bottom - top) * (right - left);
  }

  async fetch() {
    const ticket = this.ticket;
    if (!ticket) return;
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    this.place.ariaBusy = "true";
    const began = performance.now();
    const view = this.touched;
    const screen = { ...this.size, theme: theme(), v: this.v };
    const fine = this.fine && this.look.color !== "difference" && (view.bottom - view.top) * (view.right - view.left) <= CELLS;
    try {
      const brought = this.place.dataset.drawn ? null : await firstOfPage(this.place);
      if (asking !== this.asking) return;
      const address = tileAddress(ticket, this.look, view, screen);
      // The picture that came with the page is asked for once more only where it has more pixels than the screen.
      const fits = brought && brought.naturalWidth <= screen.width && brought.naturalHeight <= screen.height && sameButSize(brought.currentSrc, address);
      const asked = tile(fits ? brought.currentSrc : address, asking.signal);
      if (!this.place.dataset.drawn && !brought) await showFirst(this.place, await asked);
      const [picture, exact] = await Promise.all([asked, fine ? cells(ticket, this.look, view, asking.signal) : null, plotly()]);
      if (asking !== this.asking) return;
      this.tile = picture;
      this.cells = exact;
      if (view.right - view.left === this.shape.columns && view.bottom - view.top === this.shape.rows) this.base = picture;
      await this.draw();
      dropFirst(this.place);
      // Told to whoever watches the page: how often it was drawn, and how long the last took.
      this.place.dataset.drawn = String(Number(this.place.dataset.drawn ?? 0) + 1);
      this.place.dataset.ms = (performance.now() - began).toFixed(1);
      this.listener.drawn(this);
      if (!this.base) {
        this.base = await tile(tileAddress(ticket, this.look, this.whole, screen), asking.signal);
        if (asking === this.asking) await this.draw();
      }
    } catch (error) {
      if (!asking.signal.aborted) this.listener.failed(error instanceof Error ? error.message : String(error));
    } finally {
      if (asking === this.asking) this.place.ariaBusy = "false";
    }
  }

  async draw() {
    if (!this.tile) return;
    const library = await plotly();
    const [ink, soft, line, edge] = ["ink", "soft", "line", "edge"].map(color);
    const { legend } = this;
    const scale = colorscale(legend);
    const bar = colorbar(legend, soft, line, this.size.width);
    const { width, height } = this.place.getBoundingClientRect();
    const traces = this.cells
      ? [this.heatmap(this.cells, legend, scale, bar)]
      : [{ type: "scatter", x: [null], y: [null], mode: "markers", hoverinfo: "skip", marker: { size: 0.1, color: [legend.low], cmin: legend.low, cmax: legend.high, colorscale: scale, showscale: true, colorbar: bar } }];
    const axis = { gridcolor: "rgba(0,0,0,0)", zeroline: false, linecolor: line, tickcolor: line, ticks: "outside", ticklen: 3, tickfont: { size: 11, color: soft }, showgrid: false, minallowed: 0, exponentformat: "none", separatethousands: true };
    const corner = { xref: "paper", yref: "paper", x: 0, xanchor: "left", xshift: -MARGIN.l + 4, y: 1, yanchor: "bottom", showarrow: false };
    const layout = {
      template: {}, width, height, margin: MARGIN, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: legend.paper[theme()], showlegend: false, dragmode: COARSE ? false : "pan", hovermode: "closest", uirevision: "constant",
      font: { family: "Inter, system-ui, sans-serif", size: 12, color: soft },
      hoverlabel: { bgcolor: color("card"), bordercolor: edge, font: { color: ink, family: "Inter, system-ui, sans-serif", size: 12 }, align: "left" },
      xaxis: { ...axis, ...ticks("columns", this), range: [this.view.left, this.view.right], maxallowed: this.shape.columns, title: { text: axisTitle("columns", this), font: { size: 12 }, standoff: 6 } },
      yaxis: { ...axis, ...ticks("rows", this), range: [this.view.bottom, this.view.top], maxallowed: this.shape.rows },
      images: this.images,
      shapes: separators(edge, this),
      annotations: [
        { ...corner, text: axisTitle("rows", this), yshift: 4, font: { size: 12, color: soft } },
        { ...corner, text: this.title, yshift: 36, font: { size: 12.5, color: ink } },
      ],
    };
    const first = !this.place.classList.contains("js-plotly-plot");
    const plot = await library.react(this.place, traces, layout, CONFIG);
    if (first) {
      plot.on("plotly_relayout", (/** @type {any} */ change) => this.panned(change));
      plot.on("plotly_click", (/** @type {any} */ event) => event.points?.[0]?.customdata && this.listener.picked(event.points[0].customdata.unit));
      plot.on("plotly_hover", (/** @type {any} */ event) => event.points?.[0]?.customdata && this.listener.told(this.say(event.points[0].customdata)));
    }
  }

  /** Whether what is drawn shows each weight by itself. */
  get single() {
    return this.cells !== null || this.tile?.high === 1 && this.tile.wide === 1;
  }

  /** What the colours drawn mean. */
  get legend() {
    const { legend } = /** @type {Tile} */ (this.tile);
    return this.single ? ofOne(legend) : legend;
  }

  /** @returns {any[]} */
  get images() {
    const put = (/** @type {Tile} */ { source, top, bottom, left, right }) => ({ source, xref: "x", yref: "y", x: left, y: top, sizex: right - left, sizey: bottom - top, sizing: "stretch", layer: "below", yanchor: "top", xanchor: "left" });
    if (this.cells && !this.over) return [];
    const shown = [...new Set([this.base, this.tile])].flatMap((each) => (each ? [put(each)] : []));
    if (!this.over) return shown;
    // Plotly takes pictures in the same place for one picture, so this one is wider by a hair.
    const over = put(this.over);
    return [...shown, { ...over, sizex: over.sizex + 1e-6 }];
  }

  /**
   * @param {import("./server.js").Cells} found @param {import("./server.js").Legend} legend @param {any} scale @param {any} bar
   */
  heatmap(found, legend, scale, bar) {
    const [rows, columns] = [found.rows.length, found.columns.length];
    const view = this.touched;
    const value = VALUES[this.look.color];
    const [z, data, text] = [[], [], []].map(() => /** @type {any[]} */ (new Array(rows)));
    for (let i = 0; i < rows; i++) {
      [z[i], data[i], text[i]] = [new Array(columns), new Array(columns), new Array(columns)];
      for (let j = 0; j < columns; j++) {
        const k = i * columns + j;
        const weight = { unit: found.rows[i], column: found.columns[j], kept: found.kept[k], death: found.death[k], start: found.start[k], end: found.end[k], replicates: found.replicates[k] };
        // What is never pruned has the last colour, however many levels the ticket beside it has.
        z[i][j] = this.look.color === "level" && weight.death > this.shape.last ? legend.high : value(weight);
        data[i][j] = weight;
        text[i][j] = this.say(weight).join("<br>");
      }
    }
    const { width, height } = this.size;
    const gap = Math.min(width / columns, height / rows) > 9 ? 1 : 0;
    return { type: "heatmap", x0: view.left + 0.5, dx: 1, y0: view.top + 0.5, dy: 1, z, customdata: data, hovertext: text, hoverinfo: "text", zmin: legend.low, zmax: legend.high, colorscale: scale, showscale: true, colorbar: bar, xgap: gap, ygap: gap, hoverongaps: true };
  }

  /** @param {import("./words.js").Weight} weight */
  say(weight) {
    return describe(weight, { ...this.shape, level: Number(this.ticket?.level ?? 0) });
  }

  /** The reader has dragged the plot. @param {any} change */
  panned(change) {
    const [x0, x1, y1, y0] = [change["xaxis.range[0]"], change["xaxis.range[1]"], change["yaxis.range[0]"], change["yaxis.range[1]"]];
    if (x0 === undefined && y0 === undefined) return;
    this.go({ left: x0 ?? this.view.left, right: x1 ?? this.view.right, top: y0 ?? this.view.top, bottom: y1 ?? this.view.bottom });
  }

  /** The cell under a pointer, in the order shown; null beside the matrix. @param {{clientX: number, clientY: number}} event */
  at(event) {
    const box = this.place.getBoundingClientRect();
    const { width, height } = this.size;
    const [x, y] = [(event.clientX - box.left - MARGIN.l) / width, (event.clientY - box.top - MARGIN.t) / height];
    if (x < 0 || x >= 1 || y < 0 || y >= 1) return null;
    const { top, bottom, left, right } = this.view;
    return { x, y, row: Math.floor(top + y * (bottom - top)), column: Math.floor(left + x * (right - left)) };
  }

  /** Everything about one weight, by its place in the order shown. @param {number} row @param {number} column @param {AbortSignal} signal */
  async weight(row, column, signal) {
    if (!this.ticket) return null;
    const found = await cells(this.ticket, this.look, { top: row, bottom: row + 1, left: column, right: column + 1 }, signal);
    return { unit: found.rows[0], column: found.columns[0], kept: found.kept[0], death: found.death[0], start: found.start[0], end: found.end[0], replicates: found.replicates[0] };
  }
}

/** What a cell is coloured by; NaN is left blank. @type {Record<string, (weight: import("./words.js").Weight) => number>} */
const VALUES = {
  mask: ({ kept }) => kept,
  level: ({ death }) => death,
  initial: ({ kept, start }) => (kept ? start : NaN),
  trained: ({ end }) => end,
  moved: ({ start, end }) => Math.abs(end - start),
  flips: ({ start, end }) => (Number.isNaN(start * end) ? NaN : start * end < 0 ? 1 : 0),
  replicates: ({ replicates }) => replicates,
};

/** A viewport moved and shrunk until it lies within the layer. @param {View} view @param {Shape} shape @returns {View} */
function fitted({ top, bottom, left, right }, { rows, columns }) {
  const [high, wide] = [Math.min(bottom - top, rows), Math.min(right - left, columns)];
  const [t, l] = [Math.min(Math.max(0, top), rows - high), Math.min(Math.max(0, left), columns - wide)];
  return { top: t, bottom: t + high, left: l, right: l + wide };
}
