/** The axes of a matrix: ticks, titles, and lines between the kernels of a convolution. */

/** @typedef {{shape: import("./matrix.js").Shape, look: import("./server.js").Look, view: import("./server.js").View}} Shown */

/**
 * Ticks at whole units; of a convolution, at its channels.
 * @param {"rows" | "columns"} side @param {Shown} shown
 */
export function ticks(side, { shape: { kernel }, look, view }) {
  if (side === "rows" || kernel === 1 || look.columns !== "natural") return { dtick: undefined, nticks: 8, tickformat: ",d" };
  const channels = (view.right - view.left) / kernel;
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000].find((each) => channels / each <= 10) ?? 5000;
  const first = Math.ceil(view.left / kernel / step) * step;
  const shown = [];
  for (let channel = first; channel * kernel < view.right; channel += step) shown.push(channel);
  return { tickmode: "array", tickvals: shown.map((channel) => (channel + 0.5) * kernel), ticktext: shown.map(String) };
}

/** @param {"rows" | "columns"} side @param {Shown} shown */
export function axisTitle(side, { shape, look }) {
  const order = look[side] === "degree" ? ", by degree" : look[side] === "cluster" ? ", in clusters" : "";
  if (side === "rows") return `output unit${order}`;
  return shape.kernel > 1 && !order ? `input channel, each ${shape.kernel} kernel positions wide` : `${shape.kernel > 1 ? "input channel × kernel position" : "input"}${order}`;
}

/**
 * Lines between the kernels of a convolution, when there is room between them.
 * @param {string} line @param {Shown} shown
 */
export function separators(line, { shape: { kernel }, look, view }) {
  const channels = (view.right - view.left) / kernel;
  if (kernel === 1 || look.columns !== "natural" || channels > 120) return [];
  const shapes = [];
  for (let channel = Math.ceil(view.left / kernel); channel * kernel <= view.right; channel++) {
    shapes.push({ type: "line", x0: channel * kernel, x1: channel * kernel, yref: "paper", y0: 0, y1: 1, line: { color: line, width: 1 } });
  }
  return shapes;
}
