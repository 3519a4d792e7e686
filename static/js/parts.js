/** The live parts of a page: fetched again as HTML from the page's own address, so that words are written once. */
import { morph } from "./morph.js";

// An answer may come after that to a later question, and would put older words over newer ones.
let asking = new AbortController();

/** Fetch this page again and renew its parts marked `data-live`; what the reader has open or focused stays. */
export async function renewParts() {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  /** @type {Document} */
  let page;
  try {
    const answer = await fetch(location.href, { headers: { "X-Live": "1", Accept: "text/html" }, signal });
    if (!answer.ok) return;
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return; // asked again meanwhile, or the server is away: then the next hint brings it back
  }
  if (signal.aborted) return;
  for (const part of document.querySelectorAll("[data-live]")) {
    const then = page.getElementById(part.id);
    if (then) morph(part, then);
  }
}
