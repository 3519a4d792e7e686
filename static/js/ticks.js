/** Words of the x axis in a plot too narrow for them: some ticks lose their labels, and a long title takes two lines. */

// Pixels that a character of a label takes, and those between two labels.
const [LETTER, AIR] = [7, 6];
// Pixels of a line of a title.
const LINE = 15;

/**
 * Break, in place, a title of the x axis that would be cut off at an edge; the plot gives up the room.
 * @param {any} layout
 * @param {number} width of the whole figure in pixels
 */
export function folded(layout, width) {
  const title = layout.xaxis?.title;
  if (!title?.text) return;
  const { l, r } = layout.margin;
  const middle = l + (width - l - r) / 2;
  if (title.text.length * (LETTER - 1) <= 2 * Math.min(middle, width - middle)) return;
  const spaces = [...title.text.matchAll(/ /g)].map(({ index }) => index);
  const half = title.text.length / 2;
  const [at] = spaces.sort((a, b) => Math.abs(a - half) - Math.abs(b - half));
  if (at === undefined) return;
  title.text = `${title.text.slice(0, at)}<br>${title.text.slice(at + 1)}`;
  layout.margin = { ...layout.margin, b: layout.margin.b + LINE };
}

/**
 * Empty, in place, labels of the x axis that would run into one that stays: the two ends stay, then from right to left.
 * @param {any} layout
 * @param {number} width of the whole figure in pixels
 */
export function thinned(layout, width) {
  const { tickvals, ticktext, range, type } = layout.xaxis ?? {};
  if (type === "category" && Array.isArray(ticktext) && range) {
    // Names of categories are turned by the server where they are long: as many as there are lines for.
    const step = Math.ceil(LINE / ((width - layout.margin.l - layout.margin.r) / (range[1] - range[0])));
    if (layout.xaxis.tickangle) layout.xaxis.ticktext = ticktext.map((text, i) => (i % step ? "" : text));
    return;
  }
  if (!Array.isArray(tickvals) || !Array.isArray(ticktext) || !range) return;
  const pixels = (width - layout.margin.l - layout.margin.r) / (range[1] - range[0]);
  const at = tickvals.map((value) => (type === "log" ? Math.log10(value) : value) * pixels);
  const half = ticktext.map((text) => (String(text).length * LETTER) / 2);
  const [right, ...others] = at.map((_, i) => i).sort((a, b) => at[b] - at[a]);
  const order = [right, ...others.splice(-1), ...others];
  /** @type {Set<number>} */
  const kept = new Set();
  for (const i of order) if (i !== undefined && [...kept].every((j) => Math.abs(at[i] - at[j]) >= half[i] + half[j] + AIR)) kept.add(i);
  layout.xaxis.ticktext = ticktext.map((text, i) => (kept.has(i) ? text : ""));
  layout.xaxis.tickangle = 0;
}
