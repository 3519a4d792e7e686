/** An SVG as a PDF of vectors and text, with the glyphs of the page's typeface inside. */
import { base64 } from "./svg.js";

const vendor = (/** @type {string} */ path) => new URL(`../../vendor/${path}`, import.meta.url);

/** @param {import("./svg.js").Picture} picture @param {string} title @returns {Promise<Blob>} */
export async function pdf({ bare, mm }, title) {
  await script(vendor("jspdf/jspdf.umd.min.js"));
  await script(vendor("svg2pdf/svg2pdf.umd.min.js"));
  const { jsPDF } = /** @type {any} */ (window).jspdf;
  const page = new jsPDF({ unit: "mm", format: [mm.width, mm.height], orientation: mm.width > mm.height ? "l" : "p", compress: true });
  page.setProperties({ title });
  page.addFileToVFS("Inter.ttf", await base64(vendor("inter/inter-400-normal.ttf")));
  page.addFont("Inter.ttf", "Inter", "normal", 400);
  page.setFont("Inter", "normal", 400);
  const { documentElement: root } = new DOMParser().parseFromString(bare, "image/svg+xml");
  for (const text of root.querySelectorAll("[font-family]")) text.setAttribute("font-family", "Inter");
  for (const text of root.querySelectorAll("[font-weight]")) text.removeAttribute("font-weight");
  await page.svg(root, { x: 0, y: 0, width: mm.width, height: mm.height });
  return page.output("blob");
}

/** @type {Map<string, Promise<void>>} */
const loaded = new Map();

/** A script of this server, loaded once. @param {URL} address */
function script({ href }) {
  const made = loaded.get(href) ?? new Promise((done, fail) => {
    const element = document.createElement("script");
    element.onload = () => done();
    element.onerror = () => fail(new Error("The PDF library did not load."));
    element.src = href;
    document.head.append(element);
  });
  loaded.set(href, made);
  return made;
}
