/** The live parts of a page: fetched again as HTML from the page's own address, so that words are written once. */
import { morph } from "./morph.js";

/** Fetch this page again and renew its parts marked `data-live`; what the reader has open or focused stays. */
export async function renewParts() {
  /** @type {Document} */
  let page;
  try {
    const answer = await fetch(location.href, { headers: { "X-Live": "1", Accept: "text/html" } });
    if (!answer.ok) return;
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return; // the server is away; the next hint brings it back
  }
  for (const part of document.querySelectorAll("[data-live]")) {
    const then = page.getElementById(part.id);
    if (then) morph(part, then);
  }
}
