/** The form of a new run: what it would cost and what is wrong with it, as the server says while it is filled in. */
import { at } from "../address.js";
import { draft } from "./draft.js";
import { apply, mark } from "./fields.js";
import { paced } from "../hints.js";
import { pickRuns } from "../masks/run_picker.js";
import { explain } from "../terms.js";

const form = /** @type {HTMLFormElement | null} */ (document.getElementById("spec-form"));
const place = document.getElementById("estimate");
// Long enough to finish a number, short enough to be an answer.
const PAUSE_MS = 250;

if (form && place) {
  const restored = draft(form);
  const ticket = /** @type {HTMLInputElement | null} */ (form.querySelector('input[name="ticket"]'));
  if (ticket) pickRuns(ticket, { label: "Ticket of a run, by name or id", tickets: true, only: false });
  apply(form);
  const check = paced(async () => {
    const body = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === "string") body.set(name, value);
    try {
      const answer = await fetch(at("/new/estimate"), { method: "POST", body, headers: { Accept: "text/html" } });
      if (!answer.ok) return;
      const html = new DOMParser().parseFromString(await answer.text(), "text/html");
      place.replaceChildren(...html.body.childNodes);
      explain(place);
      show();
    } catch {
      // The server is away: the last estimate stays, and submitting says so.
    }
  }, PAUSE_MS);

  const show = () => {
    /** @type {Map<string, string>} */
    const problems = new Map();
    for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (place.querySelectorAll(".problems a"))) {
      const id = link.hash.slice(1);
      const label = document.querySelector(`label[for="${id}"], #${CSS.escape(id)}-label`)?.textContent?.trim() ?? link.textContent ?? "";
      problems.set(id, `${label} ${link.nextSibling?.textContent?.trim() ?? ""}`);
    }
    mark(form, problems);
    const refused = document.getElementById("refused");
    for (const item of refused?.querySelectorAll("li") ?? []) {
      const link = item.querySelector("a");
      item.hidden = !!link && !problems.has(link.hash.slice(1));
    }
    if (refused) refused.hidden = !problems.size;
  };

  let timer = 0;
  form.addEventListener("input", () => {
    apply(form);
    clearTimeout(timer);
    timer = setTimeout(check, PAUSE_MS);
  });
  const wrong = /** @type {HTMLElement | null} */ (form.querySelector('[aria-invalid="true"]'));
  wrong?.focus();
  if (restored) check();
}
