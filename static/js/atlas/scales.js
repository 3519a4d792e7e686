/** Colour scales of the matrix for Plotly: what the server's legend says, in the theme in use. */
import { significant } from "../numbers.js";

/** @typedef {import("./server.js").Legend} Legend */

/** The theme that the page is shown in. */
export function theme() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
}

/** Steps of equal width, one a colour. @param {string[]} colors */
const steps = (colors) => colors.flatMap((color, i) => [[i / colors.length, color], [(i + 1) / colors.length, color]]);

/** The same colours where each stands for one weight of one mask: there is no share of it. @param {Legend} legend @returns {Legend} */
export const ofOne = (legend) => (legend.kind === "share" && legend.high === 1 ? { ...legend, kind: "mask" } : legend);

/** @param {Legend} legend */
export function colorscale(legend) {
  const colors = legend.colors[theme()];
  if (legend.kind === "mask") return steps([legend.paper[theme()], colors[colors.length - 1]]);
  if (legend.kind === "sides") return steps(colors);
  const ramp = colors.map((color, i) => /** @type {[number, string]} */ ([i / (colors.length - 1), color]));
  // A share of nothing is paper, and the least share already stands out from it.
  return ["share", "flips"].includes(legend.kind) ? [[0, legend.paper[theme()]], [0.004, legend.paper[theme()]], [0.0041, colors[0]], ...ramp.slice(1)] : ramp;
}

/** The bar that says what colours mean, as part of a trace's marker or of a heatmap. @param {Legend} legend @param {string} ink @param {string} line @param {number} width of the plot in pixels */
export function colorbar(legend, ink, line, width) {
  const { kind, low, high } = legend;
  const clipped = kind === "signed" || kind === "positive";
  const values = kind === "mask" ? [0.25, 0.75] : kind === "sides" ? [4 / 3, 2, 8 / 3] : kind === "levels" ? levels(high) : kind === "signed" ? [low, 0, high] : [low, (low + high) / 2, high];
  const text = values.map((value, i) => {
    if (kind === "mask") return ["pruned", "kept"][i];
    if (kind === "sides") return ["A only", "B only", "both"][i];
    if (kind === "levels") return value === high ? "never" : `${value}`;
    if ((kind === "share" && high === 1) || kind === "flips") return `${Math.round(100 * value)} %`;
    const number = significant(value);
    return clipped && value === high ? `≥ ${number}` : clipped && value === low && kind === "signed" ? `≤ ${number}` : number;
  });
  return {
    orientation: "h", x: 1, xanchor: "right", xpad: 0, y: 1, yanchor: "bottom", ypad: 4, len: Math.min(220, width / 2), lenmode: "pixels", thickness: 8, outlinewidth: 0,
    tickvals: values, ticktext: text, tickfont: { size: 11, color: ink }, ticks: "", title: { text: "" }, bgcolor: "rgba(0,0,0,0)", tickcolor: line,
  };
}

/** A handful of levels with the first and the last. @param {number} last */
function levels(last) {
  const step = Math.max(1, Math.ceil(last / 5));
  const some = [];
  for (let level = 0; level <= last - step / 2; level += step) some.push(level);
  return [...some, last];
}
