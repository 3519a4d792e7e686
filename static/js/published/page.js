/** A published page: its figures, drawn again when something is new, until the link is revoked. */
import { FigureCard } from "../figure.js";
import { paced } from "../hints.js";
import { renewParts } from "../parts.js";

const place = /** @type {HTMLElement} */ (document.querySelector("[data-published]"));
const over = /** @type {HTMLElement} */ (document.getElementById("published-over"));
const cards = [...document.querySelectorAll(".figure")].map((card) => new FigureCard(/** @type {HTMLElement} */ (card)));
const renew = paced(renewParts, 1000);
/** The newest event of each run that the page shows. @type {Map<string, number>} */
const seen = new Map();
/** @type {EventSource | null} */
let source = null;

/** Listen while the page is looked at. */
function listen() {
  if (document.hidden || source) return;
  const stream = (source = new EventSource(`${place.dataset.address}/live`));
  stream.onmessage = (message) => {
    const hint = JSON.parse(message.data);
    const before = seen.get(hint.run);
    seen.set(hint.run, hint.seq);
    if (before === undefined || (hint.seq === before && !hint.touched.includes("measures"))) return;
    for (const card of cards) card.hint(hint.touched);
    renew();
  };
  stream.onerror = async () => {
    if (stream.readyState !== EventSource.CLOSED) return; // it tries again by itself
    if (source === stream) source = null;
    const answer = await fetch(place.dataset.address ?? "", { headers: { "X-Live": "unasked" } }).catch(() => null);
    if (answer?.status === 404) over.hidden = false;
    else setTimeout(listen, 3000);
  };
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    source?.close();
    source = null;
    return;
  }
  if (!over.hidden) return;
  for (const card of cards) card.outdate();
  renew();
  listen();
});
listen();
