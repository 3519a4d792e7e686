/** A figure on a logarithmic y axis: another range, and the labels at the curves' ends moved to where these now are. */

// Labels keep this share of the axis apart; less than the other is the same place.
const GAP = 0.062;
const SAME = 0.003;
// In px, as app/figures/labels.py has it: a label's distance from its line, and a short line's air and width.
const [LABEL, CLEAR, LEAD] = [8, 4, 10];
/** @type {Record<string, new (buffer: ArrayBuffer) => ArrayLike<number>>} */
const TYPES = { f8: Float64Array, f4: Float32Array, i4: Int32Array, u4: Uint32Array, i2: Int16Array, u2: Uint16Array, i1: Int8Array, u1: Uint8Array };

/**
 * Change a figure in place. Values of 0 and below have no place on such an axis and leave gaps.
 * @param {{data: any[], layout: any}} figure
 */
export function logarithmic({ data, layout }) {
  const shown = data.filter((trace) => (trace.yaxis ?? "y") === "y" && trace.y);
  const values = shown.flatMap((trace) => [...numbers(trace.y)]).filter((value) => value > 0);
  if (!values.length) return;
  const low = Math.log10(values.reduce((a, b) => Math.min(a, b)));
  const high = Math.log10(values.reduce((a, b) => Math.max(a, b)));
  const room = 0.04 * (high - low) || 0.1;
  const range = [low - room, high + room];
  const { dtick, tick0, tickvals, ticktext, tickformat, autorange, ...axis } = layout.yaxis;
  // With a format, minor ticks too are whole numbers such as 0.2, not their first digit.
  layout.yaxis = { ...axis, type: "log", range, tickformat: "~g", uirevision: "log" };

  const on = (/** @type {any} */ note) => (note.yref ?? "y") === "y";
  const moved = [];
  const kept = [];
  for (const note of layout.annotations ?? []) {
    const mean = on(note) && shown.find((trace) => trace.meta?.role === note.name && trace.meta?.part === "mean");
    const last = mean ? numbers(mean.y).filter((value) => value > 0).at(-1) : undefined;
    if (last !== undefined) moved.push({ note, end: Math.log10(last), y: Math.log10(last) });
    else if (!on(note)) kept.push(note);
    else if (note.y > 0) kept.push({ ...note, y: Math.log10(note.y), ...(note.place ? { place: { ...note.place, y: Math.log10(note.place.y) } } : {}) });
  }
  layout.annotations = [...kept, ...led(apart(moved, range), range[1] - range[0])];
}

/**
 * Labels pushed up where they would overlap, then down from the top of the axis.
 * @param {any[]} labels
 * @param {number[]} range
 */
function apart(labels, [low, high]) {
  const gap = GAP * (high - low);
  labels.sort((a, b) => a.y - b.y);
  for (let i = 1; i < labels.length; i++) labels[i].y = Math.max(labels[i].y, labels[i - 1].y + gap);
  for (let i = labels.length - 1; i >= 0; i--) labels[i].y = Math.min(labels[i].y, high - (labels.length - 1 - i) * gap);
  return labels;
}

/**
 * Annotations of labels in their places: with lines from the ends of those that moved, where one would be nearer to
 * another line's end, and from all that had one.
 * @param {{note: any, end: number, y: number}[]} labels
 * @param {number} span
 */
function led(labels, span) {
  const ambiguous = labels.some(({ end, y }) => labels.some((other) => Math.abs(other.end - y) < Math.abs(end - y) - SAME * span));
  return labels.map(({ note: { showarrow, ax, axref, ay, ayref, ...note }, end, y }) => {
    const line = { ...note, showarrow: true, y: end, ay: y, ayref: "y", arrowhead: 0, arrowwidth: 1, arrowcolor: note.font.color };
    if (axref === "x") return { ...line, ax, axref, xshift: ambiguous ? CLEAR + LEAD : LABEL };
    if (ambiguous && Math.abs(end - y) > SAME * span) return { ...line, ax: LEAD, xshift: CLEAR };
    return { ...note, showarrow: false, y, xshift: ambiguous ? CLEAR + LEAD : LABEL };
  });
}

/**
 * The numbers of a trace's column, which may travel as base64 of its bytes; NaN for what is none.
 * @param {any} values
 * @returns {number[]}
 */
export function column(values) {
  const plain = values.bdata
    ? new TYPES[values.dtype](Uint8Array.from(atob(values.bdata), (byte) => byte.charCodeAt(0)).buffer)
    : values;
  return Array.from(plain, (value) => (typeof value === "number" ? value : NaN));
}

/** Those that are finite. @param {any} values */
export const numbers = (values) => column(values).filter((value) => Number.isFinite(value));
