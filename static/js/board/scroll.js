/** Further pages of the board, fetched by its link "Next" as the reader comes near the end, and found again on Back. */
import { morph } from "../morph.js";
import { renewParts } from "../parts.js";

/** Rows stand still while a reader is further down than this. */
const STILL_PX = 200;
const AGAIN_MS = 30_000;

const rows = document.getElementById("rows");
const table = rows?.closest("table");
const news = /** @type {HTMLElement} */ (document.getElementById("news"));
const said = /** @type {HTMLElement} */ (document.getElementById("said"));
/** Addresses of the pages that were added, in order. @type {string[]} */
const added = [];
let loading = false;
/** Whether the keyboard goes to the first of the runs that come next. */
let lead = false;

const nav = () => /** @type {HTMLElement | null} */ (document.querySelector("#live .pages"));
const link = () => /** @type {HTMLAnchorElement | null} */ (nav()?.querySelector('a[rel="next"]') ?? null);

/** @param {string} address @returns {Promise<Document | null>} */
async function fetched(address) {
  const answer = await fetch(address, { headers: { Accept: "text/html" } }).catch(() => null);
  return answer?.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
}

/** Whether what is shown stays where it is: rows are renewed, none comes, goes or moves. */
function hold() {
  const still = added.length > 0 || scrollY > STILL_PX;
  for (const [part, what] of /** @type {[HTMLElement | null, string][]} */ ([[rows, "rows"], [nav(), "all"]])) {
    if (!part) continue;
    if (still && (what === "rows" || added.length)) part.dataset.held = what;
    else delete part.dataset.held;
  }
  if (!still) news.hidden = true;
}

/** Add the next page below. */
async function more() {
  const next = link();
  if (loading || !next || !table) return;
  loading = true;
  const address = next.href;
  const page = await fetched(address);
  const found = page?.getElementById("rows");
  if (found) {
    const body = document.importNode(found, true);
    body.removeAttribute("id");
    body.setAttribute("data-appended", "");
    for (const row of body.querySelectorAll("tr[id]")) if (document.getElementById(row.id)) row.remove();
    table.append(body);
    added.push(address);
    const then = page?.querySelector("#live .pages a[rel=next]");
    lead ||= !then && document.activeElement === next;
    if (then) next.setAttribute("href", then.getAttribute("href") ?? "");
    else next.remove();
    hold();
    const count = table.querySelectorAll("tbody tr[id]").length;
    said.textContent = `${count.toLocaleString("en")} runs are shown${then ? "" : ": all"}`;
    if (lead) /** @type {HTMLElement | null} */ (body.querySelector("a.name"))?.focus({ preventScroll: true });
    lead = false;
  }
  loading = false;
}

/** Back to the first page, with what is new. */
function release() {
  for (const body of document.querySelectorAll("[data-appended]")) body.remove();
  added.length = 0;
  scrollTo(0, 0);
  hold();
  renewParts();
}

async function again() {
  if (document.hidden) return;
  const bodies = [...document.querySelectorAll("[data-appended]")];
  for (const [place, body] of bodies.entries()) {
    const found = (await fetched(added[place]))?.getElementById("rows");
    for (const row of found?.querySelectorAll("tr[id]") ?? []) {
      const mine = body.querySelector(`#${CSS.escape(row.id)}`);
      if (mine) morph(mine, row);
    }
  }
}

/** Show as many pages as before, at the same place. */
async function restore() {
  const before = history.state?.board;
  if (!before?.pages) return;
  history.scrollRestoration = "manual";
  while (added.length < before.pages && link()) {
    const count = added.length;
    await more();
    if (added.length === count) break;
  }
  const row = document.getElementById(before.row);
  if (row) scrollBy(0, row.getBoundingClientRect().top - before.top);
}

/** Remember the pages that are shown and the row at the top of the window, which new runs above do not move. */
function remember() {
  const row = [...(table?.querySelectorAll("tbody tr[id]") ?? [])].find((each) => each.getBoundingClientRect().bottom > 0);
  const board = { pages: added.length, row: row?.id, top: row?.getBoundingClientRect().top };
  history.replaceState({ ...history.state, board }, "");
}

export async function scroll() {
  if (!table) return;
  addEventListener("scroll", hold, { passive: true });
  addEventListener("pagehide", remember);
  document.addEventListener("held", (event) => {
    const count = /** @type {CustomEvent<number>} */ (event).detail;
    news.hidden = count === 0;
    /** @type {HTMLElement} */ (news.firstElementChild).textContent = `${count} new ${count === 1 ? "run" : "runs"}: show`;
  });
  news.addEventListener("click", release);
  document.addEventListener("click", (event) => {
    const next = link();
    if (!next || !(event.target instanceof Node) || !next.contains(event.target)) return;
    if (/** @type {MouseEvent} */ (event).ctrlKey || /** @type {MouseEvent} */ (event).metaKey) return;
    event.preventDefault();
    lead = true;
    more();
  });
  await restore();
  const seen = new IntersectionObserver((entries) => { if (entries.some((each) => each.isIntersecting)) more(); }, { rootMargin: "600px" });
  const end = document.getElementById("end");
  if (end) seen.observe(end);
  // A short page may leave the end in sight after the first answer.
  addEventListener("scroll", () => { if (end && end.getBoundingClientRect().top < innerHeight + 600) more(); }, { passive: true });
  setInterval(again, AGAIN_MS);
}
