/** The server draws for the light page; this gives every trace and label the colour that its role has in the theme. */
import { theme } from "./atlas/scales.js";
import { ROLES } from "./palette.js";
import { asked, color, translucent } from "./theme.js";

/**
 * The variable of a role's lines in palette.css; undefined where a name is no role.
 * @param {string | undefined} role
 */
const line = (role) => (role !== undefined && ROLES.has(role) ? role.replaceAll("_", "-") : undefined);

/**
 * The variable of its text, which needs more contrast than lines.
 * @param {string | undefined} role
 */
const text = (role) => (line(role) ? `${line(role)}-text` : "soft");

/**
 * Colour a figure for the theme in use, in place.
 * @param {{data: any[], layout: any}} figure
 */
export function recolor({ data, layout }) {
  /** @type {Map<string, string>} */
  const read = new Map();
  const of = (/** @type {string} */ name) => {
    if (!read.has(name)) read.set(name, color(name));
    return /** @type {string} */ (read.get(name));
  };
  for (const trace of data) {
    const role = trace.meta?.role;
    if (role === "heat") {
      trace.colorscale = [[0, of("wash")], [0.35, mix(of("wash"), of("ticket"))], [0.7, of("ticket")], [1, of("ink")]];
      continue;
    }
    const variable = line(role);
    if (!variable) continue;
    const ink = of(variable);
    if (trace.line?.color) trace.line.color = alpha(trace.line.color, ink);
    if (typeof trace.marker?.color === "string") trace.marker.color = alpha(trace.marker.color, ink);
    if (typeof trace.marker?.line?.color === "string") trace.marker.line.color = ink;
    if (trace.fillcolor) trace.fillcolor = alpha(trace.fillcolor, ink);
    if (trace.textfont?.color) trace.textfont.color = of(text(role));
    if (trace.error_y?.color) trace.error_y.color = ink;
    if (trace.error_x?.color) trace.error_x.color = ink;
  }
  for (const note of layout.annotations ?? []) {
    note.font = { ...note.font, color: of(text(note.name)) };
    if (note.arrowcolor) note.arrowcolor = translucent(of(line(note.name) ?? "soft"), 0.6);
    if (note.bgcolor) note.bgcolor = translucent(of("card"), 0.85);
  }
  for (const shape of layout.shapes ?? []) {
    if (shape.line?.color) shape.line.color = of(line(shape.name) ?? "line");
    if (shape.fillcolor) shape.fillcolor = alpha(shape.fillcolor, of(line(shape.name) ?? "line"));
  }
  // Pictures of matrices are painted by the server.
  for (const image of layout.images ?? []) image.source = image.source.replace("theme=light", `theme=${asked() || theme()}`);
  layout.font = { ...layout.font, family: "Inter, system-ui, sans-serif", color: of("soft") };
  layout.hoverlabel = { ...layout.hoverlabel, bgcolor: of("card"), bordercolor: of("edge"), font: { color: of("ink"), family: "Inter, system-ui, sans-serif", size: 12 } };
  for (const key of Object.keys(layout)) {
    if (/^[xy]axis\d*$/.test(key)) Object.assign(layout[key], { gridcolor: of("line"), linecolor: of("line"), tickcolor: of("line"), zerolinecolor: of("line"), spikecolor: of("edge"), spikethickness: 1, spikedash: "dot" });
    if (/^coloraxis\d*$/.test(key)) layout[key].colorscale = [[0, of("wash")], [0.35, mix(of("wash"), of("ticket"))], [0.7, of("ticket")], [1, of("ink")]];
  }
}

/**
 * A new colour with the opacity that the old one had.
 * @param {string} old
 * @param {string} ink
 */
function alpha(old, ink) {
  const found = /^rgba\(.*,\s*([\d.]+)\)$/.exec(old);
  return found ? translucent(ink, Number(found[1])) : ink;
}

/**
 * Half way between two `rgb(...)` colours.
 * @param {string} one
 * @param {string} other
 */
function mix(one, other) {
  const [a, b] = [one, other].map((text) => (text.match(/[\d.]+/g) ?? []).map(Number));
  return `rgb(${a.slice(0, 3).map((value, i) => Math.round((value + b[i]) / 2)).join(", ")})`;
}
