/** Pages that are tables: renewed when any run moves, at most once a second, and every `data-every` seconds. */
import { follow, paced } from "../hints.js";
import { renewParts } from "../parts.js";

const renew = paced(renewParts, 1000);
let greeted = false;
setTimeout(() => { greeted = true; }, 1000); // the first hints say what the page already shows
follow([], (hint) => { if (greeted || hint.touched.length) renew(); }, renew);
// For ages and loads, which move without any run.
const every = Number(document.querySelector("[data-every]")?.getAttribute("data-every") ?? 30);
setInterval(() => { if (!document.hidden) renew(); }, 1000 * every);
