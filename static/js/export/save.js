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
  const run = location.pathname.split("/").pop() ?? "";
  const words = caption || format === "zip" ? await captionOf(card, run) : "";
  const high = card.plot.getBoundingClientRect().height;
  const picture = await svg(structuredClone(made), { mm, dark, caption: caption ? words : "", log: card.chosen.has(card.log), y: card.full ? card.whole : null, high });
  const title = made.layout.meta.title;
  const blob = {
    svg: async () => new Blob([picture.svg], { type: "image/svg+xml" }),
    png: () => png(picture),
    pdf: () => pdf(picture, title),
    zip: () => zip(card, run, picture, words, bom),
  }[format];
  if (blob) download(await blob(), `${card.file}.${format}`);
}

/**
 * The picture as PDF, SVG and PNG, its numbers, the spec that made them and the words about it.
 * @param {import("../figure.js").FigureCard} card @param {string} run @param {import("./svg.js").Picture} picture @param {string} words @param {boolean} bom
 */
async function zip(card, run, picture, words, bom) {
  const { downloadZip } = await import(new URL("../../vendor/client-zip/client-zip.js", import.meta.url).href);
  const { file } = card;
  const files = [
    { name: `${file}.pdf`, input: await pdf(picture, card.drawn?.layout.meta.title) },
    { name: `${file}.svg`, input: picture.svg },
    { name: `${file}.png`, input: await png(picture) },
    { name: `${file}.csv`, input: await fetched(`${card.card.dataset.src}?${new URLSearchParams([...card.options, ["format", "csv"], ...(bom ? [["bom", "1"]] : [])])}`) },
    { name: "spec.json", input: await fetched(at(`/api/v1/runs/${run}/spec`)) },
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
 * @param {import("../figure.js").FigureCard} card @param {string} run
 */
async function captionOf(card, run) {
  const { title, finding, foot } = /** @type {import("../api.js").Figure} */ (card.drawn).layout.meta;
  const name = document.getElementById("name")?.textContent ?? "";
  const answer = await fetch(at(`/api/v1/runs/${run}/spec`));
  const hash = (answer.headers.get("ETag") ?? "").replace(/"/g, "").slice(0, 12);
  const there = new URL(location.href);
  for (const [option, value] of card.chosen) there.searchParams.set(option, value);
  const said = finding.map((/** @type {import("../api.js").Part} */ { text }) => text).join("").trim();
  return `${title}. ${said} ${foot}. Run “${name}” (${run}), spec ${hash}, ${there.href}`;
}

/** @param {Blob} blob @param {string} name */
function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
