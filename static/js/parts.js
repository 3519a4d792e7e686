/** The live parts of a page: fetched again as HTML from the page's own address, so that words are written once. */
import { morph } from "./morph.js";

// An answer may come after that to a later question, and would put older words over newer ones.
let asking = new AbortController();
/** @type {Map<string, string>} The tags of the parts that came last, by their ids: those are not sent again. */
const tags = new Map();

/**
 * Fetch this page again and renew its parts marked `data-live`; what the reader has open or focused stays.
 * Parts marked `data-live="asked"` grow at their top: they are renewed only for a reader who asks.
 * @param {boolean} [asked]
 * @returns {Promise<boolean>} whether they were renewed
 */
export async function renewParts(asked = false) {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  /** @type {Document} */
  let page;
  try {
    const known = [asked ? "asked" : "unasked", ...tags.values()].join(" ");
    const answer = await fetch(location.href, { headers: { "X-Live": known, Accept: "text/html" }, signal });
    if (!answer.ok) return false;
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return false; // asked again meanwhile, or the server is away: then the next hint brings it back
  }
  if (signal.aborted) return false;
  for (const part of document.querySelectorAll(asked ? "[data-live]" : '[data-live]:not([data-live="asked"])')) {
    const then = page.getElementById(part.id);
    if (!then) continue; // as it was
    morph(part, then);
    tags.set(part.id, /** @type {HTMLElement} */ (then.parentElement).dataset.tag ?? "");
  }
  return true;
}
