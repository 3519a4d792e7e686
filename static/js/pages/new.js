/** The form of a new run: tells what it would cost while it is filled in, and leads to the first mistake. */
import { at } from "../address.js";
import { paced } from "../hints.js";

const form = /** @type {HTMLFormElement | null} */ (document.getElementById("spec-form"));
const place = document.getElementById("estimate");

if (form && place) {
  const estimate = paced(async () => {
    const body = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === "string" && name !== "notes") body.set(name, value);
    try {
      const answer = await fetch(at("/new/estimate"), { method: "POST", body, headers: { Accept: "text/html" } });
      if (!answer.ok) return;
      const html = new DOMParser().parseFromString(await answer.text(), "text/html");
      place.replaceChildren(...html.body.childNodes);
    } catch {
      // The server is away: the last estimate stays, and submitting says so.
    }
  }, 250);
  form.addEventListener("input", estimate);
  const wrong = /** @type {HTMLElement | null} */ (form.querySelector('[aria-invalid="true"]'));
  wrong?.focus();
}
