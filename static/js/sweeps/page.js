/** The page of a sweep: renewed when one of its runs moves, its figures when one has ended. */
import { FigureCard } from "../figure.js";
import { follow, paced } from "../hints.js";
import { renewParts } from "../parts.js";

const cards = [...document.querySelectorAll(".figure")].map((card) => new FigureCard(/** @type {HTMLElement} */ (card)));
/** The newest event of each run of the sweep. @type {Map<string, number>} */
const seen = new Map();
const marker = () => /** @type {HTMLElement} */ (document.getElementById("following"));
const live = () => new Set((marker().dataset.runs ?? "").split(" ").filter(Boolean));
let runs = live();

const renew = paced(async () => {
  const before = marker().dataset.measured;
  await renewParts();
  runs = live();
  if (marker().dataset.measured !== before) for (const card of cards) card.outdate();
}, 1000);

// All runs are followed: those that the sweep starts later are not known yet.
follow(
  [],
  (hint) => {
    const before = seen.get(hint.run);
    seen.set(hint.run, hint.seq);
    if ((before === undefined || hint.seq === before) && !hint.touched.length) return;
    if (runs.has(hint.run) || (marker().dataset.open === "1" && before === undefined)) renew();
  },
  () => {
    for (const card of cards) card.outdate();
    renew();
  },
);
// A run is measured by a look of the server a few seconds after its last event.
setInterval(() => { if (!document.hidden && marker().dataset.open === "1") renew(); }, 5000);
