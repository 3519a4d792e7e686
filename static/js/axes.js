/** The ranges of a plot's axes: back from the reader's zoom, and a y axis that is cut shown whole. */
import { numbers } from "./logarithmic.js";

const AXIS = /^[xy]axis\d*$/;

/** Whether any axis is not as it was drawn. @param {any} layout @param {any} home */
export function zoomed(layout, home) {
  return Object.keys(layout).some((key) => {
    if (!AXIS.test(key) || layout[key].fixedrange) return false;
    const own = home?.[key]?.range;
    const now = layout[key].range;
    return own && now ? own.some((/** @type {number} */ end, /** @type {number} */ i) => Math.abs(end - now[i]) > 1e-9) : own ? true : layout[key].autorange === false;
  });
}

/** The change of layout that undoes every zoom. @param {any} home @returns {Record<string, unknown>} */
export function unzoomed(home) {
  /** @type {Record<string, unknown>} */
  const change = {};
  for (const [key, axis] of Object.entries(home ?? {})) {
    if (!AXIS.test(key) || axis.fixedrange) continue;
    if (axis.range) change[`${key}.range`] = [...axis.range];
    else change[`${key}.autorange`] = true;
  }
  return change;
}

/**
 * The y range that holds all values, null where the range drawn holds them already.
 * @param {{data: any[], layout: any}} figure
 * @returns {[number, number] | null}
 */
export function whole({ data, layout }) {
  const { range, type } = layout.yaxis ?? {};
  if (!range) return null;
  const values = data
    .filter((trace) => (trace.yaxis ?? "y") === "y" && trace.y && ["mean", "replicate"].includes(trace.meta?.part))
    .flatMap((trace) => numbers(trace.y))
    .filter((value) => type !== "log" || value > 0)
    .map((value) => (type === "log" ? Math.log10(value) : value));
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const slack = 1e-6 * Math.abs(range[1] - range[0]);
  if (low >= range[0] - slack && high <= range[1] + slack) return null;
  const room = 0.03 * (Math.max(high, range[1]) - Math.min(low, range[0]));
  return [Math.min(low - room, range[0]), high > range[1] ? high + room : range[1]];
}
