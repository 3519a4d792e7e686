/** One unit: its degrees in words, its incoming weights as a picture, and the paths from it to the outputs. */
import { plotly } from "../plotly.js";
import { color } from "../theme.js";
import { theme } from "./scales.js";
import { unit as ask } from "./server.js";
import { significant } from "../numbers.js";
import { signed } from "./words.js";

/** @typedef {import("./server.js").Unit} Unit */
/** @typedef {import("./server.js").Legend} Legend */

const CONFIG = { displayModeBar: false, responsive: false, scrollZoom: false, doubleClick: false, showTips: false };
const MOST_PICTURES = 64;
// Of more layers behind a unit, each has a line of a list; sentences would be a wall of text.
const MOST_SENTENCES = 4;
const count = (/** @type {number} */ n) => (n < 1e6 ? Math.round(n).toLocaleString("en-US") : significant(n));

export class UnitPanel {
  /** @param {HTMLElement} card */
  constructor(card) {
    const part = (/** @type {string} */ id) => /** @type {HTMLElement} */ (card.querySelector(`#${id}`));
    this.find = part("unit-find");
    this.picture = part("unit-picture");
    this.paths = part("unit-paths");
    this.reached = part("unit-reached");
    this.foot = part("unit-foot");
    this.title = part("title-unit");
    this.asked = 0;
  }

  /**
   * @param {import("./server.js").Ticket} ticket @param {string} layer @param {number} number @param {Legend | undefined} signedLegend
   */
  async show(ticket, layer, number, signedLegend) {
    const mine = ++this.asked;
    try {
      const found = await ask(ticket, layer, number);
      if (mine !== this.asked) return;
      this.title.textContent = `Unit ${number} of ${layer} at level ${ticket.level}`;
      this.find.textContent = sentences(found).join(" ");
      this.list(found.reached);
      await this.drawPicture(found, signedLegend);
      await this.drawPaths(found);
    } catch (error) {
      if (mine === this.asked) this.find.textContent = `The unit could not be shown: ${error instanceof Error ? error.message : error}`;
    }
  }

  /** @param {Unit} found @param {Legend | undefined} legend */
  async drawPicture(found, legend) {
    const library = await plotly();
    const there = found.end.length && ![...found.end].every(Number.isNaN) ? found.end : ![...found.start].every(Number.isNaN) ? found.start : null;
    const z = montage(found, there ?? found.kept);
    this.picture.hidden = !z;
    if (!z) return this.note(found, there);
    const reach = Math.max(...[...(there ?? [1])].map((value) => (Number.isNaN(value) ? 0 : Math.abs(value))), 1e-12);
    const scale = there && legend ? legend.colors[theme()].map((stop, i, all) => [i / (all.length - 1), stop]) : [[0, color("wash")], [1, color("ink")]];
    const { width, height } = this.picture.getBoundingClientRect();
    const trace = {
      type: "heatmap", z, zmin: there ? -reach : 0, zmax: there ? reach : 1, colorscale: scale, xgap: 0, ygap: 0, showscale: Boolean(there),
      hovertemplate: there ? "%{z:.4g}<extra></extra>" : "%{z}<extra></extra>",
      colorbar: { thickness: 8, len: 0.9, outlinewidth: 0, tickfont: { size: 11, color: color("soft") }, nticks: 3 },
    };
    const axis = { visible: false, fixedrange: true };
    await library.react(this.picture, [trace], {
      template: {}, width, height, margin: { l: 4, r: 4, t: 4, b: 4 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: color("wash"),
      xaxis: { ...axis, constrain: "domain" }, yaxis: { ...axis, autorange: "reversed", scaleanchor: "x", constrain: "domain" },
    }, CONFIG);
    this.note(found, there);
  }

  /** @param {Unit} found @param {import("./server.js").Numbers | null} there */
  note(found, there) {
    const strongest = there ? [...there].map((value, i) => ({ value, i })).filter(({ value }) => !Number.isNaN(value)).sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, 3) : [];
    const kernel = found.picture && found.picture[0] > 3 ? found.picture[1] * found.picture[2] : 0;
    const shape = !found.picture ? "Its inputs do not form a picture." : kernel ? `Kernels of ${found.picture[1]}×${found.picture[2]}, one for each of ${found.picture[0]} input channels${found.picture[0] > MOST_PICTURES ? `, the first ${MOST_PICTURES} shown` : ""}.` : `Its incoming weights over the ${found.picture[1]}×${found.picture[2]} input${found.assumed ? ", a shape assumed from their number" : ""}${found.picture[0] === 3 ? ", red, green and blue" : ""}.`;
    const what = there === found.end && there ? "Trained values." : there ? "Initial values." : "1 = kept.";
    const top = strongest.length ? ` Strongest: ${strongest.map(({ value, i }) => `${signed(value, 4)} from ${kernel ? `channel ${Math.floor(i / kernel)}` : `input ${i}`}`).join(", ")}.` : "";
    this.foot.textContent = `${shape} ${what}${top}`;
  }

  /** @param {Unit["reached"]} reached */
  list(reached) {
    this.reached.hidden = reached.length <= MOST_SENTENCES;
    const cut = reached.findIndex((_, i) => reached.slice(i).every(({ paths }) => paths.every((n) => n === 0)));
    const lines = (cut < 0 ? reached : reached.slice(0, cut + 1)).map(({ layer, paths }) => {
      const line = document.createElement("li");
      line.textContent = `${layer}: ${ways(paths)}`;
      return line;
    });
    this.reached.replaceChildren(...(this.reached.hidden ? [] : lines));
  }

  /** @param {Unit} found */
  async drawPaths(found) {
    const library = await plotly();
    const last = found.reached.at(-1);
    this.paths.hidden = !last;
    if (!last) return;
    const { width, height } = this.paths.getBoundingClientRect();
    const most = last.paths.reduce((a, b) => Math.max(a, b), 0);
    // Units and paths are whole numbers: no ticks between them.
    const whole = (/** @type {number} */ n, /** @type {number} */ ticks) => ({ tick0: 0, ...(n <= ticks ? { dtick: 1 } : { nticks: ticks }) });
    const [ink, soft, line] = ["ticket", "soft", "line"].map(color);
    await library.react(this.paths, [{ type: "bar", x: last.paths.map((_, i) => i), y: last.paths, marker: { color: ink }, text: last.paths.map((n, i) => `output ${i}: ${count(n)} ${n === 1 ? "path" : "paths"}`), textposition: "none", hovertemplate: "%{text}<extra></extra>" }], {
      template: {}, width, height, margin: { l: 44, r: 4, t: 24, b: 34 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: "Inter, system-ui, sans-serif", size: 11, color: soft }, bargap: 0.3,
      hoverlabel: { bgcolor: color("card"), bordercolor: color("edge"), font: { color: color("ink") } },
      xaxis: { title: { text: `unit of ${last.layer}`, standoff: 4 }, fixedrange: true, showgrid: false, zeroline: false, linecolor: line, range: [-0.6, last.paths.length - 0.4], tickformat: "d", ...whole(last.paths.length, 10) },
      yaxis: { fixedrange: true, gridcolor: line, zeroline: false, range: [0, 1.05 * Math.max(1, most)], exponentformat: "power", ...whole(most, 4) },
      annotations: [{ text: "paths of kept weights", xref: "paper", yref: "paper", x: 0, y: 1, xanchor: "left", yanchor: "bottom", xshift: -40, yshift: 4, showarrow: false, font: { color: soft, size: 11 } }],
    }, CONFIG);
  }
}

/** @param {Unit} found */
function sentences(found) {
  const words = [`${count(found.in_degree)} of ${count(found.kept.length)} incoming weights are kept.`];
  if (found.assumed_chain && found.reached.length) words.push("Masks alone do not show the architecture: layers are read as one chain, in the order shown.");
  const after = found.readers.length > 1 ? `the ${found.readers.length} layers that read it` : "the next layer";
  if (found.out_degree !== null) words.push(found.out_degree ? `${count(found.out_degree)} kept weights of ${after} use its output.` : `No kept weight of ${after} uses its output, so it has no effect.`);
  if (found.reason) words.push(`Paths are ${found.reason}.`);
  // A layer beside a shortcut may have no path while those behind it do.
  const cut = found.reached.find((_, i) => found.reached.slice(i).every(({ paths }) => paths.every((n) => n === 0)));
  const first = found.reached.slice(0, found.reached.length > MOST_SENTENCES ? 1 : undefined);
  const told = cut ? first.slice(0, found.reached.indexOf(cut)) : found.reached.length > MOST_SENTENCES ? [...first, ...found.reached.slice(-1)] : first;
  for (const { layer, paths } of told) words.push(paths.some((n) => n > 0) ? `It reaches ${ways(paths)}`.replace(" units by", ` units of ${layer} by`) + "." : `No path of kept weights leads to ${layer}.`);
  if (cut) words.push(`No path of kept weights leads to ${cut.layer}.`);
  return words;
}

/** How many units of a layer are reached, and by how many paths. @param {number[]} paths */
function ways(paths) {
  const reached = paths.filter((n) => n > 0);
  const all = reached.reduce((sum, n) => sum + n, 0);
  return `${count(reached.length)} of ${count(paths.length)} units by ${count(all)} ${all === 1 ? "path" : "paths"}`;
}

/**
 * Incoming weights as one picture: channels beside each other, kernels in a square of squares; null where they form none.
 * @param {Unit} found @param {import("./server.js").Numbers} values
 */
function montage(found, values) {
  if (!found.picture) return null;
  const [all, high, wide] = found.picture;
  const n = Math.min(all, MOST_PICTURES);
  const across = n <= 3 ? n : Math.ceil(Math.sqrt(n));
  const down = Math.ceil(n / across);
  const gap = n > 1 ? 1 : 0;
  const z = Array.from({ length: down * (high + gap) - gap }, () => new Array(across * (wide + gap) - gap).fill(NaN));
  for (let i = 0; i < n; i++) for (let row = 0; row < high; row++) for (let column = 0; column < wide; column++) {
    z[Math.floor(i / across) * (high + gap) + row][(i % across) * (wide + gap) + column] = values[(i * high + row) * wide + column];
  }
  return z;
}
