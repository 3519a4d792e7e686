/** The matrix as a file: what is in view, with its title and its legend. */
import { titled } from "../picture.js";
import { plotly } from "../plotly.js";
import { color } from "../theme.js";

/** @param {HTMLElement} place @param {{title: string, foot: string, format: string, name: string}} file */
export async function download(place, { title, foot, format, name }) {
  const library = await plotly();
  const { width, height } = place.getBoundingClientRect();
  const { data, layout } = /** @type {any} */ (place);
  const meta = { title, finding: [], foot, n: 1 };
  const picture = titled({ ...layout, meta, width, height, paper_bgcolor: color("card") });
  const address = await library.toImage({ data, layout: picture }, { format, width, height: picture.height, scale: format === "png" ? 2 : 1 });
  const link = document.createElement("a");
  link.href = address;
  link.download = `${name}.${format}`.replace(/[^\w.-]/g, "_");
  link.click();
}
