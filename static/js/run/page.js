/** The page of a run: its words, its figures, and the link that shows another reader the same view. */
import { at, formToken } from "../address.js";
import { atlas } from "../atlas/atlas.js";
import { FigureCard } from "../figure.js";
import { film } from "../film/film.js";
import { follow, paced } from "../hints.js";
import { advance, following, onNewest, running } from "../newest.js";
import { chooseTickets } from "../masks/overlap.js";
import { renewParts } from "../parts.js";

const run = /** @type {HTMLElement} */ (document.querySelector("[data-run]")).dataset.run ?? "";
// A refused edit is answered at its own address; what is fetched again and what is shared is the run's.
if (location.pathname.endsWith("/edit")) history.replaceState(null, "", at(`/runs/${run}`));
const cards = [...document.querySelectorAll(".figure")].map((card) => new FigureCard(/** @type {HTMLElement} */ (card)));
const renew = paced(async () => {
  const live = !["finished", "failed", "cancelled"].includes(state);
  const renewed = await renewParts();
  advance();
  // The last level is known only to a page that was asked for after the end.
  if (state && (live || renewed)) running(live);
  else if (!live) setTimeout(renew, 1000);
}, 1000);
let seq = -1;
let state = "";
const form = /** @type {HTMLFormElement | null} */ (document.querySelector("form.atlas"));
// The figures of the masks follow the matrix in level and replicate, and it follows them.
const masks = form && atlas(form, (name, value) => {
  for (const card of cards) card.set(name, value);
});
document.addEventListener("chosen", async (event) => {
  const card = /** @type {CustomEvent<FigureCard | null>} */ (event).detail;
  const level = card?.chosen.get("level");
  if (masks && level) (await masks).adopt(level);
});
// Newer events come on top and would push what is being read: they wait until they are asked for.
const newer = document.getElementById("log-newer");
newer?.addEventListener("click", async () => { if (await renewParts(true)) newer.classList.add("by-script"); });
const wall = /** @type {HTMLFormElement | null} */ (document.querySelector("form.film"));
const films = wall && film(wall);
if (!masks) onNewest((level) => { for (const card of cards) card.set("level", level); });

follow(
  [run],
  (hint) => {
    const bar = /** @type {HTMLProgressElement | null} */ (document.querySelector("#progress progress"));
    if (bar && hint.progress.total && hint.state !== "finished") bar.value = hint.progress.done;
    // The first hint says where the run stands: the page may be older than that.
    const news = seq < 0 || hint.seq > seq || hint.state !== state;
    for (const card of cards) card.hint(hint.touched);
    if (hint.touched.includes("mask")) masks?.then((made) => made.renew());
    if (news) films?.renew();
    if (seq >= 0 && hint.seq > seq) newer?.classList.remove("by-script");
    seq = hint.seq;
    state = hint.state;
    if (news || hint.state === "running") renew();
  },
  () => {
    for (const card of cards) card.outdate();
    films?.renew();
    renew();
  },
);
setInterval(() => { if (!document.hidden) renew(); }, 30_000);

// Cancel and Resume answer in place: the page and the reader's zoom stay.
document.addEventListener("submit", async (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (!form.matches("form[data-quiet]")) return;
  event.preventDefault();
  const answer = await fetch(form.action, { method: "POST", redirect: "manual", headers: { Accept: "text/html", ...formToken() } }).catch(() => null);
  if (answer?.type === "opaqueredirect") await renewParts();
  else form.submit(); // shows the page that says why not
});

// The bound and the intervals of the verdict are part of the view, as the options of the figures are.
const terms = /** @type {HTMLFormElement | null} */ (document.querySelector("form.bound"));
terms?.addEventListener("submit", (event) => event.preventDefault());
terms?.addEventListener("change", (event) => {
  const field = /** @type {HTMLInputElement | HTMLSelectElement} */ (event.target);
  if (!field.checkValidity()) return;
  const here = new URL(location.href);
  here.searchParams.set(field.name, field.value);
  history.replaceState(null, "", here);
  document.dispatchEvent(new CustomEvent("chosen"));
  renewParts();
});

const choice = /** @type {HTMLFormElement | null} */ (document.getElementById("choose-tickets"));
if (choice) chooseTickets(choice, (name, value) => { for (const card of cards) card.set(name, value); });

// On a narrow screen the tab that is shown may lie beyond the edge of the row.
const shown = /** @type {HTMLElement | null} */ (document.querySelector(".tabs [aria-current]"));
if (shown?.parentElement) {
  const beyond = shown.getBoundingClientRect().right - shown.parentElement.getBoundingClientRect().right;
  shown.parentElement.scrollLeft = Math.max(0, beyond);
}

// The tabs keep the options that were chosen here.
document.addEventListener("chosen", () => {
  for (const tab of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll(".tabs a"))) {
    const there = new URL(location.href);
    there.searchParams.set("tab", tab.dataset.tab ?? "");
    tab.href = there.pathname + there.search;
  }
});

const share = /** @type {HTMLButtonElement | null} */ (document.getElementById("share"));
if (share) {
  share.classList.remove("by-script");
  share.addEventListener("click", async () => {
    const here = new URL(location.href);
    for (const card of cards) for (const [name, value] of card.chosen) here.searchParams.set(name, value);
    // Another reader sees this level; this one goes on following.
    if (!following()) history.replaceState(null, "", here);
    await navigator.clipboard?.writeText(here.href).catch(() => undefined);
    share.textContent = "Link copied";
    setTimeout(() => { share.textContent = "Share view"; }, 2000);
  });
}
