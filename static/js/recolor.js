/** The server draws for the light page; this gives every trace and label the colour that its role has in the theme. */
import { theme } from "./atlas/scales.js";
import { asked, color, translucent } from "./theme.js";

/** Optimizers, whose variables have dashes where their names have underscores. */
const OPTIMIZERS = ["sgd", "momentum_sgd", "spectral_sgd", "frobenius_sgd", "dualised", "adam", "adamw", "rmsprop", "lion", "muon", "shampoo", "soap", "sam"].map((name) => [name, name.replace("_", "-")]);

/** Role of a trace or label -> variable of tokens.css. @type {Record<string, string>} */
const ROLES = {
  winning_ticket: "ticket",
  reinit: "reinit",
  shuffled: "shuffled",
  random: "random",
  magnitude_at_init: "magnitude",
  dense: "dense",
  pruned: "soft",
  soft: "soft",
  masked_dense: "dense",
  csr: "sgd",
  compacted: "dualised",
  structured: "adam",
  semi_structured: "shampoo",
  ...Object.fromEntries(OPTIMIZERS),
};
/** Labels are text and need more contrast than lines. @type {Record<string, string>} */
const TEXT = { ...ROLES, winning_ticket: "ticket-text", reinit: "reinit-text", shuffled: "shuffled-text", random: "shuffled-text", magnitude_at_init: "magnitude-text", csr: "sgd-text", compacted: "dualised-text", structured: "adam-text", semi_structured: "shampoo-text", ...Object.fromEntries(OPTIMIZERS.map(([name, variable]) => [name, `${variable}-text`])) };

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
    const variable = ROLES[role];
    if (!variable) continue;
    const ink = of(variable);
    if (trace.line?.color) trace.line.color = alpha(trace.line.color, ink);
    if (typeof trace.marker?.color === "string") trace.marker.color = alpha(trace.marker.color, ink);
    if (typeof trace.marker?.line?.color === "string") trace.marker.line.color = ink;
    if (trace.fillcolor) trace.fillcolor = alpha(trace.fillcolor, ink);
    if (trace.textfont?.color) trace.textfont.color = of(TEXT[role]);
    if (trace.error_y?.color) trace.error_y.color = ink;
    if (trace.error_x?.color) trace.error_x.color = ink;
  }
  for (const note of layout.annotations ?? []) {
    note.font = { ...note.font, color: of(TEXT[note.name] ?? "soft") };
    if (note.arrowcolor) note.arrowcolor = translucent(of(ROLES[note.name] ?? "soft"), 0.6);
    if (note.bgcolor) note.bgcolor = translucent(of("card"), 0.85);
  }
  for (const shape of layout.shapes ?? []) {
    if (shape.line?.color) shape.line.color = of(ROLES[shape.name] ?? "line");
    if (shape.fillcolor) shape.fillcolor = alpha(shape.fillcolor, of(ROLES[shape.name] ?? "line"));
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
