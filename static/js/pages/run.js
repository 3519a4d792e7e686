/** The page of a run: its words, its figures, and the link that shows another reader the same view. */
import { FigureCard } from "../figure.js";
import { follow, paced } from "../hints.js";
import { renewParts } from "../parts.js";

const run = /** @type {HTMLElement} */ (document.querySelector("[data-run]")).dataset.run ?? "";
// A refused edit is answered at its own address; what is fetched again and what is shared is the run's.
if (location.pathname.endsWith("/edit")) history.replaceState(null, "", `/runs/${run}`);
const cards = [...document.querySelectorAll(".figure")].map((card) => new FigureCard(/** @type {HTMLElement} */ (card)));
const renew = paced(renewParts, 1000);
let seq = -1;
let state = "";

follow(
  [run],
  (hint) => {
    const bar = /** @type {HTMLProgressElement | null} */ (document.querySelector("#progress progress"));
    if (bar && hint.progress.total && hint.state !== "finished") bar.value = hint.progress.done;
    // The first hint says where the run stands: the page may be older than that.
    const news = seq < 0 || hint.seq > seq || hint.state !== state;
    for (const card of cards) card.hint(hint.touched);
    seq = hint.seq;
    state = hint.state;
    if (news || hint.state === "running") renew();
  },
  () => {
    for (const card of cards) card.outdate();
    renew();
  },
);
setInterval(() => { if (!document.hidden) renew(); }, 30_000);

// Cancel and Resume answer in place: the page and the reader's zoom stay.
document.addEventListener("submit", async (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (!form.matches("form[data-quiet]")) return;
  event.preventDefault();
  const answer = await fetch(form.action, { method: "POST", redirect: "manual", headers: { Accept: "text/html" } }).catch(() => null);
  if (answer?.type === "opaqueredirect") await renewParts();
  else form.submit(); // shows the page that says why not
});

// The bound of the verdict is part of the view, as the options of the figures are.
const bound = /** @type {HTMLInputElement | null} */ (document.querySelector("form.bound input[name=bound]"));
bound?.form?.addEventListener("submit", (event) => event.preventDefault());
bound?.addEventListener("change", () => {
  if (!bound.checkValidity()) return;
  const here = new URL(location.href);
  here.searchParams.set("bound", bound.value);
  history.replaceState(null, "", here);
  document.dispatchEvent(new CustomEvent("chosen"));
  renewParts();
});

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
  share.hidden = false;
  share.addEventListener("click", async () => {
    const here = new URL(location.href);
    for (const card of cards) for (const [name, value] of card.chosen) here.searchParams.set(name, value);
    history.replaceState(null, "", here);
    await navigator.clipboard?.writeText(here.href).catch(() => undefined);
    share.textContent = "Link copied";
    setTimeout(() => { share.textContent = "Share view"; }, 2000);
  });
}
