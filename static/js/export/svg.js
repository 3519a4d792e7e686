/** A figure as an SVG of a width in millimetres, in the page's own typeface, without a word of the page around it. */
import { placed, tagged } from "../labels.js";
import { logarithmic } from "../logarithmic.js";
import { captioned } from "../picture.js";
import { plotly } from "../plotly.js";
import { recolor } from "../recolor.js";
import { color, inScheme } from "../theme.js";
import { folded, thinned } from "../ticks.js";

// 12 px of the page are then 7.6 points on paper.
const PX_PER_MM = 4.5;
const FONT = new URL("../../vendor/inter/inter-latin-wght-normal.woff2", import.meta.url);

/** @typedef {{bare: string, svg: string, mm: {width: number, height: number}, px: {width: number, height: number}}} Picture */

/**
 * @param {import("../api.js").Figure} figure as the server has it; it is changed
 * @param {{mm: number, dark: boolean, caption: string, log: boolean, y: [number, number] | null, high: number}} how `high` is the height on the page in pixels; an empty caption is none
 * @returns {Promise<Picture>}
 */
export async function svg(figure, { mm, dark, caption, log, y, high }) {
  const library = await plotly();
  const { data, layout } = figure;
  tagged(layout);
  inScheme(dark ? "dark" : "light", () => {
    recolor(figure);
    Object.assign(layout, { paper_bgcolor: color("card") });
  });
  if (log) logarithmic(figure);
  if (y) layout.yaxis.range = y;
  const width = Math.round(mm * PX_PER_MM);
  thinned(layout, width);
  folded(layout, width);
  const height = Math.round(Math.min(high, Math.max(250, 0.7 * width)));
  placed(figure, width, height);
  const shown = captioned({ ...layout, width, height }, caption);
  const address = await library.toImage({ data, layout: shown }, { format: "svg", width, height: shown.height });
  const text = decodeURIComponent(address.slice(address.indexOf(",") + 1));
  const scale = mm / width;
  const bare = own(text, mm, scale * shown.height);
  return { bare, svg: await withFont(bare), mm: { width: mm, height: scale * shown.height }, px: { width, height: shown.height } };
}

/**
 * With its size in millimetres and attributes in place of inline styles, which no policy refuses.
 * @param {string} text @param {number} width @param {number} height
 */
function own(text, width, height) {
  // A parser would report each inline style to the page's policy.
  const named = text.replace(/<[^>]*>/g, (tag) => tag.replaceAll(' style="', ' data-style="'));
  const made = new DOMParser().parseFromString(named, "image/svg+xml");
  const root = made.documentElement;
  root.setAttribute("width", `${width}mm`);
  root.setAttribute("height", `${Math.round(100 * height) / 100}mm`);
  for (const each of made.querySelectorAll("[data-style]")) {
    for (const rule of (each.getAttribute("data-style") ?? "").split(";")) {
      const colon = rule.indexOf(":");
      const [name, value] = [rule.slice(0, colon).trim(), rule.slice(colon + 1).trim()];
      if (name && value && !["white-space", "pointer-events", "cursor"].includes(name)) each.setAttribute(name, value.replace("!important", "").trim());
    }
    each.removeAttribute("data-style");
  }
  for (const each of made.querySelectorAll(".hoverlayer, .zoomlayer, .draglayer, .modebar-container")) each.remove();
  return new XMLSerializer().serializeToString(made);
}

/** An SVG with the typeface inside; as text, since a style element in a document is the policy's. @param {string} text */
async function withFont(text) {
  const rule = `@font-face{font-family:Inter;font-weight:100 900;src:url(data:font/woff2;base64,${await base64(FONT)}) format("woff2")}`;
  return text.replace(/<svg[^>]*>/, (root) => `${root}<style>${rule}</style>`);
}

/** A file of this server in base64. @param {URL} address */
export async function base64(address) {
  const blob = await (await fetch(address)).blob();
  const data = await new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = fail;
    reader.readAsDataURL(blob);
  });
  return String(data).split(",")[1];
}
