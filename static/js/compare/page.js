/** The page of several runs: its figures, drawn again when one of the runs has something new. */
import { FigureCard } from "../figure.js";
import { together } from "../film/together.js";
import { follow, paced } from "../hints.js";
import { choosePairing } from "../masks/pairing.js";
import { renewParts } from "../parts.js";

const cards = [...document.querySelectorAll(".figure")].map((card) => new FigureCard(/** @type {HTMLElement} */ (card)));
const runs = (/** @type {HTMLElement | null} */ (document.querySelector("[data-runs]"))?.dataset.runs ?? "").split(" ").filter(Boolean);
const renew = paced(renewParts, 1000);
const form = /** @type {HTMLFormElement | null} */ (document.getElementById("films"));
const films = form && together(form);
/** The newest event of each run that the page shows. @type {Map<string, number>} */
const seen = new Map();
if (runs.length) {
  follow(
    runs,
    (hint) => {
      const before = seen.get(hint.run);
      seen.set(hint.run, hint.seq);
      // Measures come some time after the event that calls for them.
      if (before === undefined || (hint.seq === before && !hint.touched.includes("measures"))) return;
      for (const card of cards) card.hint(hint.touched);
      if (films?.runs.includes(hint.run)) films.renew();
      renew();
    },
    () => {
      for (const card of cards) card.outdate();
      films?.renew();
      renew();
    },
  );
}
const pairings = document.getElementById("pairings");
if (pairings)
  choosePairing(pairings, (pairing) => {
    const address = new URL(location.href);
    for (const name of ["pair", "pair_of"]) address.searchParams.delete(name);
    address.searchParams.set("pairing", pairing);
    location.assign(address);
  });
