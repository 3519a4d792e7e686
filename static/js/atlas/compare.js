/** The choice of a second ticket, of this run or of any other, and of which layers belong together. */
import { choosePairing } from "../masks/pairing.js";
import { renewParts } from "../parts.js";
import { pickRuns } from "../masks/run_picker.js";

/** A run's name where there is room for few words. @param {string} name */
export const short = (name) => (name.length <= 20 ? name : `${name.slice(0, 19)}…`);

/**
 * @param {HTMLFormElement} form
 * @param {{other: (address: string) => void, paired: (pairing: string) => void, words: (address: string) => Promise<string>}} listener
 */
export function chooseOther(form, { other, paired, words }) {
  const pairings = /** @type {HTMLElement} */ (document.getElementById("pairings"));
  const select = /** @type {HTMLSelectElement} */ (/** @type {unknown} */ (form.elements.namedItem("other")));
  const any = /** @type {HTMLInputElement} */ (form.querySelector("#other-address"));
  const picker = pickRuns(any, { label: "Compare with a ticket of any run, by name or id", tickets: true });
  any.addEventListener("change", async () => {
    const chosen = any.value;
    if (!chosen) return;
    any.value = "";
    picker.renew();
    if (![...select.options].some((option) => option.value === chosen)) select.add(new Option(await words(chosen), chosen));
    select.value = chosen;
    other(chosen);
    await renewParts();
    pairings.querySelector(".notice")?.scrollIntoView({ block: "nearest" });
  });
  choosePairing(pairings, paired);
}
