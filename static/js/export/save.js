/** Saves a figure as a file: a picture in one of three formats, or picture, data and spec as one archive. */
import { at } from "../address.js";
import { look } from "./options.js";
import { pdf } from "./pdf.js";
import { png } from "./png.js";
import { svg } from "./svg.js";

/**
 * @param {import("../figure.js").FigureCard} card
 * @param {string} format
 */
export async function save(card, format) {
  const { mm, caption, dark, bom } = look();
  const made = /** @type {import("../api.js").Figure} */ (card.drawn);
  const origin = originOf(card);
  const words = caption || format === "zip" ? await captionOf(card, origin) : "";
  const high = card.plot.getBoundingClientRect().height;
  const picture = await svg(structuredClone(made), { mm, dark, caption: caption ? words : "", log: card.chosen.has(card.log), y: card.full ? card.whole : null, high });
  const title = made.layout.meta.title;
  const blob = {
    svg: async () => new Blob([picture.svg], { type: "image/svg+xml" }),
    png: () => png(picture),
    pdf: () => pdf(picture, title),
    zip: origin && (() => zip(card, origin, picture, words, bom)),
  }[format];
  if (blob) download(await blob(), `${card.file}.${format}`);
}

/**
 * Where a figure comes from: a run with its spec, or several runs with theirs in one file.
 * @typedef {{address: string, file: string, run: string}} Origin
 */

/** @param {import("../figure.js").FigureCard} card @returns {Origin | null} none where specs are not shown */
function originOf(card) {
  if (document.querySelector("[data-published]")) return null;
  const several = /** @type {HTMLElement | null} */ (card.card.closest("[data-compared]"))?.dataset.compared;
  if (several) return { address: several, file: "runs.json", run: "" };
  const run = location.pathname.split("/").pop() ?? "";
  return { address: at(`/api/v1/runs/${run}/spec`), file: "spec.json", run };
}

/**
 * The picture as PDF, SVG and PNG, its numbers, the spec that made them and the words about it.
 * @param {import("../figure.js").FigureCard} card @param {Origin} origin @param {import("./svg.js").Picture} picture @param {string} words @param {boolean} bom
 */
async function zip(card, origin, picture, words, bom) {
  const { downloadZip } = await import(new URL("../../vendor/client-zip/client-zip.js", import.meta.url).href);
  const { file } = card;
  const files = [
    { name: `${file}.pdf`, input: await pdf(picture, card.drawn?.layout.meta.title) },
    { name: `${file}.svg`, input: picture.svg },
    { name: `${file}.png`, input: await png(picture) },
    { name: `${file}.csv`, input: await fetched(`${card.card.dataset.src}?${new URLSearchParams([...card.options, ["format", "csv"], ...(bom ? [["bom", "1"]] : [])])}`) },
    { name: origin.file, input: await fetched(origin.address) },
    { name: "caption.txt", input: `${words}\n` },
  ];
  return downloadZip(files).blob();
}

/** @param {string} address */
async function fetched(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  return answer.arrayBuffer();
}

/**
 * Title, finding and foot of a figure, and where it comes from: run, spec and link.
 * @param {import("../figure.js").FigureCard} card @param {Origin | null} origin
 */
async function captionOf(card, origin) {
  const { title, finding, foot } = /** @type {import("../api.js").Figure} */ (card.drawn).layout.meta;
  const said = finding.map((/** @type {import("../api.js").Part} */ { text }) => text).join("").trim();
  const words = `${title}. ${said} ${foot}.`;
  // The address of a published page is a secret, which no picture carries on.
  if (!origin) return `${words} ${document.getElementById("name")?.textContent ?? ""}`;
  const answer = await fetch(origin.address);
  const whose = origin.run ? oneOf(origin.run, answer) : allOf((await answer.json()).items);
  const there = new URL(location.href);
  for (const [option, value] of card.chosen) there.searchParams.set(option, value);
  return `${words} ${whose}, ${there.href}`;
}

/** @param {string} run @param {Response} spec */
function oneOf(run, spec) {
  const name = document.getElementById("name")?.textContent ?? "";
  return `Run “${name}” (${run}), spec ${(spec.headers.get("ETag") ?? "").replace(/"/g, "").slice(0, 12)}`;
}

/** @param {{run: {id: string, name: string}}[]} items */
function allOf(items) {
  return `Runs ${items.map(({ run }) => `“${run.name}” (${run.id})`).join(", ")}`;
}

/** @param {Blob} blob @param {string} name */
function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
